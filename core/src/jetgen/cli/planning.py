"""From a command line to a plan that can be shown, and `jetbench prepare`: the data made beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jetgen.cli import options
from jetgen.errors import UsageError, plain
from jetgen.system import console

if TYPE_CHECKING:
    from pathlib import Path

    from jetgen.harness.planning.request import Request
    from jetgen.harness.store.plan import Plan
    from jetgen.harness.store.row import Row
    from jetgen.registry import Registry

__all__ = ["known_plugins", "make_request", "prepare_command", "run_folder", "show_plan"]


_MOST = {"seeds": 10_000, "draws": 1_000}


def run_folder(named: Path) -> Path:
    """The folder that the user means, whatever a plugin does to the current one.

    Raises:
        UsageError: if it begins with ``~`` and there is no such home.
    """
    try:
        return named.expanduser().absolute()
    except RuntimeError as error:
        msg = f"{named}: {error}; name the folder in full"
        raise UsageError(msg) from error


def make_request(suite: Path | None, *, every: bool, overrides: Sequence[str], **given: Any) -> Request:
    """The request of a command line: a suite, the default suite or names, with the options that were given above it.

    Raises:
        UsageError: if it names a suite and ``--all``, or neither these nor a generator.
    """
    from jetgen.harness.planning.request import Request, default_suite, read_suite

    if suite is not None and every:
        msg = "--all and a suite do not go together: name one of them"
        raise UsageError(msg)
    _check_options(given, every=every)
    if suite is not None:
        request = read_suite(suite)
    elif every:
        request = default_suite()
    else:
        if not (given.get("generators") or given.get("samples")):
            msg = "nothing to run: name generators with -g, all of them with --all, samples, or a suite in TOML"
            raise UsageError(msg)
        request = Request(generators=(), datasets=default_suite().datasets)
    chosen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None and value != []
    }
    if "memory" in chosen:
        chosen["memory"] = int(chosen["memory"] * 2**30)
    return _checked(replace(request, **chosen).with_overrides(overrides))


def _check_options(given: Mapping[str, Any], *, every: bool) -> None:
    if every and given.get("generators"):
        msg = "--all and -g do not go together: name generators, or take all"
        raise UsageError(msg)
    for name in ("timeout", "grace", "memory"):
        if given.get(name) is not None and not math.isfinite(given[name]):
            msg = f"--{name} {given[name]} is no number of {'GiB' if name == 'memory' else 'seconds'}; leave it out"
            raise UsageError(msg)


def _checked(request: Request) -> Request:
    for name, most in _MOST.items():
        if getattr(request, name) > most:
            msg = f"{getattr(request, name)} {name} are more than the {most:,} that one run takes"
            raise UsageError(msg)
    if not request.datasets or (request.generators == () and not request.samples):
        what = "generators" if request.datasets else "datasets"
        msg = f"nothing to run: the list of {what} is empty"
        raise UsageError(msg)
    return request


def known_plugins(no_plugin: Sequence[str] | None, *, strict: bool) -> Registry:
    """The registry without the denied plugins, with a line on standard error for each that is not ok.

    Raises:
        PluginError: if ``strict`` and there is such a plugin.
    """
    registry = options.find_plugins(no_plugin)
    if strict:
        registry.refuse_troubles()
    for plugin in registry.troubles():
        typer.echo(plain(f"left out: {plugin.full_name} is {plugin.state.value}: {plugin.reason}"), err=True)
    return registry


def show_plan(plan: Plan, rows: Sequence[Row] = ()) -> None:
    """Print the cells that are to run with their estimated minutes, and why some are skipped.

    Arguments:
        rows: of earlier commands on the run folder. What has ended well is counted, and checked when the run starts.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="plan", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("cell", overflow="fold")
    for head in ("threads", "device", "minutes"):
        table.add_column(head, justify="right")
    ended = {row.id for row in rows if row.status == "ok"}
    due = [cell for cell in plan.cells if not (cell.skip or cell.unloadable or cell.id in ended)]
    for cell in plan.cells:
        if cell.id not in ended:
            skipped = cell.skip or cell.unloadable
            table.add_row(cell.id, str(cell.threads), cell.device, "–" if skipped else f"{cell.minutes:.1f}")
    terminal = console()
    terminal.print(table)
    for cell in plan.cells:
        if reason := cell.skip or cell.unloadable:
            terminal.print(f"{cell.id} is skipped: {reason}")
    names = dict.fromkeys(metric.name for cell in plan.cells for metric in cell.metrics)
    terminal.print(f"metrics: {', '.join(names)}")
    total = sum(cell.minutes for cell in due) / plan.jobs
    terminal.print(f"about {total:.1f} minutes, {plan.jobs} cell(s) at a time, making data excepted")
    if there := sum(cell.id in ended for cell in plan.cells):
        terminal.print(f"{there} cell(s) are there; what has changed since is found when the run starts, and run again")
    terminal.print(f"{plan.cores} core(s), as {plan.granted_by} grants")


def prepare_command(
    datasets: Annotated[list[str], typer.Argument(help="NAME, NAME@SIZE or a FILE of clouds, one or more.")],
    *,
    no_plugin: options.NoPlugin = None,
) -> None:
    """Make or fetch the data now, so that later runs find them."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from jetgen.api.context import RunContext
    from jetgen.datasets.naming import find_dataset, open_dataset
    from jetgen.datasets.preparing import prepare
    from jetgen.system import usable_cores

    registry = options.find_plugins(no_plugin)
    chosen = [find_dataset(registry, name) for name in datasets]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    for found in chosen:
        dataset = open_dataset(found)
        with Progress(*columns) as bar:
            task = bar.add_task(found.label, total=None)

            def listen(record: Any, task: Any = task, bar: Progress = bar) -> None:
                if record["kind"] == "progress":
                    bar.update(task, completed=record["done"], total=record["total"])

            counts = prepare(dataset, found.label, RunContext(threads=usable_cores(), listener=listen))
        typer.echo(f"{found.label}: {', '.join(f'{count:,} {split}' for split, count in counts.items())}")
