"""Find pickles in a folder. Opening a pickle runs code, so jetgen neither reads nor keeps any."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

__all__ = ["find_pickles"]

_SUFFIXES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib"}


def find_pickles(folder: Path) -> Iterator[str]:
    """The names of the pickles below ``folder``, also of those inside archives such as ``.npz`` and ``.pt``."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix in _SUFFIXES or _looks_like_pickle(path):
            yield name
        elif path.is_file() and zipfile.is_zipfile(path):  # a pipe would be waited for
            yield from (f"{name}/{member}" for member in _members(path))


def _looks_like_pickle(path: Path) -> bool:
    """Pickles of protocol 2 and later begin with the byte 0x80 and the number of their protocol."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(2)
    return len(head) == 2 and head[0] == 0x80 and head[1] <= 5


def _members(archive: Path) -> Iterator[str]:
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            if Path(name).suffix in _SUFFIXES or (name.endswith(".npy") and _holds_objects(file.read(name))):
                yield name


def _holds_objects(array: bytes) -> bool:
    try:
        np.load(io.BytesIO(array), allow_pickle=False)
    except ValueError:
        return True
    return False
