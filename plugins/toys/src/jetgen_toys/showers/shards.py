"""The cache of showers: a stream is a sequence of shards, each of a few blocks of the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jetgen.data.clouds import Clouds
from jetgen.io.shards import ShardFile, definition_digest
from jetgen.system import cache_folder
from numpy.typing import ArrayLike, NDArray

from jetgen_toys.showers.recipe import BLOCK, GRID, definition
from jetgen_toys.showers.simulator import Simulator, stream

__all__ = ["SHARD", "Shard", "home", "shards"]

SHARD = 500
"""Showers in a shard: about 5 MB, and half a second of CPU time."""


@dataclass(frozen=True)
class Shard(ShardFile):
    """One shard of :data:`SHARD` showers: the energy and the flat index of the voxel of each hit.

    Arguments:
        home: the folder of all streams.
        split: the stream.
        index: the position of the shard in the stream, from 0.
    """

    home: Path
    split: str
    index: int

    @property
    def size(self) -> int:
        """The number of showers in the file."""
        return SHARD

    def columns(self, clouds: Clouds) -> Mapping[str, ArrayLike]:
        """The energy, and the flat index of the voxel in the order of the CaloChallenge: the ring varies fastest."""
        energy, z, alpha, r = clouds.points.T
        return {"energy": energy, "cell": ((z * GRID.sectors + alpha) * GRID.rings + r).astype(np.uint16)}

    def points(self, stored: Mapping[str, Any]) -> NDArray[np.float32]:
        """float32 (total, 4): energy, layer, sector and ring of each hit."""
        indices = np.unravel_index(stored["cell"][:], (GRID.layers, GRID.sectors, GRID.rings))
        return np.stack([stored["energy"][:], *indices], axis=1, dtype=np.float32, casting="unsafe")

    def simulated(self) -> Clouds:
        """The showers of this shard, simulated now."""
        blocks = SHARD // BLOCK
        return stream(Simulator(), self.index * blocks, blocks, self.split)


def home() -> Path:
    """The folder of all streams; another definition of the showers has another folder."""
    return cache_folder() / "toy-showers" / definition_digest(definition(), SHARD)


def shards(folder: Path, split: str, n: int) -> list[Shard]:
    """The shards that hold the first ``n`` showers of one stream."""
    return [Shard(folder, split, index) for index in range(-(-n // SHARD))]
