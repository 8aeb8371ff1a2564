"""The history of a training, in memory and as a CSV file that survives kills without a row twice."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple, TextIO

from jetgen.io.atomic import write_text

__all__ = ["TrainingLog"]

_HEADER = "phase,step,quantity,value\n"


class _Row(NamedTuple):
    phase: str
    step: int
    quantity: str
    value: float

    def line(self) -> str:
        return f"{self.phase},{self.step},{self.quantity},{self.value!r}\n"


class TrainingLog:
    """Rows of phase, step, quantity and value, also in the file ``path`` if there is one.

    Arguments:
        keep: how many rows of the file belong to the training that goes on; the others are dropped.
    """

    def __init__(self, path: Path | None, keep: int = 0) -> None:
        self.rows: list[_Row] = []
        self._file: TextIO | None = None
        if path is None:
            return
        if keep and path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                found = [
                    _Row(row[0], int(row[1]), row[2], float(row[3])) for row in list(csv.reader(file))[1 : keep + 1]
                ]
            self.rows = found
        write_text(path, _HEADER + "".join(row.line() for row in self.rows))
        self._file = path.open("a", encoding="utf-8")

    def add(self, phase: str, step: int, quantity: str, value: float) -> None:
        """One more row."""
        row = _Row(phase, step, quantity, value)
        self.rows.append(row)
        if self._file is not None:
            self._file.write(row.line())

    def flush(self) -> int:
        """Bring the rows to disk; their number."""
        if self._file is not None:
            self._file.flush()
        return len(self.rows)

    def close(self) -> None:
        """Flush and let go of the file."""
        if self._file is not None:
            self._file.close()

    def history(self) -> dict[str, list[float]]:
        """The values over time of ``phase/quantity``."""
        result: dict[str, list[float]] = {}
        for row in self.rows:
            result.setdefault(f"{row.phase}/{row.quantity}", []).append(row.value)
        return result
