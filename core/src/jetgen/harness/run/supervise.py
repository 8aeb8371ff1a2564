"""Run a command as a process group of its own, with a hard limit on its time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal
from uuid import uuid4

import psutil

from jetgen.harness.run.lifeline import LIFELINE

__all__ = ["Child", "Ending", "StoppedError", "start", "supervise"]


Reason = Literal["exit", "timeout", "memory"]
_PERIOD = 0.05  # seconds between two looks at a child
_MEMORY_PERIOD = 0.25  # walking the process table costs more than a look
_MARK = "JETGEN_STAGE"
_STRAY_PATIENCE = 2.0
_TERM_PATIENCE = 3.0  # seconds between SIGTERM and SIGKILL


class StoppedError(Exception):
    """The run is being stopped: what was under way has ended, and nothing is said of it."""


@dataclass(frozen=True)
class Ending:
    """How a command ended: ``status`` as by ``subprocess`` (negative: the signal), and what it took."""

    status: int
    reason: Reason
    seconds: float
    peak_bytes: int
    survivors: tuple[int, ...] = ()
    """The numbers of processes that it left behind and that could not be ended."""


class Child:
    """A started command; its end is that of everything that it started, whatever session that has made for itself.

    All of them inherit a mark in their environment, by which they are found.
    """

    def __init__(self, process: subprocess.Popen[bytes], lifeline: int, mark: str) -> None:
        self.process = process
        self.survivors: tuple[int, ...] = ()
        self._lifeline = lifeline
        self._mark = mark
        self._started = time.monotonic()
        self.peak_bytes = 0

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the start."""
        return time.monotonic() - self._started

    def status(self) -> int | None:
        """The exit status, or None while it runs; it also keeps the kernel's word on peak memory."""
        if self.process.returncode is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                unit = 1 if sys.platform == "darwin" else 1024
                self.peak_bytes = max(self.peak_bytes, usage.ru_maxrss * unit)
                self._close()
                self.kill()
                self._end_strays()  # what it left behind must not share the machine with the next one
        return self.process.returncode

    def memory(self) -> int:
        """Bytes that the command and its children hold now."""
        total = 0
        try:
            main = psutil.Process(self.process.pid)
            for one in (main, *main.children(recursive=True)):
                total += one.memory_info().rss
        except psutil.Error:
            pass  # it ended between two looks
        self.peak_bytes = max(self.peak_bytes, total)
        return total

    def stop(self) -> int:
        """SIGTERM to the process group, then SIGKILL; the exit status."""
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _TERM_PATIENCE
        while self.status() is None and time.monotonic() < end:
            time.sleep(_PERIOD)
        self._signal(signal.SIGKILL)
        while (status := self.status()) is None:
            time.sleep(_PERIOD)
        return status

    def kill(self) -> None:
        """SIGKILL to the process group, at once and without a word."""
        self._signal(signal.SIGKILL)

    def _end_strays(self) -> None:
        """End the processes with our mark, again while new ones come."""
        end = time.monotonic() + _STRAY_PATIENCE
        while (strays := self._strays()) and time.monotonic() < end:
            for stray in strays:
                with suppress(psutil.Error):
                    stray.kill()
            psutil.wait_procs(strays, timeout=_PERIOD)
        self.survivors = tuple(stray.pid for stray in strays)

    def _strays(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):  # of other users, or gone meanwhile
                if process.environ().get(_MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left in the group

    def _close(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


def start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Child:
    """Start ``command`` in a session of its own, its output appended to ``log``; it dies when we do."""
    ours, theirs = os.pipe()
    mark = uuid4().hex
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, LIFELINE: str(ours), _MARK: mark},
                pass_fds=[ours],
                start_new_session=True,
            )
    except OSError:
        os.close(theirs)
        raise
    finally:
        os.close(ours)
    return Child(process, theirs, mark)


def supervise(child: Child, limit: float, memory_bytes: int, stop: Event | None = None) -> Ending:
    """Wait for ``child``; stop it after ``limit`` seconds or when it holds more than ``memory_bytes``.

    Raises:
        StoppedError: if ``stop`` is set before the child has ended; the child is stopped first.
    """
    stop, look = stop or Event(), 0.0
    while (status := child.status()) is None:
        if child.seconds > limit:
            return Ending(child.stop(), "timeout", child.seconds, child.peak_bytes, child.survivors)
        if child.seconds >= look:
            if child.memory() > memory_bytes:
                return Ending(child.stop(), "memory", child.seconds, child.peak_bytes, child.survivors)
            look = child.seconds + _MEMORY_PERIOD
        if stop.wait(_PERIOD):
            child.stop()
            raise StoppedError
    return Ending(status, "exit", child.seconds, child.peak_bytes, child.survivors)
