"""Healthy answers of the probing child, kept on disk until the plugin or the installation changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jetgen.errors import JetgenError
from jetgen.io.atomic import write_json
from jetgen.registry.plugin import Entry
from jetgen.system import cache_folder

__all__ = ["ProbeCache", "fingerprint"]


_FORGET_AFTER_DAYS = 30


class ProbeCache:
    """The answers of earlier discoveries, for the code as it is now: make a new one for each discovery."""

    def __init__(self) -> None:
        self._folder = cache_folder() / "registry"
        self._code: dict[str, str | None] = {}

    def recall(self, entry: Entry) -> dict[str, Any] | None:
        """What the child said of this very entry point, code and installation; None if it was never asked."""
        path = self._path(entry)
        if path is None:
            return None
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def remember(self, entry: Entry, document: dict[str, Any]) -> None:
        """Keep a healthy answer. A cache that cannot be written is no error: the child is asked again."""
        path = self._path(entry)
        if path is None:
            return
        with contextlib.suppress(JetgenError, OSError):
            write_json(path, document)

    def forget_old(self) -> None:
        """Remove the answers that were given long ago."""
        oldest = time.time() - _FORGET_AFTER_DAYS * 86400
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.json"):
                if path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)

    def _path(self, entry: Entry) -> Path | None:
        code = self._fingerprint(entry.value.partition(":")[0].partition(".")[0].strip())
        if code is None:
            return None
        identity = [*vars(entry).values(), code, self._fingerprint("jetgen"), *self._installation]
        return self._folder / f"{hashlib.sha256(json.dumps(identity).encode()).hexdigest()}.json"

    def _fingerprint(self, package: str) -> str | None:
        if package not in self._code:
            self._code[package] = fingerprint(package)
        return self._code[package]

    @cached_property
    def _installation(self) -> list[str]:
        """Interpreter and installed distributions: a plugin may break when something else comes or goes."""
        names: set[str] = set()
        for folder in sys.path:
            with contextlib.suppress(OSError), os.scandir(folder or ".") as inside:
                names.update(item.name for item in inside if item.name.endswith((".dist-info", ".egg-info")))
        return [sys.prefix, sys.version, *sorted(names)]


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
