"""What a hook plugin may implement. All but ``jetgen_modify_plan`` are observers: they cannot harm a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pluggy

from jetgen.hooks.sections import Section

__all__ = [
    "PROJECT",
    "hookimpl",
    "hookspec",
    "jetgen_cell_finished",
    "jetgen_cell_started",
    "jetgen_environment",
    "jetgen_modify_plan",
    "jetgen_progress",
    "jetgen_report_sections",
    "jetgen_run_finished",
    "jetgen_run_started",
]


PROJECT = "jetgen"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def jetgen_modify_plan(plan: Any) -> Any:
    """Return another plan to run instead, or None to leave it. An error here ends the run before it starts."""


@hookspec
def jetgen_run_started(plan: Any) -> None:
    """The plan is final and written; its cells start now."""


@hookspec
def jetgen_cell_started(cell: Any) -> None:
    """A cell of the plan starts; ``cell.id`` names it."""


@hookspec
def jetgen_progress(event: Mapping[str, Any]) -> None:
    """A log record of the cell ``event["cell"]``, as it is written to its ``events.jsonl``.

    ``event["kind"]`` is ``"stage"`` (with ``stage`` and ``state``), ``"progress"`` (with ``done``, ``total``, ``unit``
    and perhaps ``loss``), or what else a plugin reports.
    """


@hookspec
def jetgen_cell_finished(row: Any) -> None:
    """A cell has its row, whatever the outcome. Called once for each row of the plan, after a resume too."""


@hookspec
def jetgen_run_finished() -> None:
    """Nothing more comes, because all cells are done or the user interrupts; free what you hold."""


@hookspec
def jetgen_report_sections(results: Any) -> Sequence[Section] | None:
    """Sections to add to the report.

    ``results.rows`` are the rows, ``results.run`` is the folder, and ``results.tables`` has an entry for each table of
    quality: its ``experiment``, its ``spec``, and its ``comparison``, the clouds of truth and models.
    """


@hookspec
def jetgen_environment() -> Mapping[str, Any] | None:
    """Further facts, as a JSON object, to keep with the provenance of each row."""
