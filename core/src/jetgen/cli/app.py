"""All commands in one application; each is in a file of its own and imports what it needs when it is called."""

from __future__ import annotations

import typer

from jetgen.cli.converting import convert_command
from jetgen.cli.doctor import doctor_command
from jetgen.cli.evaluating import evaluate_command
from jetgen.cli.explaining import explain_command
from jetgen.cli.inspecting import status_command, why_command
from jetgen.cli.listing import list_command
from jetgen.cli.planning import prepare_command
from jetgen.cli.reporting import compare_command, leaderboard_command, report_command
from jetgen.cli.running import cell_command, retry_command, run_command
from jetgen.cli.sampling import sample_command
from jetgen.cli.show import show_command

__all__ = ["app"]

app = typer.Typer(
    name="jetbench",
    help="Train, sample, time and judge generative models for particle clouds on equal terms.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("doctor")(doctor_command)
app.command("prepare")(prepare_command)
app.command("plan", help="Print what a run would do: `jetbench run --dry-run`.")(run_command)
app.command("run")(run_command)
app.command("cell")(cell_command)
app.command("status")(status_command)
app.command("retry")(retry_command)
app.command("why")(why_command)
app.command("leaderboard")(leaderboard_command)
app.command("report")(report_command)
app.command("compare")(compare_command)
app.command("sample")(sample_command)
app.command("convert")(convert_command)
app.command("evaluate")(evaluate_command)
app.command("explain")(explain_command)
