"""Recognise the cells for which a run has nothing to do, without starting a process for each."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from jetgen.harness.run.outcome import is_whole, row_without_run
from jetgen.harness.store.plan import Plan
from jetgen.harness.store.row import Row, read_row, write_row
from jetgen.harness.store.stages import Snapshot, StageStore

__all__ = ["finished_rows"]


def finished_rows(run: Path, plan: Plan) -> dict[str, Row]:
    """The rows, by cell, that a run of the cell would leave as they are.

    A cell is left to its own process if one that it needs is, since nobody knows yet how that one ends.
    """
    snapshot = Snapshot()
    rows: dict[str, Row] = {}
    sound: set[str] = set()  # cells that others need, and whose outputs were read to their end
    for cell in plan.cells:
        store = StageStore(run, plan, cell, snapshot)
        row = _finished_row(store, rows)
        if row is not None:
            rows[cell.id] = row
            continue
        for need in cell.needs.values():  # its training will start from what these left: an edited one is made again
            if need not in rows or need in sound:
                continue
            if store.of(need).forget_edited():
                del rows[need]
            else:
                sound.add(need)
    return rows


def _finished_row(store: StageStore, finished: Collection[str]) -> Row | None:
    cell = store.cell
    if any(need not in finished for need in cell.needs.values()):
        return None
    row, without_run = read_row(store.run, cell), row_without_run(store)
    if without_run is not None:
        if row != without_run:
            write_row(store.run, without_run)
        return without_run
    return row if row is not None and not store.due() and is_whole(row, store) else None
