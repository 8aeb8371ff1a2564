"""Write to a temporary file, then replace: readers see the old or the new file, never a part of it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jetgen.errors import StorageError

__all__ = ["atomic_path", "make_folder", "not_written", "write_json", "write_text", "writing"]

_REMEDIES = {
    errno.ENOENT: "its folder is gone; run the same command again",
    errno.EISDIR: "a folder is in its place; move it away",
    errno.EEXIST: "a file is in the place of a folder; move it away",
    errno.ENOTDIR: "a file is in the place of a folder; move it away",
    errno.ENOSPC: "no space is left; free some, or choose another folder",
    errno.EDQUOT: "the quota is used up; free some space, or choose another folder",
    errno.EFBIG: "a limit on the size of files does not allow it (`ulimit -f`)",
    errno.EROFS: "the file system is read-only; choose another folder",
}

_NOT_OF_FILES = {errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE}


def not_written(path: Path, error: OSError) -> StorageError:
    """What to raise for a file or folder that cannot be written.

    >>> str(not_written(Path("rows.json"), OSError(errno.ENOSPC, "No space left on device")))
    'rows.json cannot be written: no space is left; free some, or choose another folder'
    """
    remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}; free some space or choose another folder")
    return StorageError(f"{path} cannot be written: {remedy}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what keeps ``path``, or something in it, from being written into one sentence.

    Raises:
        StorageError: it names the file at fault, where the system does.
        OSError: as it is, if the machine has no memory, processes or descriptors left.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_OF_FILES:
            raise
        named = error.filename if isinstance(error.filename, str) else None
        raise not_written(Path(named) if named else path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder with its parents, unless it is there.

    Raises:
        StorageError: if it cannot be made.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder; it replaces ``path`` when the ``with`` block ends without an error.

    Raises:
        StorageError: if the folder cannot be written or is full; ``path`` is then unchanged.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    make_folder(path.parent)
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        with suppress(OSError):  # if the folder is at fault, the error above says so
            aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all.

    Raises:
        StorageError: if the folder cannot be written or is full.
    """
    with atomic_path(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, document: Any) -> None:
    """Write ``document`` to ``path`` as indented JSON, whole or not at all.

    Raises:
        StorageError: if the folder cannot be written or is full.
        ValueError: if the document has NaN or infinity.
    """
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")
