"""Files of tables, CSV and Parquet, as clouds of one point: the row numbers of the file are those of the clouds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.io.csv_text import CsvText, check_names, first_bad
from jetgen.io.foreign import foreign_lists
from jetgen.io.jagged import JaggedLayout, find_jagged
from jetgen.io.names import choose
from jetgen.io.reading import reading, require_file
from jetgen.io.store import Store

__all__ = ["TABLE_SUFFIXES", "CsvLayout", "ParquetLayout", "find_table"]

TABLE_SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""How the names of tables end. The contents of a Parquet file tell what it is; those of a CSV file do not."""

_PARQUET = b"PAR1"
_CLOUDS = (b"\x89HDF", b"PK\x03\x04")  # HDF5 and npz, whatever they are called
_NO_HEADER = (
    "the first row is all numbers, so the {} columns have no names; write a row with the names above it, or give the "
    "names of all columns (`jetbench evaluate --features`, or features= in Python)"
)


def find_table(
    path: Path, features: Sequence[str] | None
) -> tuple[Store, CsvLayout | ParquetLayout | JaggedLayout] | None:
    """The table at ``path``, and a store that closes it; None if the file is no table.

    Arguments:
        features: the columns to read, in this order; all by default. Names for all columns of a CSV file without a
            header.

    Raises:
        DataError: if the file cannot be read, or a column that is to be read holds no numbers.
    """
    require_file(path)
    with reading(path), path.open("rb") as file:
        head = file.read(len(_PARQUET))
    name = path.name.lower()
    if head == _PARQUET or (name.endswith(".parquet") and head not in _CLOUDS):
        return _of_parquet(path, features)
    if name.endswith(TABLE_SUFFIXES) and head not in _CLOUDS:
        return CsvLayout.of(path, features)
    return None


def _of_parquet(path: Path, features: Sequence[str] | None) -> tuple[Store, ParquetLayout | JaggedLayout]:
    """Lists if there are any, else plain numbers."""
    with reading(path, "Parquet file"):
        from pyarrow import parquet  # here, because `jetbench list` needs no tables

        file = parquet.ParquetFile(path, page_checksum_verification=True)
        return find_jagged(file, path, features) or ParquetLayout.of(file, path, features)


@dataclass
class CsvLayout:
    """The numbers of a CSV file, read once: ``values`` float32 (N, columns)."""

    values: NDArray[np.float32]
    names: tuple[str, ...]
    points: str = "the table"
    max_points: int = 1

    @classmethod
    def of(cls, path: Path, features: Sequence[str] | None) -> tuple[Store, CsvLayout]:
        """Read the file, block by block.

        Raises:
            DataError: if it has no header and no ``features`` are given, or a cell that is to be read is no number.
        """
        text, store = CsvText.of(path), Store(path, {}, {})
        width = len(text.first)
        if text.names is None and features is None:
            store.refuse(_NO_HEADER.format(width))
        check_names(text.names or features or ())
        names, _ = choose(store, cls.points, text.names, width, features)
        numbers = bytearray()  # grows in place, where a list of blocks would need its memory twice in the end
        for block, _ in text.blocks(text.names or names, names):
            numbers += block.tobytes()
        return store, cls(np.frombuffer(numbers, np.float32).reshape(-1, len(names)), names)

    @property
    def columns(self) -> list[int]:
        """All columns that were read are features."""
        return list(range(len(self.names)))

    def __len__(self) -> int:
        return len(self.values)

    def read(self, start: int, stop: int) -> tuple[NDArray[np.float32], Clouds]:
        """The rows from ``start`` to ``stop``."""
        return self.values[start:stop], _single_points(stop - start)


@dataclass
class ParquetLayout:
    """A Parquet file, of which the row group that was read last is in memory.

    Arguments:
        file: a ``pyarrow.parquet.ParquetFile``.
        names: the columns that are read.
        starts: int64 (groups + 1,), the row at which each row group begins; the last is their number.
    """

    file: Any
    names: tuple[str, ...]
    starts: NDArray[np.int64]
    points: str = "the table"
    max_points: int = 1
    _last: tuple[int, NDArray[np.float32]] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, file: Any, path: Path, features: Sequence[str] | None) -> tuple[Store, ParquetLayout]:
        """Look at the schema of an open file; no values are read.

        Raises:
            DataError: if it is damaged or has no rows, or a column that is to be read is not one of plain numbers.
        """
        with reading(path, "Parquet file"):
            store = Store(path, {}, {}, file.close)
            schema, groups = file.schema_arrow, range(file.num_row_groups)
            check_names(schema.names)
            names, _ = choose(store, cls.points, schema.names, len(schema.names), features)
            for name in names:
                _require_numbers(name, schema.field(name).type, path)
            starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in groups)], dtype=np.int64)
            if starts[-1] != file.metadata.num_rows:
                store.refuse(f"the row groups have {starts[-1]:,} rows, not {file.metadata.num_rows:,}; make it again")
            if not starts[-1]:
                store.refuse("the table has no rows")
        return store, cls(file, names, starts)

    @property
    def columns(self) -> list[int]:
        """All columns that are read are features."""
        return list(range(len(self.names)))

    def __len__(self) -> int:
        return int(self.starts[-1])

    def read(self, start: int, stop: int) -> tuple[NDArray[np.float32], Clouds]:
        """The rows from ``start`` to ``stop``, of all row groups that they lie in.

        Raises:
            DataError: if a value is missing or not finite.
        """
        first, last = np.searchsorted(self.starts, [start, max(start, stop - 1)], "right").tolist()
        parts = [self._group(i)[max(0, start - self.starts[i]) : stop - self.starts[i]] for i in range(first - 1, last)]
        return np.concatenate(parts), _single_points(stop - start)

    def _group(self, index: int) -> NDArray[np.float32]:
        """The values of a row group. The last one stays in memory, so that slices in a row read it once."""
        if self._last is None or self._last[0] != index:
            table = self.file.read_row_group(index, columns=list(self.names), use_threads=False)
            with np.errstate(over="ignore"):
                values = np.stack([table[name].to_numpy().astype(np.float32) for name in self.names], 1)
            bad = first_bad(values, self.names)
            if bad is not None:
                msg = (
                    f"the column {bad[1]} is empty or not finite in row {self.starts[index] + bad[0]} (counted from 0)"
                )
                raise DataError(msg)
            self._last = index, values
        return self._last[1]


def _require_numbers(name: str, kind: Any, path: Path) -> None:
    """Refuse a column of anything but integers and floating-point numbers."""
    from pyarrow import types

    if types.is_integer(kind) or types.is_floating(kind):
        return
    if types.is_nested(kind):
        msg = f"the column {name} has several numbers in a cell ({kind}): {foreign_lists(path)}"
        raise DataError(msg)
    msg = f"the column {name} is of type {kind}, not of numbers; leave it out, or write it as numbers"
    raise DataError(msg)


def _single_points(n: int) -> Clouds:
    """``n`` clouds of one point, without features."""
    return Clouds(np.empty((n, 0), np.float32), np.arange(n + 1))
