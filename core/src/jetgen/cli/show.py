"""`jetbench show NAME`: all that is known of one thing, and where each of its settings comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jetgen.api.specs import DatasetSpec, GeneratorSpec
from jetgen.cli import options
from jetgen.cli.listing import plugin_json
from jetgen.errors import PluginError, UsageError, did_you_mean, plain
from jetgen.registry import GROUPS, Plugin, Registry, load_target
from jetgen.system import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from jetgen.api.settings import Resolved

__all__ = ["named", "show_command"]

_WITHOUT_PRESET = "default"


def show_command(
    name: Annotated[str, typer.Argument(help="A generator, dataset, metric or hook.")],
    *,
    preset: Annotated[str | None, typer.Option(help="Show the settings of this preset only.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    as_json: options.AsJson = False,
    no_plugin: options.NoPlugin = None,
) -> None:
    """Show what a name stands for; for a generator, each setting with its value and its origin."""
    registry = options.find_plugins(no_plugin)
    documents = []
    for plugin in named(registry, name.partition("@")[0]):
        registry.find(plugin.group, plugin.full_name)  # refuses a broken one with its reason
        documents.append((plugin, _settings(plugin, preset, overrides or [])))
    if as_json:
        shown = [{**plugin_json(plugin), "settings": _settings_json(settings)} for plugin, settings in documents]
        typer.echo(json.dumps(shown[0] if len(shown) == 1 else shown, indent=1))
        return

    terminal = console()
    for plugin, settings in documents:
        _print(terminal, plugin, settings)


def named(registry: Registry, name: str) -> list[Plugin]:
    """Every plugin that answers to ``name``, in any group and state.

    Raises:
        UsageError: if there is none; the nearest name is suggested.
    """
    found = [plugin for plugin in registry.plugins if plugin.answers_to(name)]
    if not found:
        known = [plugin.full_name if "/" in name else plugin.name for plugin in registry.plugins]
        hint = did_you_mean(name, known) or "; `jetbench list` shows what there is"
        msg = f"there is no {', '.join(group.removesuffix('s') for group in GROUPS)} called {name!r}{hint}"
        raise UsageError(msg)
    return found


def _settings(plugin: Plugin, preset: str | None, overrides: list[str]) -> dict[str, Resolved]:
    """The settings by preset: the one that was asked for, else all of them and the bare defaults."""
    if not isinstance(plugin.spec, GeneratorSpec):
        if preset is not None or overrides:
            msg = f"{plugin.name} is one of the {plugin.group}: it has no presets and no settings"
            raise UsageError(msg)
        return {}
    from jetgen.api.settings import Settings, resolve
    from jetgen.harness.planning.request import parse_overrides

    cls = load_target(plugin.spec.settings)
    if not issubclass(cls, Settings):
        msg = f"{plugin.spec.settings} is not a subclass of jetgen.Settings"
        raise PluginError(msg)
    own = f"{plugin.name}."
    given = parse_overrides([text if text.startswith(own) else own + text for text in overrides])
    layers = [("--set", given.get(plugin.name, {}))]
    presets = [preset] if preset is not None else [None, *cls.presets]
    return {name or _WITHOUT_PRESET: resolve(cls, plugin.name, name, layers) for name in presets}


def _settings_json(settings: Mapping[str, Resolved]) -> dict[str, Any]:
    return {
        preset: {key: {"value": value, "origin": resolved.origins[key]} for key, value in resolved.values.items()}
        for preset, resolved in settings.items()
    }


def _print(terminal: Console, plugin: Plugin, settings: Mapping[str, Resolved]) -> None:
    from rich.table import Table
    from rich.text import Text

    facts = Table(box=None, show_header=False, pad_edge=False)
    for key, value in _facts(plugin).items():
        facts.add_row(Text(plain(key), style="dim"), value)
    terminal.print(Text.assemble(f"{plugin.group.removesuffix('s')} ", (plain(plugin.name), "bold")))
    terminal.print(facts)
    if isinstance(plugin.spec, DatasetSpec):
        terminal.print(_sizes(plugin.spec))
    if len(settings) == 1:
        terminal.print(_origins(*settings.values()))
    elif settings:
        terminal.print(_presets(settings))
        terminal.print("An empty cell stands for the default; `--preset NAME` shows every value.", style="dim")


def _facts(plugin: Plugin) -> dict[str, str]:
    """The plugin and its spec as lines of text; empty fields are left out."""
    facts = {"distribution": f"{plugin.distribution} {plugin.version}", "state": plugin.state, "reason": plugin.reason}
    facts["entry point"] = plugin.value
    spec = plugin.spec.to_json() if plugin.spec is not None else {}
    for key, value in spec.items():
        if key not in ("name", "sizes"):
            facts[key] = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else _text(value)
    return {key: value for key, value in facts.items() if value not in ("", "{}")}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _sizes(spec: DatasetSpec) -> Table:
    table = _table("size", "train", "val", "test")
    for name, counts in spec.sizes.items():
        mark = " (default)" if name == spec.default_size else ""
        table.add_row(f"{name}{mark}", *(f"{count:,}" for count in counts))
    return table


def _origins(resolved: Resolved) -> Table:
    table = _table("setting", "value", "origin", "what it is")
    fields = type(resolved.settings).model_fields
    for key, value in resolved.values.items():
        table.add_row(key, _text(value), resolved.origins[key], fields[key].description or "")
    return table


def _presets(settings: Mapping[str, Resolved]) -> Table:
    """One column for each preset; only what differs from the default is written there."""
    table = _table("setting", *settings)
    for key in settings[_WITHOUT_PRESET].values:
        cells = [_text(settings[_WITHOUT_PRESET].values[key])]
        for preset, resolved in list(settings.items())[1:]:
            cells.append(_text(resolved.values[key]) if resolved.origins[key] == f"preset {preset}" else "")
        table.add_row(key, *cells)
    return table


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    return table
