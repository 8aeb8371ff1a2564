"""What makes a finished stage stale: canonical hashes of its inputs and of the code that it really loaded."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import sysconfig
from collections.abc import Collection, Mapping
from importlib.machinery import PathFinder
from pathlib import Path

from jetgen.harness.store.plan import MetricPlan
from jetgen.harness.store.sources import SourceDigests

__all__ = [
    "CodeOfToday",
    "changed_modules",
    "family",
    "loaded_modules",
    "metric_modules",
    "torch_version",
    "uncovered_packages",
]


# What starts and records stages decides when one runs, not what it computes: an edit there retrains nothing.
_ORCHESTRATION = ("jetgen.harness.", "jetgen.registry.")
_STAGES = "jetgen.harness.run.stages."
_JUDGING = ("jetgen.metrics.", "jetgen.evaluation.", f"{_STAGES}metric.")
_SHARED = ("jetgen.data.", "jetgen.torch.")
_NOBODYS = ("__main__", "__mp_main__", "sitecustomize", "usercustomize")

UNREADABLE = "unreadable"
"""Stands for the digest of a module whose file is missing, or inside an archive."""


def family(targets: Collection[str]) -> frozenset[str]:
    """The top-level packages whose code counts: jetgen, its plugins' own, and those of ``targets``."""
    return frozenset({"jetgen", *(target.split(":")[0].split(".")[0] for target in targets)})


def loaded_modules(packages: Collection[str]) -> dict[str, str]:
    """The digest of the source of every loaded module of ``packages``, and of all packages called ``jetgen_*``.

    The modules that only start and record stages are left out.
    """
    found: dict[str, str] = {}
    sources = SourceDigests()
    for name, module in sorted(sys.modules.items()):
        top = name.split(".")[0]
        path = getattr(module, "__file__", None)
        ours = top in packages or top.startswith("jetgen_")
        if isinstance(path, str) and ours and not _orchestrates(name):
            found[name] = sources.digest(Path(path)) or UNREADABLE
    sources.save()
    return found


def metric_modules(metric: MetricPlan, modules: Mapping[str, str]) -> dict[str, str]:
    """Of the modules that a metric stage loaded, those that decide what the metric says of given clouds.

    Data and generators have versions of their own. A metric that asks the trained model has loaded the layers of that
    model too: of the code that models share it has none.
    """
    own = metric.module.split(".")[0]
    rooms = [*_JUDGING] if "model" in metric.spec.needs else [*_JUDGING, *_SHARED]
    if own != "jetgen":
        rooms.append(f"{own}." if "model" not in metric.spec.needs else f"{metric.module}.")
    return {name: digest for name, digest in modules.items() if f"{name}.".startswith(tuple(rooms))}


def uncovered_packages(packages: Collection[str]) -> list[str]:
    """The loaded top-level packages that are neither of ``packages`` nor installed: code that somebody may edit.

    Installed is what lies in the folders of the standard library and of site-packages. An editable installation lies
    elsewhere.
    """
    installed = [Path(folder).resolve() for folder in {*sysconfig.get_paths().values()}]
    found = []
    for name, module in sorted(sys.modules.items()):
        if "." in name or name in packages or name.startswith("jetgen_") or name in _NOBODYS:
            continue
        # A folder without __init__.py has no file. Submodules are not asked: those of torch tell of none that exists.
        places = [getattr(module, "__file__", None), *_folders(module)]
        place = next((Path(place).resolve() for place in places if isinstance(place, str) and place), None)
        if place is not None and not any(place.is_relative_to(folder) for folder in installed):
            found.append(name)
    return found


def _folders(module: object) -> list[object]:
    """Where a package looks for its modules. What stands in ``sys.modules`` may be anything."""
    try:
        return list(getattr(module, "__path__", ()))
    except Exception:  # noqa: BLE001 (as above)
        return []


def _orchestrates(module: str) -> bool:
    """Whether a module only starts and records stages."""
    return f"{module}.".startswith(_ORCHESTRATION) and not f"{module}.".startswith(_STAGES)


class CodeOfToday:
    """The code as it is now, found without importing it; each module is looked at once, when it is first asked for."""

    def __init__(self) -> None:
        self._sources = SourceDigests()
        self._digests: dict[str, str] = {}

    def changed(self, modules: Mapping[str, str]) -> list[str]:
        """Those of the recorded modules whose source is another one now."""
        changed = [name for name, recorded in modules.items() if self._digest(name) != recorded]
        self._sources.save()
        return changed

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            path = _origin(name)
            self._digests[name] = (self._sources.digest(path) if path is not None else None) or UNREADABLE
        return self._digests[name]


def changed_modules(modules: Mapping[str, str]) -> list[str]:
    """Those of the recorded modules whose source is another one now, found without importing them."""
    return CodeOfToday().changed(modules)


def torch_version() -> str | None:
    """The version of torch that is installed, without importing it."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def _origin(name: str) -> Path | None:
    """The file that ``import name`` would load, found without importing its parents."""
    top, _, rest = name.partition(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    for part in rest.split(".") if rest else ():
        # A package without __init__.py has folders as well; a single-file module has none.
        if spec is None or spec.submodule_search_locations is None:
            return None
        # By its last name: a folder without __init__.py looks its parents up among the imported modules.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return Path(spec.origin) if spec is not None and spec.origin is not None else None
