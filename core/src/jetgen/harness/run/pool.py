"""The local pool: a thread for each cell, a fixed number at a time, each started when what it needs is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from jetgen.harness.store.log_records import RecordFollower
from jetgen.harness.store.plan import CellPlan, cell_folder

__all__ = ["run_pool"]

_PERIOD = 0.05


class _Running(NamedTuple):
    """A cell under way, and what its processes report."""

    cell: CellPlan
    log: RecordFollower
    end: Future[object]


def run_pool(
    run: Path,
    cells: Sequence[CellPlan],
    jobs: int,
    bring: Callable[[CellPlan, Event], object],
    *,
    started: Callable[[CellPlan], None],
    progress: Callable[[dict[str, Any]], None],
    finished: Callable[[CellPlan, BaseException | None], None],
) -> None:
    """Call ``bring`` with every cell in a thread of its own, ``jobs`` at a time; the threads only watch processes.

    An interrupt sets the event that ``bring`` is given, and is raised again when all have stopped; what was finished
    stays finished.

    Arguments:
        started, progress, finished: called in this thread, the last with what ``bring`` raised, if it did.
    """
    waiting, running, stop = list(cells), list[_Running](), Event()
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="cell") as threads:
        try:
            while waiting or running:
                for one in list(running):
                    over = one.end.done()
                    for record in one.log.new():
                        progress(record)
                    if over:
                        running.remove(one)
                        finished(one.cell, one.end.exception())
                unfinished = {cell.id for cell in waiting} | {one.cell.id for one in running}
                for cell in _ready(waiting, unfinished, jobs - len(running)):
                    waiting.remove(cell)
                    log = RecordFollower(cell_folder(run, cell.id) / "events.jsonl")
                    running.append(_Running(cell, log, threads.submit(bring, cell, stop)))
                    started(cell)
                time.sleep(_PERIOD)
        finally:
            stop.set()


def _ready(waiting: Sequence[CellPlan], unfinished: set[str], free: int) -> list[CellPlan]:
    """The first cells whose needs have ended, at most ``free``."""
    return [cell for cell in waiting if not unfinished.intersection(cell.needs.values())][: max(free, 0)]
