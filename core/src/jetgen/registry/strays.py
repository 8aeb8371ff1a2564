"""Processes that a plugin leaves behind: found by a mark in their environment, and ended."""

from __future__ import annotations

import ctypes
import os
import sys
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import psutil

__all__ = ["MARK", "NO_STRAYS", "Strays", "adopt_orphans", "end_strays", "new_mark"]

MARK = "JETGEN_STAGE"
"""The environment variable that a child and all that it starts inherit, whatever session they make for themselves."""

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 3.0  # seconds: a process that waits for a disk or belongs to another user does not end
_PERIOD = 0.02


class Strays(NamedTuple):
    """What was found: the processes that were ended, and those that could not be."""

    ended: tuple[str, ...]
    left: tuple[str, ...]


NO_STRAYS = Strays((), ())


def new_mark() -> str:
    """A mark that no other child has."""
    return f"{os.getpid()}.{uuid.uuid4().hex}"


def adopt_orphans() -> None:
    """On Linux, let descendants that lose their parent become children of this process, and not of the first one.

    Who watches this process sees them then among its descendants, for their memory and their end.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without prctl
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_strays(mark: str, seen: Collection[psutil.Process] = ()) -> Strays:
    """Kill the processes that carry ``mark``, except this one, and those of ``seen`` that are still there.

    Arguments:
        seen: descendants of the marked child that were seen while it lived. One that has overwritten its environment
            carries no mark.
    """
    import psutil  # only where something is ended: listing plugins does not need it

    found: dict[psutil.Process, str] = {}
    until = time.monotonic() + _PATIENCE
    while alive := {*_marked(mark), *(process for process in seen if _alive(process))}:
        if time.monotonic() > until:
            break
        for process in alive:
            found.setdefault(process, _name(process))
            with suppress(psutil.Error):
                process.kill()
        time.sleep(_PERIOD)
    ended = tuple(name for process, name in found.items() if process not in alive)
    return Strays(ended, tuple(found.get(process) or _name(process) for process in alive))


def _marked(mark: str) -> Iterator[psutil.Process]:
    import psutil

    for number in psutil.pids():
        try:
            process = psutil.Process(number)
            if number != os.getpid() and process.environ().get(MARK) == mark and _alive(process):
                yield process
        except (psutil.Error, OSError):
            continue  # it has ended, or belongs to another user


def _alive(process: psutil.Process) -> bool:
    """Whether a process runs; a zombie, which nobody has waited for, has ended."""
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _name(process: psutil.Process) -> str:
    import psutil

    try:
        return f"{process.name()} (process {process.pid})"
    except psutil.Error:
        return f"process {process.pid}"
