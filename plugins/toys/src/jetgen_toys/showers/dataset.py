"""The dataset class of the toy showers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self, get_args

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.clouds import Clouds
from jetgen.data.showers import shower_spec as spec_of_hits
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError, did_you_mean
from jetgen.io.shards import ShardedSource, write_definition, write_missing

from jetgen_toys.showers.recipe import BLOCK, GRID, NATURE, definition, entropy
from jetgen_toys.showers.shards import SHARD, Shard, home, shards
from jetgen_toys.showers.simulator import Simulator
from jetgen_toys.showers.specs import SIZES

__all__ = ["ToyShowers", "shower_spec"]


class ToyShowers:
    """Showers of electrons with the incident energy as conditioning; parametric, not Geant4.

    Arguments:
        size: a name in :data:`jetgen_toys.showers.specs.SIZES`.

    Raises:
        UsageError: if there is no such size.

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
        """The dataset of one size; nothing is read or simulated yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """The spec of the showers; see :func:`shower_spec`."""
        return shower_spec()

    def recipe(self) -> Mapping[str, Any]:
        """What determines the showers: the definition of the streams, and the numbers of showers taken from them."""
        return {**definition(), "shard": SHARD, **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Simulate the shards that are missing or damaged; the others stay.

        Two processes may do so at once: they write the same files, each of them whole.

        Raises:
            JetgenError: if the cache cannot be written.
        """
        wanted = self.shards()
        write_definition(wanted[0].home, definition(), SHARD)
        write_missing(wanted, Shard.simulated, ctx, "showers")

    def shards(self) -> list[Shard]:
        """The shards of all splits, whether they exist or not."""
        return [shard for split, n in self._counts.items() for shard in shards(home(), split, n)]

    def load(self, split: Split) -> ShardedSource:
        """The showers of one split.

        Raises:
            UsageError: if there is no such split.
            DataError: if they were not prepared.
        """
        if split not in self._counts:
            msg = f"toy-showers has no split {split!r}; use {_either(self._counts)}"
            raise UsageError(msg)
        n = self._counts[split]
        return ShardedSource(shards(home(), split, n), n)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new showers, simulated now on one thread."""
        simulator, rng = Simulator(), np.random.default_rng(entropy("simulate", seed))
        sizes = [min(BLOCK, n - start) for start in range(0, max(1, n), BLOCK)]
        return Clouds.concatenate([simulator.showers(simulator.energies(size, rng), rng) for size in sizes])


def shower_spec() -> CloudSpec:
    """The spec of the showers: hits in the voxels of dataset 2 of the CaloChallenge."""
    geometry = {
        "nature": NATURE,
        "layer_mm": GRID.depth,
        "ring_mm": GRID.width,
        "threshold_mev": GRID.threshold,
    }
    return spec_of_hits((GRID.layers, GRID.sectors, GRID.rings), GRID.voxels, geometry)


def _either(names: Iterable[str]) -> str:
    return ", ".join(names)
