"""Worker processes that make shards side by side, and end when we end."""

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
from types import TracebackType
from typing import IO, NoReturn, Self

from jetgen.api.context import RunContext
from jetgen.errors import JetgenError
from jetgen.io.shards import write_definition

from jetgen_pythia.recipe import definition
from jetgen_pythia.shards import SHARD, Shard

__all__ = ["make_shards", "prepare_shards"]


_COMMAND = (sys.executable, "-P", "-m", "jetgen_pythia.worker")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def make_shards(missing: Sequence[Shard], processes: int, ready: Callable[[], None]) -> None:
    """Make the shards, each once, even while other processes make some of them.

    Arguments:
        processes: how many workers; at least one, and at most one a shard.
        ready: called here after each shard that has become ready.

    Raises:
        JetgenError: what a worker could not do, or that it died; the other workers are then stopped.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker()) for _ in range(min(max(1, processes), len(missing)))]
        busy = _round(workers, missing, ready, wait=False)
        # What others had under way is waited for, and made here if they died.
        _round(workers, busy, ready, wait=True)


def _round(workers: Sequence[_Worker], todo: Sequence[Shard], ready: Callable[[], None], *, wait: bool) -> list[Shard]:
    """Go through the shards once; those that others are busy with come back."""
    waiting, busy = deque(todo), []
    with selectors.DefaultSelector() as selector:
        for worker in workers[: len(waiting)]:
            worker.order(waiting.popleft(), wait=wait)
            selector.register(worker.answers, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                worker = key.data
                if worker.answer() == "busy":
                    busy.append(worker.shard)
                else:
                    ready()
                if waiting:
                    worker.order(waiting.popleft(), wait=wait)
                else:
                    selector.unregister(key.fileobj)
    return busy


class _Worker:
    """One worker process; it has one order at a time."""

    shard: Shard

    def __init__(self) -> None:
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (ours)
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
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
        self._complaints.close()

    @property
    def answers(self) -> IO[str]:
        """The pipe that becomes readable when the order is done."""
        assert self._process.stdout is not None
        return self._process.stdout

    def order(self, shard: Shard, *, wait: bool) -> None:
        """Send the next order; a dead worker is noticed when its answer is read."""
        self.shard = shard
        line = {"home": str(shard.home), "parton": shard.parton, "split": shard.split, "index": shard.index}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line | {"wait": wait}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._died()

    def answer(self) -> str:
        """What became of the order: ``made``, ``there`` or ``busy``."""
        line = self.answers.readline()
        if not line.endswith("\n"):
            self._died()
        answer = json.loads(line)
        if answer["state"] == "failed":
            raise JetgenError(answer["message"])
        return str(answer["state"])

    def _died(self) -> NoReturn:
        status = self._process.wait()
        self._complaints.seek(0)
        last = (self._complaints.read().strip().splitlines() or ["it said nothing"])[-1]
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        msg = f"a worker died while it simulated {self.shard.name} ({how}: {last}); what was done is kept, run it again"
        raise JetgenError(msg)


def prepare_shards(wanted: Sequence[Shard], ctx: RunContext) -> None:
    """Simulate the shards that are missing or damaged, in ``ctx.threads`` processes; what is there stays."""
    for folder, parton in {shard.home: shard.parton for shard in wanted}.items():
        write_definition(folder, definition(parton), SHARD)
    missing = [shard for shard in wanted if not shard.intact()]
    done = len(wanted) - len(missing)

    def tell() -> None:
        ctx.report("progress", done=done * SHARD, total=len(wanted) * SHARD, unit="jets")

    def ready() -> None:
        nonlocal done
        done += 1
        tell()

    tell()
    make_shards(missing, ctx.threads, ready)
