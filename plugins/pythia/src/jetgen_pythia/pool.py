"""Simulate shards in parallel, in worker processes that end with this process."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from types import TracebackType
from typing import IO, NoReturn, Self

from jetgen.api.context import RunContext
from jetgen.errors import JetgenError
from jetgen.io.shards import write_definition

from jetgen_pythia.processes import definition
from jetgen_pythia.shards import Shard

__all__ = ["make_shards", "prepare_shards"]

_COMMAND = (sys.executable, "-P", "-m", "jetgen_pythia.worker")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def prepare_shards(wanted: Sequence[Shard], ctx: RunContext, unit: str = "jets") -> None:
    """Simulate the shards that are missing or damaged, in ``ctx.threads`` processes, and report progress.

    Arguments:
        wanted: one or more shards, of equal size.
        unit: what the clouds are called in reports.

    Raises:
        JetgenError: if a worker fails, or the cache cannot be written.
    """
    size = wanted[0].size
    for folder, process in {shard.home: shard.process for shard in wanted}.items():
        write_definition(folder, definition(process), size)
    missing = [shard for shard in wanted if not shard.intact()]
    done = count(len(wanted) - len(missing))

    def report() -> None:
        ctx.report("progress", done=next(done) * size, total=len(wanted) * size, unit=unit)

    report()
    make_shards(missing, ctx.threads, report)


def make_shards(missing: Sequence[Shard], processes: int, ready: Callable[[], None]) -> None:
    """Simulate the shards, each once, even if other processes prepare some of them at the same time.

    Arguments:
        processes: the number of workers; at least one is started, and at most one per shard.
        ready: called in this process after each shard that is ready.

    Raises:
        JetgenError: if a worker fails or dies; the other workers are then stopped.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker()) for _ in range(min(max(1, processes), len(missing)))]
        locked = _round(workers, missing, ready, wait=False)
        # Now wait for the other processes; if one died, its shards are simulated here.
        _round(workers, locked, ready, wait=True)


def _round(workers: Sequence[_Worker], todo: Sequence[Shard], ready: Callable[[], None], *, wait: bool) -> list[Shard]:
    """Order every shard once. The result are the shards that other processes have locked, if ``wait`` is False."""
    waiting, locked = deque(todo), []
    with selectors.DefaultSelector() as selector:
        for worker in workers[: len(waiting)]:
            worker.order(waiting.popleft(), wait=wait)
            selector.register(worker.answers, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                worker = key.data
                if worker.answer() == "busy":
                    locked.append(worker.shard)
                else:
                    ready()
                if waiting:
                    worker.order(waiting.popleft(), wait=wait)
                else:
                    selector.unregister(key.fileobj)
    return locked


class _Worker:
    """One worker process: it takes one order at a time, as a line of JSON, and answers each with a line."""

    shard: Shard

    def __init__(self) -> None:
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (closed below)
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=os.environ | _ONE_THREAD,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    @property
    def answers(self) -> IO[str]:
        """The pipe that becomes readable when the order is answered."""
        assert self._process.stdout is not None
        return self._process.stdout

    def order(self, shard: Shard, *, wait: bool) -> None:
        """Send the next order.

        Raises:
            JetgenError: if the worker is dead.
        """
        self.shard = shard
        line = {"home": str(shard.home), "process": shard.process, "split": shard.split, "index": shard.index}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line | {"wait": wait}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._died()

    def answer(self) -> str:
        """The answer to the last order: ``made``, ``there`` or ``busy``; see :func:`jetgen_pythia.worker.make`.

        Raises:
            JetgenError: if the worker failed or died.
        """
        line = self.answers.readline()
        if not line.endswith("\n"):
            self._died()
        answer = json.loads(line)
        if answer["state"] == "failed":
            raise JetgenError(answer["message"])
        return str(answer["state"])

    def _died(self) -> NoReturn:
        status = self._process.wait()
        self._stderr.seek(0)
        last = (self._stderr.read().strip().splitlines() or ["no output"])[-1]
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        msg = f"a worker died while it simulated {self.shard.name} ({how}: {last}); run it again, finished shards stay"
        raise JetgenError(msg)
