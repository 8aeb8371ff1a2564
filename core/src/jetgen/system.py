"""Facts of the system: the cache folder and the usable CPU cores."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["cache_folder", "usable_cores"]


def cache_folder() -> Path:
    """The folder in the environment variable ``JETGEN_CACHE``, else the cache folder of the platform."""
    named = os.environ.get("JETGEN_CACHE")
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("jetgen"))


def usable_cores() -> int:
    """The number of CPU cores that this process may use; the machine may have more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
