"""Run a command as a process group of its own, with a hard limit on its time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import psutil

from jetgen.harness.run.lifeline import LIFELINE

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


class Child:
    """A started command; :meth:`stop` ends it with everything that it started."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: int) -> None:
        self.process = process
        self._lifeline = lifeline
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
                self.kill()  # what it left behind must not share the machine with the next one
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
        strays = self._descendants()
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _TERM_PATIENCE
        while self.status() is None and time.monotonic() < end:
            time.sleep(_PERIOD)
        self._signal(signal.SIGKILL)
        for stray in strays:  # those that made a session of their own
            try:
                stray.kill()
            except psutil.Error:
                continue
        while (status := self.status()) is None:
            time.sleep(_PERIOD)
        return status

    def kill(self) -> None:
        """SIGKILL to the process group, at once and without a word."""
        self._signal(signal.SIGKILL)

    def _descendants(self) -> list[psutil.Process]:
        try:
            return list(psutil.Process(self.process.pid).children(recursive=True))
        except psutil.Error:
            return []

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
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, LIFELINE: str(ours)},
                pass_fds=[ours],
                start_new_session=True,
            )
    except OSError:
        os.close(theirs)
        raise
    finally:
        os.close(ours)
    return Child(process, theirs)


def supervise(child: Child, limit: float, memory_bytes: int, stop: Event | None = None) -> Ending:
    """Wait for ``child``; stop it after ``limit`` seconds or when it holds more than ``memory_bytes``.

    Raises:
        StoppedError: if ``stop`` is set before the child has ended; the child is stopped first.
    """
    stop, look = stop or Event(), 0.0
    while (status := child.status()) is None:
        if child.seconds > limit:
            return Ending(child.stop(), "timeout", child.seconds, child.peak_bytes)
        if child.seconds >= look:
            if child.memory() > memory_bytes:
                return Ending(child.stop(), "memory", child.seconds, child.peak_bytes)
            look = child.seconds + _MEMORY_PERIOD
        if stop.wait(_PERIOD):
            child.stop()
            raise StoppedError
    return Ending(status, "exit", child.seconds, child.peak_bytes)
