"""Write to a temporary file, then replace: readers see the old or the new file, never a part of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jetgen.errors import JetgenError

__all__ = ["atomic_path", "write_json", "write_text"]


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder; it replaces ``path`` when the ``with`` block ends without an error.

    Raises:
        JetgenError: if the folder cannot be written or is full; ``path`` is then unchanged.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except IsADirectoryError as error:
        msg = f"{path} cannot be written: a folder is in its place; move it away"
        raise JetgenError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}; free some space or choose another folder"
        raise JetgenError(msg) from error
    finally:
        with suppress(OSError):  # if the folder is at fault, the error above says so
            aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all.

    Raises:
        JetgenError: if the folder cannot be written or is full.
    """
    with atomic_path(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, document: Any) -> None:
    """Write ``document`` to ``path`` as indented JSON, whole or not at all.

    Raises:
        JetgenError: if the folder cannot be written or is full.
        ValueError: if the document has NaN or infinity.
    """
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")
