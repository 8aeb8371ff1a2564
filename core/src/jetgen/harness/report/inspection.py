"""What a user asks of a run folder: where it stands, and why a cell would run again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetgen.harness.store.log_records import read_log
from jetgen.harness.store.plan import CellPlan, Plan, cell_folder
from jetgen.harness.store.row import read_row
from jetgen.harness.store.stages import StageStore

__all__ = ["CellState", "stale_stages", "states"]


@dataclass(frozen=True)
class CellState:
    """Where one cell stands: the status of its row, else what it was doing last."""

    id: str
    status: str
    detail: str
    seconds: float | None


def states(run: Path, plan: Plan) -> list[CellState]:
    """The state of every cell of a run, in the order of the plan."""
    return [_state(run, cell) for cell in plan.cells]


def _state(run: Path, cell: CellPlan) -> CellState:
    row = read_row(run, cell)
    if row is not None:
        # Making the data is shared by the cells of a dataset, so it is in the seconds of none.
        seconds = sum(value for stage, value in row.cost.seconds.items() if stage != "prepare")
        return CellState(cell.id, row.status, row.error or "", seconds)
    stage, last = None, dict[str, Any]()
    for last in read_log(cell_folder(run, cell.id) / "events.jsonl"):
        stage = last if last.get("kind") == "stage" and "stage" in last else stage
    if stage is None:
        return CellState(cell.id, "waiting", "", None)
    detail = f"{stage['stage']} {stage.get('state', '')}"
    if last.get("kind") == "progress":
        detail += f", {last.get('done')} of {last.get('total')} {last.get('unit', '')}".rstrip()
    return CellState(cell.id, "unfinished", detail, None)


def stale_stages(run: Path, plan: Plan, cell_id: str) -> dict[str, list[str]]:
    """For each stage of a cell, why it would run again; an empty list for one that would not.

    Raises:
        UsageError: if the run has no such cell.
    """
    store = StageStore(run, plan, plan.cell(cell_id)).at_once()
    return {stage: store.reasons(stage) for stage in store.stages}
