"""A progress bar on standard error that shows the events of a context."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["progress_bar"]


def _silent(event: Mapping[str, Any]) -> None:
    """Shows nothing."""


@contextmanager
def progress_bar(title: str, total: int, *, show: bool | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A listener: events ``stage`` with ``done`` move the bar, events ``progress`` a second bar below it.

    Arguments:
        title: the text before the bar.
        total: the number of stages.
        show: True or False; None for True on a terminal or in a notebook only.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not (show if show is not None else console.is_terminal or console.is_jupyter):
        yield _silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=console.is_terminal) as bars:
        whole, part = bars.add_task(title, total=total), bars.add_task("", total=None, visible=False)

        def listen(event: Mapping[str, Any]) -> None:
            if event["kind"] == "stage":
                bars.update(whole, completed=event["done"], description=f"{title}: {event['stage']}")
                bars.reset(part, visible=False, total=None, description="")
            elif event["kind"] == "progress":
                unit = str(event.get("unit", ""))
                bars.update(part, completed=event.get("done"), total=event.get("total"), visible=True, description=unit)

        yield listen
