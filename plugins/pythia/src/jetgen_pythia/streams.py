"""What the datasets of one process share: three streams of clouds, prepared in shards, and new clouds on demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self, get_args

from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.clouds import Clouds
from jetgen.errors import JetgenError, UsageError, did_you_mean
from jetgen.io.shards import ShardedSource

from jetgen_pythia.pool import prepare_shards
from jetgen_pythia.processes import definition, shard_size, simulator
from jetgen_pythia.shards import Shard, home, shards

__all__ = ["Streams", "require_known"]


class Streams:
    """The train, val and test streams of one process; a subclass is made of a size and options, adds its spec
    and may cut the clouds down.

    Arguments:
        process: a name that :mod:`jetgen_pythia.processes` knows.
        counts: how many train, val and test clouds are taken from the streams.
    """

    unit: ClassVar[str]
    """What the clouds are called in reports."""

    def __init__(self, process: str, counts: Sequence[int]) -> None:
        self._process = process
        self._counts = dict(zip(get_args(Split), counts, strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size; nothing is read or simulated yet."""
        return cls(size, **options)

    def recipe(self) -> Mapping[str, Any]:
        """What determines the clouds: the definition of the streams, and how many clouds are taken from them.

        Raises:
            JetgenError: if Pythia or FastJet is not installed.
        """
        return {**definition(self._process), "shard": shard_size(self._process), **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Simulate the shards that are missing or damaged, in ``ctx.threads`` processes; the others stay.

        Raises:
            JetgenError: if a process fails, or the cache cannot be written.
        """
        prepare_shards(self.shards(), ctx, self.unit)

    def shards(self) -> list[Shard]:
        """The shards of all splits, whether they exist or not."""
        return [shard for split in self._counts for shard in self._shards(split)]

    def load(self, split: Split) -> ShardedSource:
        """The clouds of one split.

        Raises:
            UsageError: if there is no such split.
            DataError: if they were not prepared.
        """
        if split not in self._counts:
            msg = f"the Pythia datasets have no split {split!r}; use {_either(self._counts)}"
            raise UsageError(msg)
        return self.source(self._shards(split), self._counts[split])

    def source(self, parts: Sequence[Shard], n: int) -> ShardedSource:
        """The first ``n`` clouds of the shards of a stream.

        Raises:
            DataError: if the file of a shard does not exist.
        """
        return ShardedSource(parts, n)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new clouds, simulated now on one thread. The first call in a process also initialises Pythia (1.5 s).

        Raises:
            JetgenError: if Pythia or FastJet cannot be imported.
        """
        try:
            return simulator(self._process).clouds(n, "simulate", seed)
        except ImportError as error:
            msg = f"{self.unit} cannot be simulated ({error}); run: pip install --force-reinstall jetgen-pythia"
            raise JetgenError(msg) from error

    def _shards(self, split: str) -> list[Shard]:
        return shards(home(self._process), self._process, split, self._counts[split])


def require_known(what: str, name: str, known: Iterable[str]) -> None:
    """Accept a name that is known.

    Raises:
        UsageError: if it is not, with the one that it resembles.
    """
    known = list(known)
    if name not in known:
        msg = f"the Pythia datasets have no {what} {name!r}{did_you_mean(name, known)}; use {_either(known)}"
        raise UsageError(msg)


def _either(names: Iterable[str]) -> str:
    return ", ".join(names)
