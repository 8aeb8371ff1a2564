"""HDF5 files that grow block by block, with checksums, on a disk that may be full."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

__all__ = ["CHUNK_ROWS", "append", "growing", "hdf5_file"]

CHUNK_ROWS = 16384
"""Rows in a block of an array, which has a checksum of its own."""

_FORMAT = ("v110", "v110")  # the oldest whose descriptions of arrays have checksums


class _Sink(io.FileIO):
    """A file that keeps its first error and ignores later writes.

    A process crashes at exit if HDF5 failed to flush a file. So HDF5 sees no error, and the error is raised after
    HDF5 has closed the file.
    """

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        done = 0
        try:
            while self.error is None and done < len(view):
                done += super().write(view[done:]) or 0
        except OSError as error:
            self.error = error
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size) if self.error is None else size or 0
        except OSError as error:
            self.error = error
            return size or 0


@contextmanager
def hdf5_file(path: Path) -> Iterator[h5py.File]:
    """A new file that is open for writing, whose descriptions of arrays have checksums.

    Raises:
        OSError: if it cannot be written; the first error, when the ``with`` block ends.
    """
    with _Sink(path, "w+") as sink:
        try:
            with h5py.File(sink, "w", libver=_FORMAT) as file:
                yield file
        finally:
            if sink.error is not None:
                raise sink.error


def growing(group: h5py.Group, name: str, columns: int, rows: int = 0) -> h5py.Dataset:
    """An array that grows with every block; without columns HDF5 allows no chunks, so it has all ``rows`` at once."""
    if columns == 0:
        return group.create_dataset(name, (rows, 0), "f4")
    chunks = (CHUNK_ROWS, columns)
    return group.create_dataset(name, (0, columns), "f4", maxshape=(None, columns), chunks=chunks, fletcher32=True)


def append(dataset: h5py.Dataset, rows: Any) -> None:
    """Append rows (n, columns) to an array of :func:`growing`."""
    if dataset.shape[1] and len(rows):
        dataset.resize(len(dataset) + len(rows), axis=0)
        dataset[-len(rows) :] = rows
