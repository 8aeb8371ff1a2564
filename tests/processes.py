"""What tests of killed processes share."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psutil

__all__ = ["gone"]


def gone(processes: Sequence[psutil.Process], patience: float = 30.0) -> bool:
    """Whether all of the processes end within so many seconds; a zombie, which nobody has waited for, has ended."""
    end = time.monotonic() + patience
    while any(_alive(process) for process in processes):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
