"""`jetbench list`: every plugin with its state. It imports neither torch, NumPy nor pydantic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jetgen.api.specs import DatasetSpec, GeneratorSpec, MetricSpec
from jetgen.cli import options
from jetgen.errors import UsageError, did_you_mean
from jetgen.registry import GROUPS, Plugin, State
from jetgen.system import console

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["STATE_STYLES", "list_command", "plugin_json", "sizes_text"]

STATE_STYLES = {
    State.OK: "green",
    State.BROKEN: "bold red",
    State.INCOMPATIBLE: "red",
    State.DUPLICATE: "yellow",
    State.DISABLED: "dim",
}

_PIPE_WIDTH = 400
"""Columns of a table that goes to a file or a pipe: no line is broken there."""


def list_command(
    group: Annotated[str | None, typer.Argument(metavar=f"[{'|'.join(GROUPS)}]", show_default=False)] = None,
    *,
    as_json: options.AsJson = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask every plugin again.")] = False,
    no_plugin: options.NoPlugin = None,
    strict_plugins: options.StrictPlugins = False,
) -> None:
    """List what is installed, with its state, distribution and version."""
    if group is not None and group not in GROUPS:
        msg = f"there is nothing called {group!r} to list{did_you_mean(group, GROUPS)}; choose {', '.join(GROUPS)}"
        raise UsageError(msg)
    registry = options.find_plugins(no_plugin, refresh=refresh)
    plugins = [plugin for plugin in registry.plugins if group in (None, plugin.group)]
    if as_json:
        typer.echo(json.dumps([plugin_json(plugin) for plugin in plugins], indent=1))
    else:
        _print(plugins)
    if strict_plugins:
        registry.refuse_troubles()


def plugin_json(plugin: Plugin) -> dict[str, Any]:
    """Everything that is known of a plugin, as a JSON object."""
    spec = plugin.spec.to_json() if plugin.spec is not None else None
    known = {"full_name": plugin.full_name, "state": plugin.state, "reason": plugin.reason}
    return {**vars(plugin.entry), **known, "presets": list(plugin.presets), "spec": spec}


def sizes_text(spec: DatasetSpec) -> str:
    """The sizes of a dataset in one line, the default one first to be seen.

    >>> sizes = {"tiny": (400, 100, 400), "full": (124000, 26000, 26000)}
    >>> spec = DatasetSpec(name="d", summary="", target="m:C", kind="jets", sizes=sizes, default_size="tiny")
    >>> sizes_text(spec)
    'tiny* 400/100/400, full 124,000/26,000/26,000'
    """
    texts = []
    for name, counts in spec.sizes.items():
        mark = "*" if name == spec.default_size else ""
        texts.append(f"{name}{mark} {'/'.join(f'{count:,}' for count in counts)}")
    return ", ".join(texts)


def _print(plugins: Iterable[Plugin]) -> None:
    terminal = console()
    terminal = terminal if terminal.is_terminal else console(width=_PIPE_WIDTH)
    plugins = list(plugins)
    for group in GROUPS:
        members = [plugin for plugin in plugins if plugin.group == group]
        if members:
            terminal.print(_table(group, members))
    troubled = [plugin for plugin in plugins if plugin.state in (State.BROKEN, State.INCOMPATIBLE)]
    if troubled:
        terminal.print(f"`jetbench doctor {troubled[0].full_name}` shows the whole error.")
    if not plugins:
        terminal.print("nothing is installed; jetgen brings datasets and metrics, `pip install jetgen-mdma` generators")


def _table(group: str, plugins: Iterable[Plugin]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=group, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "state", "distribution", "version"):
        table.add_column(column, overflow="fold")
    table.add_column("what it is, or what is wrong with it", overflow="fold", ratio=1)
    for plugin in plugins:
        state = Text(plugin.state, style=STATE_STYLES[plugin.state])
        table.add_row(plugin.name, state, plugin.distribution, plugin.version, _what(plugin))
    return table


def _what(plugin: Plugin) -> str:
    """The reason if there is one, then the summary and what matters for a choice."""
    spec = plugin.spec
    details = []
    if isinstance(spec, GeneratorSpec):
        details = ["baseline row, never ranked"] * spec.baseline + ["on top of another"] * spec.refines
        details += [f"learns {', '.join(spec.kinds)}"]
    elif isinstance(spec, DatasetSpec):
        details = [spec.kind, sizes_text(spec)]
    elif isinstance(spec, MetricSpec):
        ideals = {"one": "best at 1", "half": "best at 1/2"}
        details = [f"{spec.tier}", ideals.get(spec.direction, f"{spec.direction} is better")]
    summary = f"{spec.summary} ({'; '.join(details)})" if spec is not None else ""
    return ": ".join(text for text in (plugin.reason, summary) if text)
