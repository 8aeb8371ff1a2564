"""Where made and fetched data are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["cache_folder", "usable_cores"]


def cache_folder() -> Path:
    """The folder named by the environment variable ``JETGEN_CACHE``, else the platform's own cache folder."""
    named = os.environ.get("JETGEN_CACHE")
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("jetgen"))


def usable_cores() -> int:
    """The cores that the system lets this process run on, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
