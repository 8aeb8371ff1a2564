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

import psutil

from jetgen.harness.run.lifeline import LIFELINE
from jetgen.harness.store.log_records import cut_log
from jetgen.registry.strays import MARK, NO_STRAYS, Strays, end_strays, new_mark

__all__ = ["Child", "Ending", "StoppedError", "start", "supervise"]


Reason = Literal["exit", "timeout", "memory"]
_PERIOD = 0.05  # seconds between two looks at a child
_MEMORY_PERIOD = 0.25  # walking the process table costs more than a look
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
    strays: Strays = NO_STRAYS


class Child:
    """A started command; :meth:`stop` and :meth:`clear` end it with everything that it started."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: int, mark: str, log: Path) -> None:
        self.process = process
        self._lifeline = lifeline
        self._mark = mark
        self._log = log
        self._seen: set[psutil.Process] = set()
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
        return self.process.returncode

    def memory(self) -> int:
        """Bytes that the command and its children hold now."""
        total = 0
        for one in self._family():
            with suppress(psutil.Error):  # it ended between two looks
                total += one.memory_info().rss
        self.peak_bytes = max(self.peak_bytes, total)
        return total

    def stop(self) -> int:
        """SIGTERM to the process group, then SIGKILL; the exit status."""
        self._family()
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _TERM_PATIENCE
        while self.status() is None and time.monotonic() < end:
            time.sleep(_PERIOD)
        self._signal(signal.SIGKILL)
        while (status := self.status()) is None:
            time.sleep(_PERIOD)
        return status

    def clear(self) -> Strays:
        """End what the ended command left behind: it must not share the machine with the next one."""
        cut_log(self._log)
        self._signal(signal.SIGKILL)
        return end_strays(self._mark, self._seen)

    def cut_log(self) -> None:
        """Keep the log of its output within bounds."""
        cut_log(self._log)

    def _family(self) -> list[psutil.Process]:
        """The command and what descends from it; the latter is remembered."""
        try:
            main = psutil.Process(self.process.pid)
            children = main.children(recursive=True)
        except psutil.Error:
            return []
        self._seen.update(children)
        return [main, *children]

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
    mark = new_mark()
    ours, theirs = os.pipe()
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, LIFELINE: str(ours), MARK: mark},
                pass_fds=[ours],
                start_new_session=True,
            )
    except OSError:
        os.close(theirs)
        raise
    finally:
        os.close(ours)
    return Child(process, theirs, mark, log)


def supervise(child: Child, limit: float, memory_bytes: int, stop: Event | None = None) -> Ending:
    """Wait for ``child``; stop it after ``limit`` seconds or when it holds more than ``memory_bytes``.

    Raises:
        StoppedError: if ``stop`` is set before the child has ended; the child is stopped first.
    """
    status, reason = _watch(child, limit, memory_bytes, stop or Event())
    seconds = child.seconds
    return Ending(status, reason, seconds, child.peak_bytes, child.clear())


def _watch(child: Child, limit: float, memory_bytes: int, stop: Event) -> tuple[int, Reason]:
    look = 0.0
    while (status := child.status()) is None:
        if child.seconds > limit:
            return child.stop(), "timeout"
        if child.seconds >= look:
            if child.memory() > memory_bytes:
                return child.stop(), "memory"
            child.cut_log()
            look = child.seconds + _MEMORY_PERIOD
        if stop.wait(_PERIOD):
            child.stop()
            child.clear()
            raise StoppedError
    return status, "exit"
