"""Log records of a cell: appended to a file by its processes, followed by the driver."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["RecordFollower", "RecordLog", "read_log"]


class RecordLog:
    """Appends log records to ``events.jsonl``; it is a listener for :class:`jetgen.RunContext`."""

    def __init__(self, path: Path, cell: str) -> None:
        self._path = path
        self._cell = cell

    def __call__(self, record: Mapping[str, Any]) -> None:
        line = json.dumps({"cell": self._cell, **record}, default=str) + "\n"
        # One write of one line in append mode: lines of several processes do not mix.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)


class RecordFollower:
    """Reads what was appended since the last call; a line that is still being written waits for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0

    def new(self) -> list[dict[str, Any]]:
        """The log records since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._position += len(whole)
        return _parse(whole)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Every log record of a cell so far."""
    return _parse(path.read_bytes()) if path.exists() else []


def _parse(text: bytes) -> list[dict[str, Any]]:
    records = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # a kill in the middle of a line leaves a part that is no JSON
        if isinstance(record, dict):
            records.append(record)
    return records
