"""A progress bar on standard error that shows the events of a context."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jetgen.system import console

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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    terminal = console(stderr=True)
    if not (show if show is not None else terminal.is_terminal or terminal.is_jupyter):
        yield _silent
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=terminal.is_terminal) as bars:
        whole, part = bars.add_task(title, total=total), bars.add_task("", total=None, visible=False)

        def listen(event: Mapping[str, Any]) -> None:
            if event.get("kind") == "stage" and "done" in event:
                bars.update(whole, completed=event["done"], description=f"{title}: {event['stage']}")
                bars.reset(part, visible=False, total=None, description="")
            elif event.get("kind") == "progress":
                unit = str(event.get("unit", ""))
                bars.update(part, completed=event.get("done"), total=event.get("total"), visible=True, description=unit)

        yield listen
