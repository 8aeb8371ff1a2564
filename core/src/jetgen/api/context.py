"""The surroundings of a stage of a run: seeds, device, threads, deadline, output folder, and reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np

from jetgen.data.streams import entropy
from jetgen.errors import UsageError

__all__ = ["Axis", "RunContext"]

Axis = Literal["data", "init", "training", "sampling", "metric"]


def _silent(message: Mapping[str, Any]) -> None:
    """The default listener ignores messages."""


@dataclass(frozen=True)
class RunContext:
    """The surroundings of one stage. Code that takes one neither reads nor changes global random state.

    Arguments:
        seed: the seed of the cell; 0 or more.
        device: the torch device, such as ``"cpu"`` or ``"cuda:0"``.
        threads: the number of CPU threads that the stage may use.
        out: a folder for checkpoints, which a stage finds again after a kill; None if nothing is kept.
        deadline: the time at which a training stops, in seconds since the epoch; None for no limit.
        upstream: the folders of the models that this cell needs, by role (:meth:`jetgen.Settings.needs`).
        listener: the function that :meth:`report` calls.
        key: further axes of the seeds, such as the index of the draw; see :meth:`at`.

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
        """The independent stream of seeds of one axis.

        Raises:
            UsageError: if there is no such axis, or the seed is negative.
        """
        if axis not in get_args(Axis):
            msg = f"there is no seed axis {axis!r}; the axes are {', '.join(get_args(Axis))}"
            raise UsageError(msg)
        if self.seed < 0:
            msg = f"the seed is {self.seed}; use 0 or a positive number"
            raise UsageError(msg)
        return np.random.SeedSequence([self.seed, *entropy(axis, *self.key)])

    def rng(self, axis: Axis) -> np.random.Generator:
        """A new NumPy generator on the stream of ``axis``; each call starts the same sequence.

        Raises:
            UsageError: if there is no such axis, or the seed is negative.
        """
        return np.random.default_rng(self.seeds(axis))

    def torch_seed(self, axis: Axis) -> int:
        """A seed in [0, 2**63) for ``torch.Generator.manual_seed``, from the stream of ``axis``.

        To initialise modules, seed torch inside ``torch.random.fork_rng(devices=[])``, which restores its global state.

        Raises:
            UsageError: if there is no such axis, or the seed is negative.
        """
        return int(self.seeds(axis).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def at(self, name: str, value: int | str) -> Self:
        """The same surroundings with one more axis for all seeds, such as ``at("draw", 1)``."""
        return replace(self, key=(*self.key, f"{name}={value}"))

    def report(self, kind: str, **facts: Any) -> None:
        """Send a message to the listener, for example ``report("progress", done=10, total=100, loss=0.5)``."""
        self.listener({"kind": kind, "time": time.time(), **facts})

    def remaining(self) -> float:
        """Seconds until the deadline; negative after it, infinite without one."""
        return float("inf") if self.deadline is None else self.deadline - time.time()
