"""What surrounds us: the cache folder, the usable CPU cores, the terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from jetgen.errors import plain

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["cache_folder", "console", "usable_cores"]


def cache_folder() -> Path:
    """The folder in the environment variable ``JETGEN_CACHE``, else the cache folder of the platform."""
    named = os.environ.get("JETGEN_CACHE")
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("jetgen"))


def usable_cores() -> int:
    """The number of CPU cores that this process may use; the machine may have more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console of rich that shows strings as they are: what others wrote is neither markup nor a command."""
    from rich.console import Console
    from rich.text import Text

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(plain(text), **options)

    return PlainConsole(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)
