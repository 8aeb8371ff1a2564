"""A file of the user as a dataset: one size, a fixed split, read by slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.checks import check_truth
from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError
from jetgen.io.cloud_file import CloudFile, open_clouds
from jetgen.io.content import content_digest

__all__ = ["SIZE", "FileDataset", "FileSplit"]

SIZE = "all"
"""The one size of a file."""

_SEED = 42
_FRACTIONS = (0.70, 0.15)  # of train and val; test is the rest
_BLOCK_POINTS = 2**18  # points in memory at a time: a few megabytes


class FileDataset:
    """The clouds of one file, split 70/15/15 by a fixed permutation of the rows, as JetNet splits its files.

    Where clouds answer conditioning clouds the events are split, not the rows: all answers to one are in one split.

    Each process opens the file when it first needs it. The points of an HDF5 file are never in memory as a whole, only
    the row numbers of the splits and, of a ragged file, the offsets; of Parquet one row group is. An npz archive and a
    CSV file are read whole.

    Arguments:
        path: HDF5, npz, CSV or Parquet in any layout of :mod:`jetgen.io`.
        features: the features to read, in this order; required for a file that does not name its columns.
    """

    def __init__(self, path: Path | str, features: Sequence[str] | None = None) -> None:
        self._path = Path(path)
        self._features = None if features is None else tuple(features)

    @classmethod
    def create(cls, size: str, *, path: str, features: Sequence[str] | None = None) -> Self:
        """The dataset of the file at ``path``; nothing is read yet.

        Raises:
            UsageError: if ``size`` is not :data:`SIZE`.
        """
        if size != SIZE:
            msg = f"the file {path} has no size {size!r}; its only size is {SIZE}"
            raise UsageError(msg)
        return cls(path, features)

    def __reduce__(self) -> tuple[type[Self], tuple[Path, tuple[str, ...] | None]]:
        # An open file cannot be sent to another process, its path can.
        return type(self), (self._path, self._features)

    @cached_property
    def _file(self) -> CloudFile:
        return open_clouds(self._path, self._features)

    @property
    def spec(self) -> CloudSpec:
        """The spec of the clouds.

        Raises:
            DataError: if the file cannot be read.
        """
        return self._file.spec

    @property
    def counts(self) -> tuple[int, int, int]:
        """The numbers of clouds of train, val and test.

        Raises:
            DataError: if the file cannot be read, or a split would be empty.
        """
        train, val, test = (len(self._rows[split]) for split in get_args(Split))
        if not (train and val and test):
            what = "clouds" if self._events is None else "events with clouds"
            number = len(self._file) if self._events is None else len(np.unique(self._events))
            msg = f"{self._path}: {number} {what} are too few to split 70/15/15; 4 or more are needed"
            raise DataError(msg)
        return train, val, test

    def recipe(self) -> Mapping[str, Any]:
        """What determines the clouds: the SHA-256 of the file, the features that are read, and the split.

        Raises:
            DataError: if the file cannot be read.
        """
        return {
            "file": self._path.name,
            "sha256": content_digest(self._path),
            "features": list(self.spec.names),
            "split": f"70/15/15 by a NumPy default_rng({_SEED}) permutation"
            + ("" if self._events is None else " of events"),
        }

    def prepare(self, ctx: RunContext) -> None:
        """Read the whole file once, so that a value that is bad or not what the spec says is found before a training.

        Raises:
            DataError: if a value is bad; the message has its row.
        """
        total = len(self._file)
        for start in range(0, total, self._block):
            done = min(start + self._block, total)
            check_truth(self._file[start:done], self.spec, str(self._path), start)
            ctx.report("progress", done=done, total=total, unit="clouds")

    def load(self, split: Split) -> FileSplit:
        """The clouds of one split, in the order of the file.

        Raises:
            UsageError: if there is no such split.
        """
        if split not in self._rows:
            msg = f"a file has no split {split!r}; use {', '.join(self._rows)}"
            raise UsageError(msg)
        return FileSplit(self, self._rows[split])

    def clouds(self, rows: NDArray[np.int64]) -> Clouds:
        """The clouds at ``rows`` (increasing) of the file. One further block at a time is in memory.

        Raises:
            DataError: if a value is bad; the message has its row.
        """
        if len(rows) == 0:
            return self._file[:0]
        cuts = np.flatnonzero(np.diff(rows // self._block)) + 1
        return Clouds.concatenate([self._within(part) for part in np.split(rows, cuts)])

    def _within(self, rows: NDArray[np.int64]) -> Clouds:
        """The clouds at ``rows`` of one block, by one read of the range that they span."""
        first, last = int(rows[0]), int(rows[-1])
        return self._file[first : last + 1][rows - first]

    @property
    def _block(self) -> int:
        """The number of clouds that are read at a time."""
        return max(1, _BLOCK_POINTS // self.spec.max_points)

    @cached_property
    def _rows(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each split. The permutation selects them; they are sorted because that reads faster."""
        if self._events is None:
            parts = _parts(len(self._file))
        else:
            known, which = np.unique(self._events, return_inverse=True)
            parts = [np.flatnonzero(np.isin(which, part)) for part in _parts(len(known))]
        return {split: np.sort(part) for split, part in zip(get_args(Split), parts, strict=True)}

    @cached_property
    def _events(self) -> NDArray[np.int64] | None:
        return self._file.event


def _parts(n: int) -> list[NDArray[np.int64]]:
    """The numbers from 0 to n - 1 in three parts, by the fixed permutation."""
    # In floating point like the published code: exact fractions differ by one row for some n.
    cuts = (np.cumsum(_FRACTIONS) * n).astype(np.int64)
    return np.split(np.random.default_rng(_SEED).permutation(n), cuts)


class FileSplit(SlicedSource):
    """Some rows of a file. A slice reads the blocks that it covers; a bad value is a ``DataError`` with its row.

    Arguments:
        dataset: the file.
        rows: int64 (n,), the rows of the split, increasing.
    """

    def __init__(self, dataset: FileDataset, rows: NDArray[np.int64]) -> None:
        self._dataset, self._rows = dataset, rows

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, start: int, stop: int) -> Clouds:
        """The clouds of the rows from ``start`` to ``stop`` of the split, read and checked now."""
        return self._dataset.clouds(self._rows[start:stop])
