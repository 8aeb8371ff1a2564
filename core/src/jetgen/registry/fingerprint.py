"""Hash a package's source without importing it."""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

__all__ = ["fingerprint"]

_SOURCES = (".py", ".toml")
"""Code, and the form in which plugins ship settings beside it."""


def fingerprint(package: str) -> str | None:
    """SHA-256 over the source files of a top-level package or module; None if it is not found or not readable."""
    try:
        spec = find_spec(package)
        if spec is None:
            return None
        folders = list(spec.submodule_search_locations or ())
        files = [(path.relative_to(folder).as_posix(), path) for folder in folders for path in _sources(Path(folder))]
        if not folders:
            files = [(package, Path(spec.origin or ""))]
        digest = hashlib.sha256()
        for name, path in files:
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    except (OSError, ValueError, ImportError):
        return None
    return digest.hexdigest()


def _sources(folder: Path) -> list[Path]:
    found = []
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if name != "__pycache__"]
        found += [Path(parent, file) for file in files if file.endswith(_SOURCES)]
    return sorted(found)
