"""The local pool: cells as child processes, a fixed number at a time, each started when what it needs is there."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jetgen.harness.run.supervise import Child, start
from jetgen.harness.store.log_records import RecordFollower
from jetgen.harness.store.plan import CellPlan, cell_folder

__all__ = ["CELL_FAILED", "run_pool"]

CELL_FAILED = 1
"""Exit status of `jetbench cell` when the row that it wrote tells of a failure."""

_PERIOD = 0.1


class _Running:
    """A cell under way: its process, and what its processes report."""

    def __init__(self, run: Path, cell: CellPlan, options: Sequence[str]) -> None:
        folder = cell_folder(run, cell.id)
        folder.mkdir(parents=True, exist_ok=True)
        self.cell = cell
        self.log = RecordFollower(folder / "events.jsonl")
        command = [sys.executable, "-m", "jetgen.cli", "cell", str(run), cell.id, *options]
        self.child: Child = start(command, folder / "log.txt", {})


def run_pool(
    run: Path,
    cells: Sequence[CellPlan],
    jobs: int,
    *,
    options: Sequence[str] = (),
    started: Callable[[CellPlan], None],
    progress: Callable[[dict[str, Any]], None],
    finished: Callable[[CellPlan, int], None],
) -> None:
    """Run every cell by `jetbench cell`, ``jobs`` at a time; ``finished`` is called with the exit status of each.

    An interrupt stops what is under way and is raised again; what was finished stays finished.
    """
    waiting = list(cells)
    running: list[_Running] = []
    with _stopping(running):
        while waiting or running:
            for one in list(running):
                for record in one.log.new():
                    progress(record)
                status = one.child.status()
                if status is not None:
                    running.remove(one)
                    for record in one.log.new():
                        progress(record)
                    finished(one.cell, status)
            unfinished = {cell.id for cell in waiting} | {one.cell.id for one in running}
            for cell in _ready(waiting, unfinished, jobs - len(running)):
                waiting.remove(cell)
                running.append(_Running(run, cell, options))
                started(cell)
            time.sleep(_PERIOD)


def _ready(waiting: Sequence[CellPlan], unfinished: set[str], free: int) -> list[CellPlan]:
    """The first cells whose needs have ended, at most ``free``."""
    return [cell for cell in waiting if not unfinished.intersection(cell.needs.values())][: max(free, 0)]


@contextmanager
def _stopping(running: list[_Running]) -> Iterator[None]:
    try:
        yield
    finally:
        for one in running:
            one.child.stop()
