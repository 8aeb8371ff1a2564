"""The driver of a run: the pool, the hooks, and the results at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from jetgen.api.loading import first_line
from jetgen.errors import JetgenError, RunFolderError
from jetgen.harness.report.results import write_results
from jetgen.harness.run.cell import bring_to_row
from jetgen.harness.run.finished import finished_rows
from jetgen.harness.run.outcome import ended_row
from jetgen.harness.run.pool import run_pool
from jetgen.harness.run.tables import rows_of, table_rows
from jetgen.harness.store.plan import CellPlan, Plan, read_plan
from jetgen.harness.store.row import Row, read_row, write_row
from jetgen.harness.store.stages import Snapshot, StageStore
from jetgen.hooks import Hooks

__all__ = ["failures", "forget_failures", "run_plan"]


def run_plan(run: Path, plan: Plan, hooks: Hooks) -> list[Row]:
    """Bring every cell of ``plan`` to its row, and compile the results of the whole folder; the rows of ``plan``.

    The caller holds the folder by :func:`jetgen.harness.run.folder.locked`.

    Raises:
        RunFolderError: if the folder holds a run of another version, or if a cell needs one that is not in the plan.
    """
    _check_needs(plan)
    earlier = read_plan(run) if (run / "plan.json").exists() else None
    plan = plan.model_copy(update={"environment": hooks.environment()})
    plan = plan.beside(earlier) if earlier is not None else plan
    whole = plan.extended(earlier)
    whole.write(run)
    hooks.run_started(plan)
    try:
        rows = _run_cells(run, plan, hooks)
    finally:
        hooks.run_finished()
    ids = {cell.id for cell in plan.cells}
    everything, notes = table_rows(run, whole, rows_of(run, whole, rows), ids)
    write_results(run, everything, notes)
    return [row for row in everything if row.id in ids]


def _run_cells(run: Path, plan: Plan, hooks: Hooks) -> dict[str, Row]:
    """Start what is not finished, in one pass; with several jobs the timing waits for a second, one cell at a time.

    The rows, by cell, of those that were finished.
    """
    found: dict[str, Row] = {}
    session = f"{os.getpid()}.{time.time_ns()}"
    passes = [(1, True)] if plan.jobs == 1 else [(plan.jobs, False), (1, True)]
    cells = plan.cells
    for number, (jobs, timing) in enumerate(passes):
        rows = finished_rows(run, plan)
        for cell in [cell for cell in cells if cell.id in rows]:
            hooks.cell_finished(rows[cell.id])
        found |= rows
        cells = tuple(cell for cell in cells if cell.id not in rows)
        run_pool(
            run,
            cells,
            jobs,
            _bringer(run, plan, session, timing=timing),
            started=hooks.cell_started if number == 0 else _ignored,
            progress=hooks.progress,
            finished=_finisher(run, plan, hooks, last=number == len(passes) - 1),
        )
    return found


def failures(run: Path, plan: Plan) -> list[CellPlan]:
    """The cells that did not end well."""
    return [cell for cell in plan.cells if _did_not_end_well(cell, read_row(run, cell))]


def forget_failures(run: Path, plan: Plan, cells: Sequence[CellPlan]) -> None:
    """Forget the failed stages of some cells, so that they are tried again."""
    for cell in cells:
        StageStore(run, plan, cell).forget_failures()


def _did_not_end_well(cell: CellPlan, row: Row | None) -> bool:
    return row is None or row.bad or row.status == "truncated" or _waits_for_upstream(cell, row)


def _waits_for_upstream(cell: CellPlan, row: Row) -> bool:
    """Skipped, but not by the plan: then a cell that it needs did not end well."""
    return row.status == "skipped" and cell.skip is None


def _check_needs(plan: Plan) -> None:
    """Every cell that another needs is in the plan: the planner sees to that, a hook might not."""
    ids = {cell.id for cell in plan.cells}
    for cell in plan.cells:
        missing = [need for need in cell.needs.values() if need not in ids]
        if missing:
            msg = f"the cell {cell.id} needs {missing[0]}, which is not in the plan"
            raise RunFolderError(msg)


def _ignored(cell: CellPlan) -> None:
    """The second pass over a cell is no second start."""


def _bringer(run: Path, plan: Plan, session: str, *, timing: bool) -> Callable[[CellPlan, Event], Row]:
    """What brings one cell of a pass to its row."""

    def bring(cell: CellPlan, stop: Event) -> Row:
        return bring_to_row(StageStore(run, plan, cell), timing=timing, session=session, stop=stop)

    return bring


def _finisher(run: Path, plan: Plan, hooks: Hooks, *, last: bool) -> Callable[[CellPlan, BaseException | None], None]:
    """What is called with each cell of a pass that ended, and with the error that kept it from its row."""

    def finished(cell: CellPlan, error: BaseException | None) -> None:
        row = None
        if error is not None and not _complete(StageStore(run, plan, cell, Snapshot())):
            words = str(error) if isinstance(error, JetgenError) else first_line(error)
            row = ended_row(cell, "failed", words, phase="cell", error_type=type(error).__name__)
            with suppress(JetgenError):  # what is at fault may be its folder: the others go on
                write_row(run, row)
        row = read_row(run, cell) or row
        if last and row is not None:
            hooks.cell_finished(row)

    return finished


def _complete(store: StageStore) -> bool:
    """Whether the row of a cell that could not be run is still the one that its records amount to."""
    row = read_row(store.run, store.cell)
    return row is not None and row.status == "ok" and all(store.finished(stage) for stage in store.stages)
