"""The files of the user and of the cache: their names, and where they are searched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from jetgen.io.atomic import make_folder, writing
from jetgen.system import cache_folder

__all__ = ["DOI", "FOLDER_VARIABLE", "PUBLISHED", "find", "folder", "is_published", "locked", "remedy", "searched"]

DOI = "https://doi.org/10.24432/C5V312"
"""The address of the published file."""

FOLDER_VARIABLE = "JETGEN_HIGGS_DIR"
"""The environment variable with the folder of files that the user has."""

PUBLISHED: Mapping[str, int] = {"HIGGS.csv": 8_035_497_980, "HIGGS.csv.gz": 2_816_407_858}
"""The names of the published file, and the bytes it has under each. The first is preferred: it is read faster."""


def folder() -> Path:
    """The folder of the cache for what is downloaded and what is made of it."""
    return cache_folder() / "higgs"


def find(*names: str) -> Path | None:
    """The path of the first of these files that is in the user's folder, else in the cache; None if none is."""
    own = os.environ.get(FOLDER_VARIABLE)
    places = [*([Path(own).expanduser()] if own else []), folder()]
    return next((place / name for place in places for name in names if (place / name).exists()), None)


def is_published(path: Path) -> bool:
    """Whether a file has the name and the size of the published one. To compare contents would take a minute."""
    return PUBLISHED.get(path.name) == path.stat().st_size


def searched(*names: str) -> str:
    """Where these files are not, as the beginning of a sentence."""
    own = os.environ.get(FOLDER_VARIABLE) or "not set"
    return f"{' or '.join(names)} is neither in {FOLDER_VARIABLE} ({own}) nor in {folder()}"


def remedy() -> str:
    """How a user gets the published file, as the end of a sentence."""
    return f"fetch HIGGS.csv.gz from {DOI} and name its folder in {FOLDER_VARIABLE}"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file of the cache against other processes while it is made.

    A killed process releases its lock, and the unfinished file that it left behind is removed.

    Raises:
        StorageError: if the folder cannot be written.
    """
    make_folder(path.parent)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with writing(path):
        lock.acquire()
    try:
        for left in path.parent.glob(f".{path.name}.*.part"):
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()
