"""The rows of a CSV file in an HDF5 file of the cache: how they are written, and how they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jetgen.api.context import RunContext
from jetgen.data.checks import check_truth
from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.errors import DataError
from jetgen.io.atomic import atomic_path
from jetgen.io.csv_text import CsvText
from jetgen.io.hdf5_growing import append, growing, hdf5_file
from jetgen.io.store import Store, open_store
from numpy.typing import NDArray

from jetgen_higgs.columns import COLUMNS, FEATURES, cloud_spec

__all__ = ["Rows", "number_of_rows", "open_rows", "rows_with", "write_rows"]

_NAMES = tuple(feature.name for feature in FEATURES)
_KEPT = [COLUMNS.index(name) for name in _NAMES]
_SPEC = cloud_spec(labelled=True)
_BLOCK = 2**16  # rows in memory at a time: a few megabytes


def write_rows(source: Path, target: Path, ctx: RunContext) -> None:
    """Read a CSV file in the layout of the published one, and write its label and continuous columns to HDF5.

    The file is read once, block by block; ``target`` is written whole or not at all.

    Raises:
        DataError: if the file has a header or other columns, or a value is bad; the message has its row.
        StorageError: if the cache cannot be written.
    """
    text, total = _opened(source), source.stat().st_size
    with atomic_path(target) as aside, hdf5_file(aside) as file:
        points, signal = growing(file, "points", len(_NAMES)), growing(file, "signal", 1)
        for block, done in text.blocks(COLUMNS, COLUMNS):  # all columns: a bad cell in any of them is damage
            events = _clouds(block[:, _KEPT], block[:, :1])
            check_truth(events, _SPEC, str(source), len(points))
            append(points, events.points)
            append(signal, events.conditioning)
            ctx.report("progress", done=done, total=total, unit="bytes")


def _opened(source: Path) -> CsvText:
    text = CsvText.of(source)
    if text.names is not None:
        msg = f"{source}: the first row is not all numbers; the UCI file has no header: take the row away"
        raise DataError(msg)
    if len(text.first) != len(COLUMNS):
        msg = f"{source}: there are {len(text.first)} columns; the UCI file has {len(COLUMNS)}: {', '.join(COLUMNS)}"
        raise DataError(msg)
    return text


def open_rows(path: Path) -> Store:
    """Open a file that :func:`write_rows` wrote.

    Raises:
        DataError: if it is missing or damaged.
    """
    store = open_store(path)
    rows = {len(store.array(name, "rows, columns")) for name in ("points", "signal")}
    if len(rows) > 1:
        store.refuse("points and signal have not as many rows; delete the file, and it is made again")
    return store


def number_of_rows(store: Store) -> int:
    """How many rows there are."""
    return len(store.array("signal", "rows, columns"))


def rows_with(store: Store, start: int, stop: int, label: int | None) -> NDArray[np.int64]:
    """int64, the rows from ``start`` to ``stop`` with the label, increasing; all of them for None.

    Raises:
        DataError: if the file is damaged there.
    """
    if label is None:
        return np.arange(start, stop)
    return np.asarray(start + np.flatnonzero(store.read("signal", start, stop)[:, 0] == label))


class Rows(SlicedSource):
    """Some rows of a file as clouds of one point. A slice reads the rows that it covers.

    Arguments:
        store: the file.
        rows: int64 (n,), increasing.
        labelled: whether the clouds have their label as conditioning.
    """

    def __init__(self, store: Store, rows: NDArray[np.int64], *, labelled: bool) -> None:
        self._store, self._rows, self._labelled = store, rows, labelled

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, start: int, stop: int) -> Clouds:
        """The rows from ``start`` to ``stop`` of this source, read now, one further block at a time in memory.

        Raises:
            DataError: if the file is damaged there.
        """
        points = self._read("points", len(_NAMES), start, stop)
        return _clouds(points, self._read("signal", 1, start, stop) if self._labelled else None)

    def _read(self, name: str, columns: int, start: int, stop: int) -> NDArray[np.float32]:
        values = np.empty((stop - start, columns), np.float32)
        for first in range(start, stop, _BLOCK):
            rows = self._rows[first : min(first + _BLOCK, stop)]
            block = self._store.read(name, int(rows[0]), int(rows[-1]) + 1)
            values[first - start :][: len(rows)] = block[rows - rows[0]]
        return values


def _clouds(points: NDArray[np.float32], signal: NDArray[np.float32] | None) -> Clouds:
    return Clouds(points, np.arange(len(points) + 1), signal)
