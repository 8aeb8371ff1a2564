"""A cache of clouds in shards: files of equal size, each with its name and its fingerprint inside.

A shard is the most that damage or a kill can cost.
"""

from __future__ import annotations

import hashlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import h5py
from numpy.typing import ArrayLike, NDArray

from jetgen.api.context import RunContext
from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.errors import DataError
from jetgen.io.atomic import atomic_path, write_json
from jetgen.io.hdf5_arrays import HDF5Arrays
from jetgen.io.reading import reading, require_file

__all__ = ["ShardFile", "ShardedSource", "definition_digest", "write_definition", "write_missing"]

_REMEDY = "make it again with jetbench prepare"


class ShardFile(ABC):
    """One shard of a stream of clouds; a subclass has its size, and may choose its name and how points are stored."""

    home: Path
    """The folder of all streams of one definition."""
    split: str
    index: int

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return self.home / self.split / f"{self.index:05d}.h5"

    @property
    def name(self) -> str:
        """What is written inside the file, so that a file that was moved is not taken for another."""
        return f"{self.split}/{self.index}"

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of clouds in the file."""

    def columns(self, clouds: Clouds) -> Mapping[str, ArrayLike]:
        """The arrays in which the points are stored, by name."""
        return {"points": clouds.points}

    def points(self, stored: Mapping[str, Any]) -> NDArray[Any]:
        """The points (total, F) from the stored :meth:`columns`."""
        points: NDArray[Any] = stored["points"][:]
        return points

    def write(self, clouds: Clouds) -> None:
        """Write the clouds to the file, whole or not at all.

        Raises:
            JetgenError: if the folder cannot be written or is full.
        """
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
        """The clouds.

        Raises:
            DataError: if the file is missing, damaged or another shard.
        """
        if not self.path.exists():
            msg = f"{self.path} is missing; {_REMEDY}"
            raise DataError(msg)
        size = require_file(self.path)
        with reading(self.path, "shard", _REMEDY), h5py.File(self.path, "r", locking=False) as file:
            arrays = HDF5Arrays(file, size)
            clouds = Clouds(self.points(arrays), arrays["offsets"][:], arrays["context"][:])
            if (arrays.attrs["name"], arrays.attrs["fingerprint"]) != (self.name, clouds.fingerprint()):
                msg = f"it is damaged (its fingerprint is another); {_REMEDY}"
                raise DataError(msg)
            if len(clouds) != self.size:
                msg = f"it holds {len(clouds)} clouds, not {self.size}; {_REMEDY}"
                raise DataError(msg)
        return clouds

    def intact(self) -> bool:
        """Whether the file exists and holds what was written."""
        try:
            self.read()
        except DataError:
            return False
        return True


Shard = TypeVar("Shard", bound=ShardFile)


class ShardedSource(SlicedSource):
    """The first ``n`` clouds of the shards of one stream. Only the shards that a slice covers are in memory.

    Every shard that is read is checked; one that is damaged is a :class:`jetgen.errors.DataError`.

    Raises:
        DataError: if the file of a shard does not exist.
    """

    def __init__(self, shards: Sequence[ShardFile], n: int) -> None:
        absent = sum(not shard.path.exists() for shard in shards)
        if absent:
            where = shards[0].path.parent
            msg = f"{absent} of {len(shards)} files of {where} are missing; make them with jetbench prepare"
            raise DataError(msg)
        self._shards, self._n = shards, n
        self._last: tuple[int, Clouds] | None = None

    def __len__(self) -> int:
        return self._n

    def read(self, start: int, stop: int) -> Clouds:
        """The clouds from ``start`` to ``stop``, of all shards that they lie in."""
        size = self._shards[0].size
        parts = []
        for index in range(start // size, max(start, stop - 1) // size + 1):
            first = index * size
            parts.append(self._remembered(index)[max(start - first, 0) : stop - first])
        return Clouds.concatenate(parts) if len(parts) > 1 else parts[0]

    def read_shard(self, index: int) -> Clouds:
        """All clouds of one shard; a subclass may cut them down."""
        return self._shards[index].read()

    def _remembered(self, index: int) -> Clouds:
        """One shard. The last one stays in memory, so that many small slices in a row read it once."""
        if self._last is None or self._last[0] != index:
            self._last = (index, self.read_shard(index))
        return self._last[1]


def write_missing(shards: Sequence[Shard], made: Callable[[Shard], Clouds], ctx: RunContext, unit: str) -> None:
    """Make and write the shards that are missing or damaged; the others stay.

    Arguments:
        shards: one or more, of equal size.
        made: the clouds of a shard.
        ctx: told of the progress.
        unit: what the clouds are called there.

    Raises:
        JetgenError: if a folder cannot be written or is full.
    """
    size = shards[0].size
    for done, shard in enumerate(shards, 1):
        if not shard.intact():
            shard.write(made(shard))
        ctx.report("progress", done=done * size, total=len(shards) * size, unit=unit)


def write_definition(folder: Path, definition: Mapping[str, Any], size: int) -> None:
    """Write beside the shards of a folder what determines them, unless it is written already."""
    path = folder / "definition.json"
    if not path.exists():
        write_json(path, {**definition, "shard": size})


def definition_digest(definition: Mapping[str, Any], size: int) -> str:
    """Twelve hexadecimal digits for the name of a folder of shards: one per definition and size of a shard."""
    document = json.dumps({**definition, "shard": size}, sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()[:12]
