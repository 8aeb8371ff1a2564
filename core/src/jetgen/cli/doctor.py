"""`jetbench doctor NAME`: load a plugin in a child process and print all that is wrong with it."""

from __future__ import annotations

from importlib.metadata import version
from platform import python_version
from typing import Annotated

import typer

from jetgen.cli.show import named
from jetgen.errors import plain
from jetgen.registry import Plugin, State, discover

__all__ = ["doctor_command"]


def doctor_command(
    name: Annotated[str, typer.Argument(help="A generator, dataset, metric or hook, or distribution/name.")],
) -> None:
    """Load a plugin in a child process: its spec, settings and class. Prints the whole traceback of a broken one."""
    sick = [plugin for plugin in named(discover(), name) if not _examine(plugin)]
    if sick:
        raise typer.Exit(1)


def _examine(plugin: Plugin) -> bool:
    """Print what came of loading ``plugin``; whether it can be used."""
    from jetgen.registry.probing import probe

    title = f"{plugin.group.removesuffix('s')} {plugin.full_name} {plugin.version} ({plugin.value})"
    if plugin.state is State.DISABLED:
        typer.echo(plain(f"{title} is disabled: {plugin.reason}"))
        return False
    answer = probe([plugin.entry], deep=True)[plugin.entry]
    if answer.state is not State.OK:
        typer.echo(plain(f"{title} is {answer.state}: {answer.reason}"))
        for text in (answer.output, answer.traceback):
            if text.strip():
                typer.echo(plain(text.rstrip(), longest=100_000))
        return False
    if plugin.state is State.DUPLICATE:
        typer.echo(plain(f"{title} loads, but {plugin.reason}"))
        return True
    typer.echo(f"{title} is healthy with jetgen {version('jetgen')}, Python {python_version()}")
    return True
