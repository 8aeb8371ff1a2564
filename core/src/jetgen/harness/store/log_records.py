"""Log records of a cell: appended to a file by its processes, followed by the driver."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["RecordFollower", "RecordLog", "read_log"]

_LONGEST = 64 * 2**10  # bytes of a record: none of ours comes near
_LARGEST = 64 * 2**20  # bytes of the file: hours of reports at every step
_BLOCK = 2**20


class RecordLog:
    """Appends log records to ``events.jsonl``; it is a listener for :class:`jetgen.RunContext`.

    A record that is too long is left out, and all are when the file has 64 MiB: reports are there to be looked at.
    """

    def __init__(self, path: Path, cell: str) -> None:
        self._path = path
        self._cell = cell

    def __call__(self, record: Mapping[str, Any]) -> None:
        line = (json.dumps({"cell": self._cell, **record}, default=str) + "\n").encode()
        if len(line) > _LONGEST:
            return
        # One write of one line in append mode: lines of several processes do not mix.
        with self._path.open("ab", buffering=0) as file:
            if file.tell() < _LARGEST:
                file.write(line)


class RecordFollower:
    """Reads what was appended since the last call; a line that is still being written waits for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0

    def new(self) -> list[dict[str, Any]]:
        """Log records since the last call: at most a megabyte of them, the others with the next calls."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                text = file.read(_BLOCK)
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._position += len(whole) or (len(text) if len(text) == _BLOCK else 0)
        return list(_parse(whole.splitlines()))


def read_log(path: Path) -> list[dict[str, Any]]:
    """Every log record of a cell so far."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return list(_parse(file))


def _parse(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # a kill in the middle of a line leaves a part that is no JSON
        if isinstance(record, dict):
            yield record
