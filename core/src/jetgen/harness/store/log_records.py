"""Log records of a cell: appended to a file by its processes, followed by the driver. Plugins write what they like."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from jetgen.io.atomic import writing

__all__ = ["OURS", "RecordFollower", "RecordLog", "cut_log", "read_log"]

OURS = "harness/"
"""The kinds of records that begin so are the harness's own; no plugin would think of them."""

_LONGEST = 2**16  # bytes of a record
_MOST = 2**26  # bytes of the records of a cell
_LONGEST_LOG = 2**26  # bytes of what the processes of a cell print
_ENDS = 2**20  # bytes that stay of each end of a longer log
_BLOCK = 2**20


class RecordLog:
    """Appends log records to ``events.jsonl``; it is a listener for :class:`jetgen.RunContext`.

    A record that is no JSON or longer than 64 kB is replaced by a note. After 64 MB only the harness's own are written.
    """

    def __init__(self, path: Path, cell: str) -> None:
        self._path = path
        self._cell = cell

    def __call__(self, record: Mapping[str, Any]) -> None:
        kind = str(record.get("kind"))
        try:
            line = self._line(record)
        except (TypeError, ValueError, RecursionError) as error:
            line = self._line({"kind": "cut", "text": f"a record {kind[:100]!r} is no JSON: {str(error)[:100]}"})
        if len(line) > _LONGEST:
            line = self._line({"kind": "cut", "text": f"a record {kind[:100]!r} of {len(line)} bytes was left out"})
        # One write of one line in append mode: lines of several processes do not mix.
        with writing(self._path), self._path.open("ab") as file:
            if file.tell() < (2 * _MOST if kind == "stage" or kind.startswith(OURS) else _MOST):
                file.write(line)

    def _line(self, record: Mapping[str, Any]) -> bytes:
        return json.dumps({"cell": self._cell, **record}, default=str).encode() + b"\n"


class RecordFollower:
    """Reads what was appended since the last call; a line that is still being written waits for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0

    def new(self) -> Iterator[dict[str, Any]]:
        """The log records since the last call, read in blocks."""
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._position)
            for line in _lines(file):
                self._position += len(line)
                yield from _parsed(line)


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Every log record of a cell so far, one after the other."""
    with suppress(OSError), path.open("rb") as file:
        for line in _lines(file):
            yield from _parsed(line)


def cut_log(path: Path) -> None:
    """Keep the two ends of a log that has become too long; who appends to it goes on doing so."""
    with suppress(OSError):
        if path.stat().st_size <= _LONGEST_LOG:
            return
        with path.open("rb+") as file:
            file.seek(-_ENDS, os.SEEK_END)
            end = file.read()
            file.truncate(_ENDS)
            file.seek(0, os.SEEK_END)
            file.write(b"\n[... jetgen left out what stood here: the log was too long ...]\n" + end)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The whole lines of a file, and the blocks of those that are too long for a record."""
    while line := file.readline(_BLOCK):
        if not line.endswith(b"\n") and len(line) < _BLOCK:
            return
        yield line


def _parsed(line: bytes) -> Iterator[dict[str, Any]]:
    with suppress(ValueError, RecursionError):  # a kill in the middle of a line leaves a part that is no JSON
        record = json.loads(line)
        if isinstance(record, dict):
            yield record
