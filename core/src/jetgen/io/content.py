"""A digest of what a file or a folder holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jetgen.errors import DataError

__all__ = ["content_digest"]


def content_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file; of a folder, of the names and bytes of all files below it.

    Raises:
        DataError: if there is no such file or folder, or it cannot be read.
    """
    try:
        if not path.is_dir():
            return _of_file(path)
        lines = [
            f"{_of_file(file)} {file.relative_to(path).as_posix()}\n"
            for file in sorted(path.rglob("*"))
            if file.is_file()
        ]
    except OSError as error:
        reason = "there is no such file or folder" if isinstance(error, FileNotFoundError) else error.strerror or error
        msg = f"{path} cannot be read: {reason}"
        raise DataError(msg) from error
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
