"""The cache: every stream of showers is a row of files, each a few blocks of the simulator with a fingerprint."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from jetgen.atomic import atomic_path
from jetgen.cache import cache_folder
from jetgen.clouds import Clouds
from jetgen.datasets.toy_showers.recipe import BLOCK, GRID, definition
from jetgen.datasets.toy_showers.simulator import Simulator, stream
from jetgen.errors import DataError

__all__ = ["SHARD", "Shard", "home", "shards"]

SHARD = 500
"""Showers in a file: some five megabytes, and half a second of work."""

_UNREADABLE = (OSError, KeyError, RuntimeError, TypeError, ValueError, OverflowError, MemoryError)
"""What h5py and NumPy raise on a file that is not whole."""


@dataclass(frozen=True)
class Shard:
    """One file of :data:`SHARD` showers: the energy and the number of the cell of each hit.

    Arguments:
        home: the folder of all streams.
    """

    home: Path
    split: str
    index: int

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return self.home / self.split / f"{self.index:05d}.h5"

    @property
    def name(self) -> str:
        """What is written inside, so that a file that was moved is not taken for another."""
        return f"{self.split}/{self.index}"

    def make(self) -> None:
        """Simulate the showers and put them into the file, whole or not at all."""
        blocks = SHARD // BLOCK
        clouds = stream(Simulator(), self.index * blocks, blocks, self.split)
        image = io.BytesIO()  # HDF5 crashes at exit after it met a full disk, so it does not meet the disk
        with h5py.File(image, "w", libver="latest") as file:
            file["energy"] = clouds.points[:, 0]
            file["cell"] = _numbers(clouds)
            file["offsets"] = clouds.offsets
            file["context"] = clouds.context
            file.attrs["name"] = self.name
            file.attrs["fingerprint"] = clouds.fingerprint()
        with atomic_path(self.path) as aside:
            aside.write_bytes(image.getbuffer())

    def read(self) -> Clouds:
        """The showers; a :class:`DataError` if the file is missing or is not what was written."""
        if not self.path.exists():
            msg = f"{self.path} is missing; make it again with jetbench prepare"
            raise DataError(msg)
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                points = _points(file["energy"][:], file["cell"][:])
                clouds = Clouds(points, file["offsets"][:], file["context"][:])
                stamp = (file.attrs["name"], file.attrs["fingerprint"])
        except _UNREADABLE as error:
            msg = f"{self.path} is damaged ({type(error).__name__}); make it again with jetbench prepare"
            raise DataError(msg) from error
        if stamp != (self.name, clouds.fingerprint()) or len(clouds) != SHARD:
            msg = f"{self.path} is damaged (its fingerprint is another); make it again with jetbench prepare"
            raise DataError(msg)
        return clouds

    def intact(self) -> bool:
        """Whether the file is there and holds what was written."""
        try:
            self.read()
        except DataError:
            return False
        return True


def home() -> Path:
    """The folder of the streams; another definition of the showers has another folder."""
    document = json.dumps({**definition(), "shard": SHARD}, sort_keys=True)
    return cache_folder() / "toy-showers" / hashlib.sha256(document.encode()).hexdigest()[:12]


def shards(folder: Path, split: str, n: int) -> list[Shard]:
    """The files that hold the first ``n`` showers of one stream."""
    return [Shard(folder, split, index) for index in range(-(-n // SHARD))]


def _numbers(clouds: Clouds) -> NDArray[np.uint16]:
    """The flat numbers of the cells that were hit, as the CaloChallenge counts them: the ring runs fastest."""
    _, z, alpha, r = clouds.points.T
    return np.asarray((z * GRID.sectors + alpha) * GRID.rings + r, np.uint16)


def _points(energy: NDArray[np.float32], cell: NDArray[np.uint16]) -> NDArray[np.float32]:
    indices = np.unravel_index(cell, (GRID.layers, GRID.sectors, GRID.rings))
    return np.stack([energy, *indices], axis=1, dtype=np.float32, casting="unsafe")
