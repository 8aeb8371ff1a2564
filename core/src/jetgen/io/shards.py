"""Cached clouds in files of equal size, each with a name and a fingerprint inside: what damage or a kill can cost."""

from __future__ import annotations

import hashlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import ArrayLike, NDArray

from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.io.atomic import atomic_path

__all__ = ["ShardFile", "definition_digest"]

_UNREADABLE = (OSError, KeyError, RuntimeError, TypeError, ValueError, OverflowError, MemoryError)
"""What h5py and NumPy raise on a file that is not whole."""


class ShardFile(ABC):
    """One file of a stream of clouds; a subclass says whose, and may say how points are stored."""

    home: Path
    """The folder of all streams."""
    split: str
    index: int

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return self.home / self.split / f"{self.index:05d}.h5"

    @property
    @abstractmethod
    def name(self) -> str:
        """What is written inside, so that a file that was moved is not taken for another."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of clouds in it."""

    def columns(self, clouds: Clouds) -> Mapping[str, ArrayLike]:
        """The points as they are stored."""
        return {"points": clouds.points}

    def points(self, stored: h5py.File) -> NDArray[Any]:
        """The points again."""
        points: NDArray[Any] = stored["points"][:]
        return points

    def write(self, clouds: Clouds) -> None:
        """Put the clouds into the file, whole or not at all."""
        image = io.BytesIO()  # HDF5 crashes at exit after it met a full disk, so it does not meet the disk
        with h5py.File(image, "w", libver="latest") as file:
            for name, values in {
                **self.columns(clouds),
                "offsets": clouds.offsets,
                "context": clouds.conditioning,
            }.items():
                file[name] = values
            file.attrs["name"] = self.name
            file.attrs["fingerprint"] = clouds.fingerprint()
        with atomic_path(self.path) as aside:
            aside.write_bytes(image.getbuffer())

    def read(self) -> Clouds:
        """The clouds; a :class:`DataError` if the file is missing or is not what was written."""
        if not self.path.exists():
            msg = f"{self.path} is missing; make it again with jetbench prepare"
            raise DataError(msg)
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                clouds = Clouds(self.points(file), file["offsets"][:], file["context"][:])
                stamp = (file.attrs["name"], file.attrs["fingerprint"])
        except _UNREADABLE as error:
            msg = f"{self.path} is damaged ({type(error).__name__}); make it again with jetbench prepare"
            raise DataError(msg) from error
        if stamp != (self.name, clouds.fingerprint()) or len(clouds) != self.size:
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


def definition_digest(definition: Mapping[str, Any], size: int) -> str:
    """What names the folder of streams: other clouds, or files of another size, have another."""
    document = json.dumps({**definition, "shard": size}, sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()[:12]
