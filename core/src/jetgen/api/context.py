"""What a stage of a run is given beside its data: seeds, device, deadline, output folder, a place to report to."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np

from jetgen.errors import UsageError

__all__ = ["Axis", "RunContext"]

Axis = Literal["data", "init", "training", "sampling", "metric"]


def _silent(event: Mapping[str, Any]) -> None:
    """Reports go nowhere until somebody listens."""


@dataclass(frozen=True)
class RunContext:
    """The surroundings of one stage. Nothing that is handed one reads or changes global random state.

    Arguments:
        seed: the seed of the cell.
        device: where torch models live, such as ``cpu`` or ``cuda:0``.
        threads: how many processor threads the stage may use.
        out: a folder that the stage may write to and finds again after a kill; None where nothing is kept.
        deadline: seconds since the epoch after which a training stops of itself; None for never.
        upstream: the model folders of the cells that this one needs, by role.
        listener: where :meth:`report` goes.
        key: further axes of the seeds, such as the number of the draw.

    >>> context = RunContext(seed=1)
    >>> context.rng("sampling").random() == context.rng("sampling").random()
    True
    >>> context.rng("sampling").random() == context.at("draw", 1).rng("sampling").random()
    False
    """

    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    out: Path | None = None
    deadline: float | None = None
    upstream: Mapping[str, Path] = field(default_factory=dict)
    listener: Callable[[Mapping[str, Any]], None] = _silent
    key: tuple[str, ...] = ()

    def seeds(self, axis: Axis) -> np.random.SeedSequence:
        """The independent stream of seeds of one named axis."""
        if axis not in get_args(Axis):
            msg = f"there is no seed axis {axis!r}; the axes are {', '.join(get_args(Axis))}"
            raise UsageError(msg)
        if self.seed < 0:
            msg = f"the seed is {self.seed}; use 0 or a positive number"
            raise UsageError(msg)
        name = "/".join((axis, *self.key))
        words = np.frombuffer(hashlib.sha256(name.encode()).digest(), np.uint32)
        return np.random.SeedSequence([self.seed, *words.tolist()])

    def rng(self, axis: Axis) -> np.random.Generator:
        """A NumPy generator on the stream of ``axis``, the same at every call."""
        return np.random.default_rng(self.seeds(axis))

    def torch_seed(self, axis: Axis) -> int:
        """A seed below 2**63 for ``torch.Generator.manual_seed``, from the stream of ``axis``."""
        return int(self.seeds(axis).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def at(self, name: str, value: int | str) -> Self:
        """The same surroundings with one more axis under every seed."""
        return replace(self, key=(*self.key, f"{name}={value}"))

    def report(self, kind: str, **facts: Any) -> None:
        """Tell whoever listens, for example ``report("progress", done=10, total=100, loss=0.5)``."""
        self.listener({"kind": kind, "time": time.time(), **facts})

    def remaining(self) -> float:
        """Seconds until the deadline; infinite without one."""
        return float("inf") if self.deadline is None else self.deadline - time.time()
