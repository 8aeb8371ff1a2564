"""Parquet with lists in its cells, as awkward and coffea write it: a row for each cloud.

The features are columns of lists of numbers, or the fields of one column of lists of records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.arrays import offsets_of
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.io.csv_text import check_names
from jetgen.io.meaning import FORMAT_VERSION, WEIGHTED_VERSION
from jetgen.io.names import choose
from jetgen.io.reading import reading
from jetgen.io.store import Store

__all__ = ["WEIGHT", "JaggedLayout", "find_jagged"]

WEIGHT = "weight"
"""The column of the weights of clouds."""

_SPEC = b"cloud_spec"


@dataclass(frozen=True)
class _Lists:
    """Where a feature is: a column of lists, and a field of the records in these, if they are records."""

    column: str
    field: str = ""

    def values(self, table: Any) -> NDArray[Any]:
        """All of them, one list after the other."""
        flat = table[self.column].combine_chunks().flatten()
        numbers = flat.field(self.field) if self.field else flat
        return np.asarray(numbers.to_numpy(zero_copy_only=False))


@dataclass
class JaggedLayout:
    """The lists of some columns; the row group that was read last is in memory.

    Arguments:
        file: a ``pyarrow.parquet.ParquetFile``.
        names: the features.
        lists: where each of them is.
        starts: int64 (groups + 1,), the row at which each row group begins; the last is their number.
        max_points: the longest list.
    """

    file: Any
    names: tuple[str, ...]
    lists: tuple[_Lists, ...]
    starts: NDArray[np.int64]
    max_points: int
    points: str = "the table"
    _last: tuple[int, Clouds] | None = field(default=None, repr=False)

    @property
    def columns(self) -> list[int]:
        """All lists that are read are features."""
        return list(range(len(self.names)))

    def __len__(self) -> int:
        return int(self.starts[-1])

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        """The points of the rows from ``start`` to ``stop``, and clouds without features that hold their sizes.

        Raises:
            DataError: if the lists of a row differ in length, or one is missing.
        """
        if start == stop:
            return np.empty((0, len(self.names)), np.float32), Clouds(np.empty((0, 0)), [0])
        first, last = np.searchsorted(self.starts, [start, stop - 1], "right").tolist()
        parts = [self._group(i)[max(0, start - self.starts[i]) : stop - self.starts[i]] for i in range(first - 1, last)]
        found = Clouds.concatenate(parts)
        return found.points, Clouds(np.empty((len(found.points), 0), np.float32), found.offsets)

    def _group(self, index: int) -> Clouds:
        """The clouds of a row group; values need not be finite."""
        if self._last is None or self._last[0] != index:
            columns = list(dict.fromkeys(one.column for one in self.lists))
            table = self.file.read_row_group(index, columns=columns, use_threads=False)
            sizes = [_sizes(table[name], name, self.starts[index]) for name in columns]
            for name, other in zip(columns, sizes, strict=True):
                wrong = np.flatnonzero(other != sizes[0])
                if len(wrong):
                    row = wrong[0]
                    each = f"{name} has {other[row]} values and {columns[0]} has {sizes[0][row]}"
                    msg = f"in row {self.starts[index] + row} {each}; a point has one of each"
                    raise DataError(msg)
            with np.errstate(over="ignore"):
                points = np.stack([one.values(table).astype(np.float32) for one in self.lists], axis=1)
            self._last = index, _unchecked(points, sizes[0])
        return self._last[1]


def find_jagged(file: Any, path: Path, features: Sequence[str] | None) -> tuple[Store, JaggedLayout] | None:
    """The lists of a Parquet file, and a store of what is one number for each cloud; None if it has no lists.

    Arguments:
        file: a ``pyarrow.parquet.ParquetFile``.
        path: of it.
        features: the columns to read, in this order; by default all lists of numbers, or those of the spec that
            :func:`jetgen.io.exports.export` has left.

    Raises:
        DataError: if a column that is to be read holds no lists of numbers.
    """
    schema = file.schema_arrow
    lists = _lists_of(schema)
    if not lists:
        return None
    check_names(list(lists))
    flat = [name for name in schema.names if _is_number(schema.field(name).type) or _is_truth(schema.field(name).type)]
    with reading(path, "Parquet file"):
        arrays, attributes = _of_whole_clouds(file, flat)
        declared = None
        if _SPEC in (schema.metadata or {}):
            attributes |= {"cloud_spec": schema.metadata[_SPEC].decode()}
            attributes["format_version"] = WEIGHTED_VERSION if "weights" in arrays else FORMAT_VERSION
            declared = [one["name"] for one in json.loads(attributes["cloud_spec"])["features"]]
        store = Store(path, arrays, attributes, file.close)
        names, _ = choose(store, JaggedLayout.points, list(lists), len(lists), declared or features)
        groups = range(file.num_row_groups)
        starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in groups)], dtype=np.int64)
        first = lists[names[0]].column
        longest = max((_longest(file, i, first, starts[i]) for i in groups), default=0)
    return store, JaggedLayout(file, names, tuple(lists[name] for name in names), starts, max(1, longest))


def _of_whole_clouds(file: Any, columns: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is one number for each cloud, as arrays of a store and their names: weights, and conditioning."""
    arrays: dict[str, Any] = {}
    if WEIGHT in columns:
        arrays["weights"] = file.read(columns=[WEIGHT])[WEIGHT].to_numpy().astype(np.float64)
    others = [name for name in columns if name != WEIGHT]
    if not others:
        return arrays, {}
    table = file.read(columns=others)
    arrays["context"] = np.stack([table[name].to_numpy().astype(np.float32) for name in others], axis=1)
    return arrays, {"context_names": ",".join(others)}


def _lists_of(schema: Any) -> Mapping[str, _Lists]:
    """The features of a Parquet file, by name: its columns of lists, else the fields of its one list of records."""
    plain = {name: _Lists(name) for name in schema.names if _is_list_of(schema.field(name).type, _is_number)}
    records = [name for name in schema.names if _is_list_of(schema.field(name).type, _is_record)]
    if plain or len(records) != 1:
        return plain
    fields = schema.field(records[0]).type.value_type
    return {one.name: _Lists(records[0], one.name) for one in fields if _is_number(one.type)}


def _longest(file: Any, group: int, name: str, start: int) -> int:
    """The longest list of a row group."""
    return int(_sizes(file.read_row_group(group, columns=[name], use_threads=False)[name], name, start).max(initial=0))


def _sizes(column: Any, name: str, start: int) -> NDArray[np.int64]:
    """The lengths of lists, none of which is missing."""
    from pyarrow import compute

    if column.null_count:
        row = int(np.flatnonzero(np.asarray(column.is_null()))[0])
        msg = f"the column {name} is empty in row {start + row} (counted from 0); a cloud without points has []"
        raise DataError(msg)
    return np.asarray(compute.list_value_length(column), np.int64)


def _unchecked(points: NDArray[np.float32], sizes: NDArray[np.int64]) -> Clouds:
    """Clouds whose values may be anything: the reader of the file says in which row one is not finite."""
    clouds = Clouds(np.zeros_like(points), offsets_of(sizes))
    clouds.points = points
    return clouds


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind))


def _is_truth(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_boolean(kind))


def _is_record(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_struct(kind))


def _is_list_of(kind: Any, holds: Callable[[Any], bool]) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind)) and holds(kind.value_type)
