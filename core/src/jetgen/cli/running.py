"""`jetbench run`, `jetbench cell` and `jetbench retry`: cells brought to their rows."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jetgen.cli import options
from jetgen.cli.planning import known_plugins, make_request, run_folder, show_plan
from jetgen.errors import UsageError, plain
from jetgen.system import console

if TYPE_CHECKING:
    from jetgen.harness.store.plan import Plan
    from jetgen.harness.store.row import Row
    from jetgen.registry import Registry

__all__ = ["cell_command", "retry_command", "run_command"]

Run = Annotated[Path, typer.Argument(help="The run folder.")]


def run_command(
    context: typer.Context,
    suite: options.Suite = None,
    *,
    every: options.All = False,
    generators: options.Generators = None,
    datasets: options.Datasets = None,
    metrics: options.Metrics = None,
    preset: options.Preset = None,
    seeds: options.Seeds = None,
    draws: options.Draws = None,
    overrides: options.Overrides = None,
    reweight: options.Reweight = False,
    samples: options.Samples = None,
    jobs: options.Jobs = 1,
    threads: options.Threads = None,
    timeout: options.Timeout = None,
    grace: options.Grace = 10.0,
    memory: options.Memory = None,
    device: options.Device = "cpu",
    out: options.Out = Path("jetbench-run"),
    no_plugin: options.NoPlugin = None,
    strict_plugins: options.StrictPlugins = False,
    report: options.Report = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and run nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON, with --dry-run.")] = False,
) -> None:
    """Train, sample, time and judge; the same command again resumes.

    Exit status: 0 if all cells are ok or skipped by rule, 1 if one failed, 2 for wrong usage.
    """
    dry_run = dry_run or context.info_name == "plan"
    if as_json and not dry_run:
        msg = "--json prints the plan: give it with --dry-run; `jetbench status RUN --json` tells of a run"
        raise UsageError(msg)
    from jetgen.harness.planning.planner import Planner
    from jetgen.harness.run.folder import locked
    from jetgen.harness.store.row import read_rows

    request = make_request(
        suite,
        every=every,
        overrides=overrides or (),
        generators=generators,
        datasets=datasets,
        metrics=metrics,
        preset=preset,
        seeds=seeds,
        draws=draws,
        reweight=reweight,
        samples=samples,
        jobs=jobs,
        threads=threads,
        timeout=timeout,
        grace=grace,
        memory=memory,
        device=device,
    )
    registry = known_plugins(no_plugin, strict=strict_plugins)
    out = run_folder(out)
    rows = read_rows(out)
    plan = Planner(request, registry, rows).plan()
    if dry_run:
        typer.echo(plan.model_dump_json(indent=1)) if as_json else show_plan(plan, rows)
        return
    with locked(out):
        _drive(out, plan.model_copy(update={"commands": (_typed(),)}), registry, rows, report=report)


def retry_command(run: Run) -> None:
    """Run again the cells of a run that did not end well, with the settings that they had."""
    from jetgen.harness.planning.registered import refuse_unregistered
    from jetgen.harness.run.driver import failures, forget_failures
    from jetgen.harness.run.folder import locked
    from jetgen.harness.store.plan import read_plan

    run = run_folder(run)
    plan = read_plan(run)
    with locked(run):
        failed = failures(run, plan)
        if not failed:
            typer.echo("every cell is ok: there is nothing to try again")
            return
        again = {cell.id for cell in failed}
        for cell in plan.cells:
            again |= set(cell.needs.values()) if cell.id in again else set()
        cells = tuple(cell for cell in plan.cells if cell.id in again)
        registry = known_plugins(None, strict=False)
        refuse_unregistered(cells, registry)
        forget_failures(run, plan, failed)
        _drive(run, plan.model_copy(update={"cells": cells}), registry)


def cell_command(
    run: Run,
    cell: Annotated[str, typer.Argument(help="The id of the cell, as `jetbench status RUN` lists them.")],
    *,
    timing: Annotated[bool, typer.Option(help="Also time the sampling.")] = True,
) -> None:
    """Bring one cell of a plan to its row: what batch systems call. Idempotent; exit status 1 if it failed."""
    from jetgen.harness.planning.registered import refuse_unregistered
    from jetgen.harness.run.cell import bring_to_row
    from jetgen.harness.store.plan import read_plan
    from jetgen.harness.store.stages import StageStore

    run = run_folder(run)
    plan = read_plan(run)
    planned = plan.cell(cell)
    refuse_unregistered([planned], known_plugins(None, strict=False))
    row = bring_to_row(StageStore(run, plan, planned), timing=timing)
    reason = f": {row.error}" if row.error else ""
    typer.echo(plain(f"{row.id}: {row.status}{reason}"))
    raise typer.Exit(1 if row.bad else 0)


def _typed() -> str:
    """The command as the user typed it."""
    return shlex.join(["jetbench", *sys.argv[1:]])


def _drive(run: Path, plan: Plan, registry: Registry, rows: Sequence[Row] = (), *, report: bool = True) -> None:
    """Run a plan with all hooks, end with leaderboard and report, and exit with 1 if a cell failed."""
    from jetgen.cli.reporting import hooks_of, make_report
    from jetgen.harness.report.leaderboard import show
    from jetgen.harness.run.driver import run_plan
    from jetgen.harness.run.tables import rows_of

    hooks = hooks_of(registry)
    plan = hooks.modify_plan(plan)
    show_plan(plan, rows)
    try:
        rows = run_plan(run, plan, hooks)
    except KeyboardInterrupt:
        ended = sum(row.scored for row in rows_of(run, plan))
        kept = (
            f"{ended} of {len(plan.cells)} cells are finished and stay, and a training goes on from its last checkpoint"
        )
        typer.echo(f"stopped: {kept}; go on with\n    {_typed()}", err=True)
        raise typer.Exit(130) from None
    show(rows, console())
    typer.echo(f"\nrun folder: {run}; leaderboard: {run / 'leaderboard.md'}; all scores: {run / 'results.parquet'}")
    if report:
        make_report(run, registry, hooks)
    bad = [row for row in rows if row.bad]
    if bad:
        typer.echo(
            f"{len(bad)} of {len(rows)} cells did not end well; `jetbench retry {run}` tries them again", err=True
        )
    raise typer.Exit(1 if bad or len(rows) < len(plan.cells) else 0)
