"""Healthy answers of the probing child, kept on disk until the plugin or the installation changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from jetgen.atomic import write_json
from jetgen.cache import cache_folder
from jetgen.errors import JetgenError
from jetgen.registry.fingerprint import fingerprint
from jetgen.registry.plugin import Entry

__all__ = ["Memory"]

_FORGET_AFTER_DAYS = 30


class Memory:
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
            oldest = time.time() - _FORGET_AFTER_DAYS * 86400
            for other in self._folder.glob("*.json"):
                if other.stat().st_mtime < oldest:
                    other.unlink(missing_ok=True)

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
