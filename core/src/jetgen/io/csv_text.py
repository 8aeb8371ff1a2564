"""A CSV file: the names in its first row, and its numbers, block by block. It may be compressed by gzip."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import DataError
from jetgen.io.reading import reading, require_file

__all__ = ["CsvText", "check_names", "first_bad"]

_GZIP = b"\x1f\x8b"
_DELIMITERS = (",", ";", "\t")
_BLOCK = 2**20  # bytes of text; pyarrow reads some thirty of them ahead
_LONGEST = 2**20  # characters of the first row
_NO_ROWS = "there is a header but no row below it"
_REMEDY = "write a number there, or leave out the row or the column"
_SHOWN = 40  # characters of a bad cell
_CELL = re.compile(r"In CSV column #(\d+): Row #(\d+): .* invalid value '(.*)'", re.DOTALL)
_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True)
class CsvText:
    """A CSV file whose first row was read.

    Arguments:
        path: the file.
        delimiter: a comma, a semicolon or a tab, whichever the first row has first in this order.
        first: the cells of the first row.
    """

    path: Path
    delimiter: str
    first: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> CsvText:
        """Read the first row of the file at ``path``.

        Raises:
            DataError: if there is no such file, it cannot be read, or it is empty.
        """
        require_file(path)
        with reading(path, "CSV file"), ExitStack() as stack:
            _, stream = _opened(path, stack)
            line = stream.readline(_LONGEST).decode("utf-8-sig").strip("\r\n")
            if not line.strip():
                msg = "the file is empty" if not stream.read(1) else "the first row is empty; write the names there"
                raise DataError(msg)
            delimiter = next((one for one in _DELIMITERS if one in line), ",")
            cells = next(csv.reader([line.removeprefix("#")], delimiter=delimiter))
            return cls(path, delimiter, tuple(cell.strip() for cell in cells))

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the columns; None if the first row is all numbers, so that there is no header."""
        return None if all(_is_number(cell) for cell in self.first) else self.first

    def blocks(self, names: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[NDArray[np.float32], int]]:
        """The rows after the header, in blocks, from the first to the last; a few megabytes are in memory at a time.

        Arguments:
            names: of all columns of the file.
            wanted: the columns to read, in this order; what stands in others is not looked at.

        Yields:
            float32 (rows, wanted), and how many bytes of the file were read so far.

        Raises:
            DataError: if a cell is no number, empty or not finite, a row has too few or too many cells, or the file is
                damaged; the message has the row and the column.
        """
        rows = 0
        with reading(self.path, "CSV file"), ExitStack() as stack:
            raw, stream = _opened(self.path, stack)
            for batch in self._batches(stream, names, wanted):
                block = np.stack([column.to_numpy(zero_copy_only=False) for column in batch.columns], 1)
                bad = first_bad(block, wanted)
                if bad is not None:
                    self._refuse(f"the column {bad[1]} is empty or not finite", rows + bad[0], _REMEDY)
                rows += len(block)
                yield block, raw.tell()
            if not rows:
                raise DataError(_NO_ROWS)

    def _batches(self, stream: IO[bytes], names: Sequence[str], wanted: Sequence[str]) -> Iterator[Any]:
        """Record batches of pyarrow; its errors get the row and the name of the column."""
        import pyarrow as pa  # here, because `jetbench list` needs no tables
        from pyarrow import csv as arrow_csv

        header = int(self.names is not None)
        read = arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=list(names), skip_rows=header)
        convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.float32()), include_columns=list(wanted), null_values=[""]
        )
        parse = arrow_csv.ParseOptions(delimiter=self.delimiter)
        try:
            yield from arrow_csv.open_csv(stream, read, parse, convert)
        except pa.ArrowInvalid as error:
            self._explain(str(error), names, header)
            raise

    def _explain(self, said: str, names: Sequence[str], header: int) -> None:
        """Say in our words what pyarrow, which counts rows from 1 with the header, found wrong."""
        if "Could not skip initial" in said:  # a header without a line end
            raise DataError(_NO_ROWS)
        if (cell := _CELL.search(said)) is not None:
            name, text = names[int(cell[1])], cell[3][:_SHOWN]
            self._refuse(f"the column {name} holds {text!r}, which is no number,", int(cell[2]) - 1 - header, _REMEDY)
        if (width := _WIDTH.search(said)) is not None:
            row, what = int(width[1]) - 1 - header, f"there are {width[3]} cells instead of {width[2]}"
            self._refuse(what, row, "complete the row, or leave it out")

    def _refuse(self, what: str, row: int, remedy: str) -> NoReturn:
        below = " below the header" if self.names is not None else ""
        msg = f"{what} in row {row} (counted from 0{below}); {remedy}"
        raise DataError(msg)


def first_bad(block: NDArray[np.float32], names: Sequence[str]) -> tuple[int, str] | None:
    """The row and the name of the column of the first value of ``block`` that is not finite; None if all are."""
    bad = np.argwhere(~np.isfinite(block))
    if not len(bad):
        return None
    row, column = bad[0].tolist()
    return row, names[column]


def check_names(names: Sequence[str]) -> None:
    """Check that each column of a table has a name of its own.

    Raises:
        DataError: if a name is empty or given twice.
    """
    if "" in names:
        msg = f"column {names.index('')} (counted from 0) has no name; write one in the first row"
        raise DataError(msg)
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        places = " and ".join(str(i) for i, one in enumerate(names) if one == name)
        msg = f"the columns {places} (counted from 0) are both called {name}; give each a name of its own"
        raise DataError(msg)


def _opened(path: Path, stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """The file, whose position tells the progress, and its text, both closed by ``stack``."""
    raw = stack.enter_context(path.open("rb"))
    packed = raw.read(len(_GZIP)) == _GZIP
    raw.seek(0)
    text: Any = stack.enter_context(gzip.GzipFile(fileobj=raw)) if packed else raw
    return raw, text


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
