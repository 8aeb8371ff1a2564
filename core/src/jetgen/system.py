"""What surrounds us: the cache folder, the usable CPU cores, the terminal."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from jetgen.errors import UsageError, plain

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["cache_folder", "console", "core_limit", "usable_cores"]


_CGROUP = Path("/sys/fs/cgroup")


def cache_folder() -> Path:
    """The folder in the environment variable ``JETGEN_CACHE``, else the cache folder of the platform.

    Raises:
        UsageError: if ``JETGEN_CACHE`` names the home of a user that does not exist.
    """
    named = os.environ.get("JETGEN_CACHE")
    try:
        folder = Path(named or platformdirs.user_cache_dir("jetgen")).expanduser()
    except RuntimeError as error:
        if named:
            msg = f"JETGEN_CACHE is {named}: {error}; name a folder in full"
            raise UsageError(msg) from error
        # No HOME, and a user without an entry in the table of users: a container.
        folder = Path(tempfile.gettempdir()) / f"jetgen-{os.getuid()}"
    return folder


def usable_cores() -> int:
    """The number of CPU cores that this process may use; the machine may have more."""
    return core_limit()[0]


def core_limit() -> tuple[int, str]:
    """The number of CPU cores that this process may use, and what says so."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [(affinity, "the machine"), *_batch_limits(), *_group_limits()]
    return min(limits, key=lambda limit: limit[0])


def _batch_limits() -> Iterator[tuple[int, str]]:
    """What a batch system or the user grants."""
    for name in ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK", "_CONDOR_NCPUS"):
        text = os.environ.get(name, "").partition(",")[0].strip()  # OpenMP has one number for each level
        if text.isdecimal() and int(text) > 0:
            yield int(text), name


def _group_limits() -> Iterator[tuple[int, str]]:
    """The quota of a container: microseconds of CPU in each period, cgroups of version 2 and 1."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((_CGROUP / name).read_text() for name in files).split()[:2]
            if int(quota) > 0:
                yield max(1, round(int(quota) / int(period))), "the quota of the container"
        except (OSError, ValueError, ZeroDivisionError):
            continue  # no such file, or no limit: "max", -1


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console of rich that shows strings as they are: what others wrote is neither markup nor a command."""
    from rich.console import Console
    from rich.text import Text

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(plain(text), **options)

    return PlainConsole(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)
