"""`jetbench status` and `jetbench why`: where a run stands, and why a cell would run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jetgen.cli import options
from jetgen.cli.planning import run_folder
from jetgen.errors import plain
from jetgen.system import console

__all__ = ["status_command", "why_command"]

Run = Annotated[Path, typer.Argument(help="The run folder.")]


def status_command(run: Run, *, as_json: options.AsJson = False) -> None:
    """Where every cell of a run stands."""
    import json
    from collections import Counter
    from dataclasses import asdict

    from jetgen.harness.report.inspection import states
    from jetgen.harness.store.plan import read_plan

    run = run_folder(run)
    found = states(run, read_plan(run))
    if as_json:
        typer.echo(json.dumps([asdict(state) for state in found], indent=1))
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("cell", no_wrap=True)
    table.add_column("status")
    table.add_column("seconds", justify="right")
    table.add_column("last seen", overflow="fold")
    for state in found:
        seconds = "" if state.seconds is None else f"{state.seconds:.0f}"
        table.add_row(state.id, state.status, seconds, state.detail)
    console().print(table)
    counts = Counter(state.status for state in found)
    typer.echo(", ".join(f"{number} {status}" for status, number in counts.items()))


def why_command(
    run: Run,
    cell: Annotated[str, typer.Argument(help="The id of the cell.")],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Why the stages of a cell would run again, or that they would not."""
    import json

    from jetgen.harness.report.inspection import stale_stages
    from jetgen.harness.store.plan import cell_folder, read_plan
    from jetgen.harness.store.row import read_row

    run = run_folder(run)
    plan = read_plan(run)
    found = stale_stages(run, plan, cell)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    row = read_row(run, plan.cell(cell))
    if row is not None and row.error:
        log = cell_folder(run, cell) / "log.txt"
        typer.echo(plain(f"{row.status} in {row.phase or 'the plan'}: {row.error} (all that it printed: {log})"))
    for stage, reasons in found.items():
        typer.echo(f"{stage}: {'; '.join(reasons) if reasons else 'finished, nothing changed'}")
