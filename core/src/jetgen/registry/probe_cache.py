"""Answers of the probing child, kept on disk until the plugin or the installation changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import hexdigits
from typing import Any

from jetgen.errors import JetgenError
from jetgen.io.atomic import write_json
from jetgen.registry.plugin import Entry, State
from jetgen.system import cache_folder

__all__ = ["ProbeCache", "fingerprint"]


_FORGET_AFTER_DAYS = 30
_SICK_SECONDS = 3600.0
_OF_THE_SHELL = {"PWD", "OLDPWD", "SHLVL", "_", "COLUMNS", "LINES", "TERM", "PYTEST_CURRENT_TEST"}
_NAME = 64  # digits of SHA-256


class ProbeCache:
    """The answers of earlier discoveries, for the code as it is now: make a new one for each discovery."""

    def __init__(self) -> None:
        self._folder = cache_folder() / "registry"
        self._code: dict[str, str | None] = {}

    def recall(self, entry: Entry) -> dict[str, Any] | None:
        """What the child said of this very entry point, code and installation; None if it has to be asked.

        What is wrong with a plugin may lie outside of it. Such an answer holds for an hour, while the environment and
        the files that the child had read stay as they were.
        """
        path = self._path(entry)
        try:
            document = json.loads(path.read_bytes())
            healthy = document["state"] == State.OK
            holds = healthy or time.time() - path.stat().st_mtime < _SICK_SECONDS
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return document if holds and (healthy or document.get("around") == _around(document.get("read", ()))) else None

    def remember(self, entry: Entry, document: Mapping[str, Any]) -> None:
        """Keep an answer. A cache that cannot be written is no error: the child is asked again."""
        path = self._path(entry)
        kept = dict(document)
        if kept["state"] == State.OK and self._code_of(entry) is None:
            return  # an edit of its code would not be noticed
        if kept["state"] != State.OK:
            files = list(kept.pop("files", ()))
            kept |= {"read": files, "around": _around(files)}
        with contextlib.suppress(JetgenError, OSError):
            write_json(path, kept)

    def forget_old(self) -> None:
        """Remove the answers that were given long ago."""
        oldest = time.time() - _FORGET_AFTER_DAYS * 86400
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.json"):
                ours = len(path.stem) == _NAME and set(path.stem) <= set(hexdigits)
                if ours and path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)

    def _code_of(self, entry: Entry) -> str | None:
        return self._fingerprint(entry.value.partition(":")[0].partition(".")[0].strip())

    def _path(self, entry: Entry) -> Path:
        identity = [*vars(entry).values(), self._code_of(entry), self._fingerprint("jetgen"), *self._installation]
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


def _around(files: Sequence[str]) -> str:
    """A digest of the environment, and of the size and the time of some files."""
    own = {name: value for name, value in os.environ.items() if name not in _OF_THE_SHELL}
    return hashlib.sha256(json.dumps([own, [_stamp(file) for file in files]], sort_keys=True).encode()).hexdigest()


def _stamp(file: str) -> list[int]:
    try:
        status = Path(file).stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]


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
