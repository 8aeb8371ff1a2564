"""The dataset class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, get_args

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError, UsageError, did_you_mean
from jetgen.io.atomic import write_json

from jetgen_toys.showers.recipe import BLOCK, GRID, NATURE, definition, entropy
from jetgen_toys.showers.shards import SHARD, Shard, home, shards
from jetgen_toys.showers.simulator import Simulator
from jetgen_toys.showers.specs import SIZES

__all__ = ["ShowerSource", "ToyShowers", "shower_spec"]


class ToyShowers:
    """Showers of electrons with their incident energy as conditioning; parametric, not Geant4.

    Arguments:
        size: a name in :data:`jetgen_toys.showers.specs.SIZES`.

    >>> ToyShowers.create("tiny").spec.names, ToyShowers.create("tiny").spec.conditioning_names
    (('energy', 'z', 'alpha', 'r'), ('e_inc',))
    """

    def __init__(self, size: str = "small") -> None:
        if size not in SIZES:
            msg = f"toy-showers has no size {size!r}{did_you_mean(size, SIZES)}; use {_either(SIZES)}"
            raise UsageError(msg)
        self._counts = dict(zip(get_args(Split), SIZES[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """A dataset of one of the sizes; nothing is read or made yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """The energy and the cell of each hit, the incident energy, and the cells themselves."""
        return shower_spec()

    def recipe(self) -> Mapping[str, Any]:
        """What determines the showers: the definition of the streams, and how much of each is taken."""
        return {**definition(), "shard": SHARD, **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Make the files that are missing or damaged; those that are there stay.

        Two processes at once make the same files, and each takes its place whole.
        """
        wanted = self.shards()
        folder = wanted[0].home
        if not (folder / "definition.json").exists():
            write_json(folder / "definition.json", {**definition(), "shard": SHARD})
        for done, shard in enumerate(wanted, 1):
            if not shard.intact():
                shard.make()
            ctx.report("progress", done=done * SHARD, total=len(wanted) * SHARD, unit="showers")

    def shards(self) -> list[Shard]:
        """The files that hold the showers of all splits, whether they are there or not."""
        return [shard for split, n in self._counts.items() for shard in shards(home(), split, n)]

    def load(self, split: Split) -> ShowerSource:
        """The showers of one split; a :class:`DataError` if they were not prepared."""
        if split not in self._counts:
            msg = f"toy-showers has no split {split!r}; use {_either(self._counts)}"
            raise UsageError(msg)
        parts = shards(home(), split, self._counts[split])
        absent = [shard for shard in parts if not shard.path.exists()]
        if absent:
            where = parts[0].path.parent
            msg = f"{len(absent)} of {len(parts)} files of {where} are missing; make them with jetbench prepare"
            raise DataError(msg)
        return ShowerSource(parts, self._counts[split])

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` fresh showers, here, on one thread."""
        simulator, rng = Simulator(), np.random.default_rng(entropy("simulate", seed))
        sizes = [min(BLOCK, n - start) for start in range(0, max(1, n), BLOCK)]
        return Clouds.concatenate([simulator.showers(simulator.energies(size, rng), rng) for size in sizes])


class ShowerSource:
    """The first ``n`` showers of a stream; only the slice asked for is in memory.

    Every file that is read is checked; one that is damaged is a :class:`jetgen.errors.DataError`.
    """

    def __init__(self, parts: Sequence[Shard], n: int) -> None:
        self._shards, self._n = parts, n
        self._last: tuple[int, Clouds] | None = None

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, key: slice) -> Clouds:
        rows = range(*key.indices(self._n))
        if not rows:
            return Clouds(np.empty((0, 4)), [0], np.empty((0, 1)))
        first, last = min(rows), max(rows)
        parts = []
        for index in range(first // SHARD, last // SHARD + 1):
            start = index * SHARD
            parts.append(self._shard(index)[max(first - start, 0) : last + 1 - start])
        clouds = Clouds.concatenate(parts) if len(parts) > 1 else parts[0]
        return clouds if rows.step == 1 else clouds[np.asarray(rows) - first]

    def _shard(self, index: int) -> Clouds:
        """One file. The last one is remembered: small slices in a row read it once."""
        if self._last is None or self._last[0] != index:
            self._last = (index, self._shards[index].read())
        return self._last[1]


def shower_spec() -> CloudSpec:
    """What the showers mean."""
    return CloudSpec(
        kind="showers",
        features=(
            Feature("energy", "MeV", "positive"),
            Feature("z", bins=GRID.layers),
            Feature("alpha", nature="periodic", bins=GRID.sectors),
            Feature("r", bins=GRID.rings),
        ),
        max_points=GRID.cells,
        conditioning=(Feature("e_inc", "MeV", "positive"),),
        geometry={
            "nature": NATURE,
            "layer_mm": GRID.depth,
            "ring_mm": GRID.width,
            "threshold_mev": GRID.threshold,
        },
    )


def _either(names: Iterable[str]) -> str:
    return ", ".join(names)
