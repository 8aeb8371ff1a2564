"""`jetbench leaderboard` and `jetbench report`: the results of a run folder, in a terminal and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jetgen.cli import options
from jetgen.cli.planning import run_folder
from jetgen.errors import JetgenError, UsageError, plain
from jetgen.system import console

if TYPE_CHECKING:
    from rich.table import Table

    from jetgen.harness.report.comparing import Change
    from jetgen.harness.store.plan import Plan
    from jetgen.harness.store.row import Row
    from jetgen.hooks import Hooks
    from jetgen.registry import Registry

__all__ = ["compare_command", "hooks_of", "leaderboard_command", "make_report", "report_command"]

Run = Annotated[Path, typer.Argument(help="The run folder.")]


def leaderboard_command(
    run: Run,
    *,
    sort: Annotated[
        str | None, typer.Option(help="Order the lines by a column, such as W1M or training.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every score of every row as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every score of every row as CSV.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
) -> None:
    """The tables of a run folder again, without running anything."""
    import json
    import sys

    from jetgen.harness.report.leaderboard import markdown, show
    from jetgen.harness.report.results import records, write_csv
    from jetgen.harness.store.plan import read_plan

    if sum((as_json, as_csv, as_markdown)) > 1:
        msg = "--json, --csv and --markdown are three forms of one answer: name one of them"
        raise UsageError(msg)
    run = run_folder(run)
    rows, notes = _table_rows(run, read_plan(run))
    if as_json:
        typer.echo(json.dumps(records(rows), indent=1))
    elif as_csv:
        write_csv(records(rows), sys.stdout)
    else:
        typer.echo(markdown(rows, sort)) if as_markdown else show(rows, console(), sort)
    for note in notes:
        typer.echo(plain(f"note: {note}"), err=True)


def report_command(run: Run, *, no_plugin: options.NoPlugin = None) -> None:
    """Make RUN/report/index.html: leaderboard, figures, failures and provenance on one page that fetches nothing."""
    registry = options.find_plugins(no_plugin)
    typer.echo(f"report: {_write(run_folder(run), registry, hooks_of(registry))}")


def compare_command(
    before: Annotated[Path, typer.Argument(help="The run folder that is compared with.")],
    after: Annotated[Path, typer.Argument(help="The other run folder.")],
    *,
    components: Annotated[
        bool, typer.Option("--components", help="Also the parts of metrics, such as w1p_etarel.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """What changed between two runs, score by score, and whether the change means anything."""
    import json

    from jetgen.harness.report.comparing import compare_runs
    from jetgen.harness.store.plan import read_plan

    rows = [_rows(run, read_plan(run)) for run in map(run_folder, (before, after))]
    found = compare_runs(*rows)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1))
        return
    metrics = {score.metric for row in rows[0] for score in row.scores.values()}
    shown = [one for one in found.changes if components or one.score in metrics]
    if not shown:
        typer.echo("the two runs have no score in common")
    for table, model in dict.fromkeys((one.table, one.model) for one in shown):
        mine = [one for one in shown if (one.table, one.model) == (table, model)]
        console().print(_compared(f"{model}: {table}", mine))
    for note in (*found.notes, _HOW_COMPARED):
        console().print(plain(note), style="dim")


_HOW_COMPARED = (
    "better, worse: by paired t tests over the seeds that both have, Holm over all scores, 5 %; few seeds: fewer than "
    "three, so that nothing is claimed."
)


def _compared(title: str, changes: Sequence[Change]) -> Table:
    """A line for each score of one model; 80 columns hold it."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    from jetgen.harness.report.wording import head

    drawn = RichTable(title=plain(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("score", "before", "after", "change", "seeds", "verdict"):
        drawn.add_column(name, justify="left" if name in ("score", "verdict") else "right", no_wrap=name != "verdict")
    styles = {"better": "green", "worse": "bold red"}
    for one in changes:
        means = [f"{mean:.3g} ± {spread:.1g}" for mean, spread in (one.before, one.after)]
        relative = f"{100 * (one.after[0] / one.before[0] - 1):+.1f} %" if one.before[0] else ""
        style = styles.get(one.verdict, "")
        drawn.add_row(head(one.score), *means, relative, str(one.seeds), one.verdict, style=style)
    return drawn


def hooks_of(registry: Registry) -> Hooks:
    """The hook plugins, with a line on standard error for each that is in trouble."""
    from jetgen.hooks import Hooks

    return Hooks(registry.of("hooks"), warn=lambda text: typer.echo(plain(f"warning: {text}"), err=True))


def make_report(run: Path, registry: Registry, hooks: Hooks) -> None:
    """The report at the end of a run, which is as good without one: what goes wrong is said in a line."""
    from jetgen.api.loading import first_line

    try:
        typer.echo(f"report: {_write(run, registry, hooks)}")
    except Exception as error:  # noqa: BLE001 (the rows are written, and a page of them must not undo that)
        reason = str(error) if isinstance(error, JetgenError) else first_line(error)
        typer.echo(plain(f"no report: {reason}; `jetbench report {run}` tries again"), err=True)


def _write(run: Path, registry: Registry, hooks: Hooks) -> Path:
    from jetgen.harness.report.page.writing import write_report
    from jetgen.harness.report.run_results import RunResults
    from jetgen.harness.store.plan import read_plan

    plan = read_plan(run)
    rows, notes = _table_rows(run, plan)
    return write_report(RunResults(run, plan, rows, registry, notes), hooks)


def _table_rows(run: Path, plan: Plan) -> tuple[list[Row], list[str]]:
    """The rows for the tables, as at the end of a run, and what is said of others.

    Raises:
        UsageError: if there are none yet.
    """
    from jetgen.harness.run.tables import table_rows

    return table_rows(run, plan, _rows(run, plan))


def _rows(run: Path, plan: Plan) -> list[Row]:
    """The rows of a run folder so far.

    Raises:
        UsageError: if there is none yet.
    """
    from jetgen.harness.run.tables import rows_of

    rows = rows_of(run, plan)
    if not rows:
        msg = f"{run} has no rows yet; `jetbench status {run}` says what it is doing"
        raise UsageError(msg)
    return rows
