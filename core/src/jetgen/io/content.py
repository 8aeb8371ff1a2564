"""A digest of what a file or a folder holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jetgen.io.reading import reading, require_file

__all__ = ["content_digest"]


def content_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file; of a folder, of the names and bytes of all files below it.

    Raises:
        DataError: if there is no such file or folder, or it cannot be read.
    """
    if not path.is_dir():
        return _of_file(path)
    with reading(path, "folder"):
        files = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [f"{_of_file(file)} {file.relative_to(path).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _of_file(path: Path) -> str:
    require_file(path)
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
