"""One of the two sides: a process that is asked for one case at a time, and whose memory is watched meanwhile."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil

__all__ = ["Side"]

_HERE = Path(__file__).resolve().parent
_EVERY, _CHILDREN_EVERY = 0.05, 0.5


class Side:
    """A worker of this package, run by some Python. It idles while the other side works.

    Arguments:
        python: the interpreter of its environment.
        module: ``ours`` or ``theirs``.
        log: a file for what its libraries print.
    """

    def __init__(self, python: str, module: str, log: Path) -> None:
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [python, "-m", f"metrics_speed.{module}"],
                cwd=_HERE.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ask(self, **request: Any) -> dict[str, Any]:
        """The worker's answer, with the peak of resident memory (MiB) of it and its children as ``memory``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with _Watch(self._process.pid) as watch:
            try:
                self._process.stdin.write(json.dumps(request, default=str) + "\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except BrokenPipeError:
                line = ""
        if not line:
            return {"error": f"the process ended with status {self._process.wait()}; see {self._log}"}
        return {"memory": watch.peak, **json.loads(line)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # the end of its input ends it


class _Watch:
    """Looks at the memory of a process often, and rarely at that of its children, which is costly to ask for."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._own = self._below = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def peak(self) -> float:
        """MiB of the process, and of what its children do not share with it."""
        return (self._own + self._below) / 2**20

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        looked = time.monotonic()
        while True:
            over = self._over.wait(_EVERY)
            with suppress(psutil.Error):  # it may have died
                self._own = max(self._own, self._process.memory_info().rss)
                if time.monotonic() - looked > _CHILDREN_EVERY:
                    looked = time.monotonic()
                    self._below = max(self._below, sum(map(_unshared, self._process.children(recursive=True))))
            if over:
                return


def _unshared(child: psutil.Process) -> int:
    try:
        return int(child.memory_full_info().uss)
    except psutil.Error:  # it has just ended
        return 0
