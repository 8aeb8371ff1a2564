"""The rows that stand in the tables of a run folder: those of the code of today, or all if none is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from jetgen.harness.store.plan import Plan
from jetgen.harness.store.row import Row, read_row
from jetgen.harness.store.stages import Snapshot, StageStore

__all__ = ["rows_of", "table_rows"]


def rows_of(run: Path, plan: Plan, known: Mapping[str, Row] | None = None) -> list[Row]:
    """The rows that the cells of a plan have so far; those that are ``known`` by cell are not read again."""
    known = known or {}
    return [row for cell in plan.cells if (row := known.get(cell.id) or read_row(run, cell)) is not None]


def table_rows(run: Path, plan: Plan, rows: Sequence[Row], ran: Collection[str] = ()) -> tuple[list[Row], list[str]]:
    """The rows for the tables, and what is said of those that are left out.

    Scores of different code do not stand beside each other. A folder of which nothing is of today, such as one from
    before an update, is shown as it is.

    Arguments:
        ran: the cells that a command has just run; they are of today, however they ended.
    """
    scored = [row for row in rows if row.scores and row.id not in ran]
    snapshot = Snapshot()
    outdated = [row for row in scored if _is_outdated(StageStore(run, plan, plan.cell(row.id), snapshot))]
    if not outdated:
        return list(rows), []
    if not ran and len(outdated) == len(scored):
        return list(rows), ["these rows are not of the code of today; the same commands again make them anew"]
    several = f"{len(outdated)} rows of earlier commands are" if len(outdated) > 1 else f"{outdated[0].id} is"
    left_out = {row.id for row in outdated}
    return [row for row in rows if row.id not in left_out], [
        f"{several} not of the code of today and left out; run the commands again"
    ]


def _is_outdated(store: StageStore) -> bool:
    return any(store.of_other_source(stage) for stage in store.stages)
