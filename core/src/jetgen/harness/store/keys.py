"""What makes a finished stage stale: canonical hashes of its inputs and of the code that it really loaded."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["changed_modules", "digest", "family", "loaded_modules", "torch_version"]


# What starts and records stages decides when one runs, not what it computes: an edit there retrains nothing.
_ORCHESTRATION = ("jetgen.harness.", "jetgen.registry.")
_STAGES = "jetgen.harness.run.stages."


def digest(document: Any) -> str:
    """SHA-256 of the canonical JSON of ``document``: sorted keys, no spaces, no NaN.

    >>> digest({"a": 1, "b": [2.0]}) == digest({"b": [2.0], "a": 1})
    True
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def family(targets: Collection[str]) -> frozenset[str]:
    """The top-level packages whose code counts: jetgen, its plugins' own, and those of ``targets``."""
    return frozenset({"jetgen", *(target.split(":")[0].split(".")[0] for target in targets)})


def loaded_modules(packages: Collection[str]) -> dict[str, str]:
    """SHA-256 of the source of every loaded module of ``packages``, and of all packages called ``jetgen_*``.

    The modules that only start and record stages are left out.
    """
    found: dict[str, str] = {}
    for name, module in sorted(sys.modules.items()):
        top = name.split(".")[0]
        path = getattr(module, "__file__", None)
        ours = top in packages or top.startswith("jetgen_")
        if path is not None and ours and not _orchestrates(name):
            found[name] = _file_digest(Path(path)) or "unreadable"
    return found


def _orchestrates(module: str) -> bool:
    """Whether a module only starts and records stages."""
    return f"{module}.".startswith(_ORCHESTRATION) and not f"{module}.".startswith(_STAGES)


def changed_modules(modules: Mapping[str, str]) -> list[str]:
    """Those of the recorded modules whose source is another one now, found without importing them."""
    return [name for name, recorded in modules.items() if _source_digest(name) != recorded]


def torch_version() -> str | None:
    """The version of torch that is installed, without importing it."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def _source_digest(name: str) -> str | None:
    root = _package_root(name.split(".", maxsplit=1)[0])
    if root is None:
        return None
    place = root.joinpath(*name.split(".")[1:])
    # A namespace or a single-file module has no folder; a package's own source is its __init__.py.
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return _file_digest(path)
    return None


@cache
def _package_root(top: str) -> Path | None:
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if found is None or found.origin is None:
        return None
    origin = Path(found.origin)
    return origin.parent if origin.name == "__init__.py" else origin.with_suffix("")


def _file_digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
