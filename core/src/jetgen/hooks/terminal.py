"""The live table of a run, itself a hook plugin: finished cells are lines, running ones a table below them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jetgen.errors import plain
from jetgen.hooks.specifications import hookimpl
from jetgen.system import console as plain_console

__all__ = ["Terminal"]

_STYLES = {"ok": "green", "truncated": "yellow", "warning": "yellow", "skipped": "dim"}
_OTHER_LINES = 4
"""Lines that the table leaves to its head, its summary and the prompt."""

_CLOCK = 14
"""Columns of the longest time, and of the gaps between columns."""

_PACE = 32
"""Columns of unit, rate and loss."""

_WIDE = 110
"""Columns from which on there is room for rate and loss, and for a longer bar."""


@dataclass
class _Running:
    """What is known of a cell that runs."""

    stage: str = ""
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    loss: float | None = None
    started: float = field(default_factory=time.monotonic)
    first: tuple[float, float] | None = None  # done and time at the first report of the stage: what a rate starts from
    rate: float | None = None

    def enter(self, stage: str) -> None:
        """A new stage starts with an empty bar."""
        self.stage, self.done, self.total, self.unit = stage, 0.0, 0.0, ""
        self.loss = self.first = self.rate = None

    def advance(self, event: Mapping[str, Any]) -> None:
        """Take the numbers of a progress record; a plugin may report anything else."""
        now = time.monotonic()
        self.done = _number(event.get("done"), self.done)
        self.total = _number(event.get("total"), self.total)
        self.unit = str(event.get("unit", self.unit))
        self.loss = _number(event["loss"], self.loss) if "loss" in event else self.loss
        if self.first is None:
            self.first = (self.done, now)
        elif now > self.first[1]:
            self.rate = (self.done - self.first[0]) / (now - self.first[1])

    @property
    def steps(self) -> str:
        """How far it is."""
        return f"{self.done:,.0f}/{self.total:,.0f}" if self.total else ""

    @property
    def pace(self) -> str:
        """Unit, rate and loss as far as they are known."""
        texts = [self.unit] if self.unit else []
        if self.rate:
            texts.append(f"{self.rate:,.3g}/s")
        if self.loss is not None:
            texts.append(f"loss {self.loss:.4g}")
        return "  ".join(texts)


class Terminal:
    """On a terminal, a live table of the running cells; elsewhere one line for each cell that starts or ends."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or plain_console(stderr=True)
        self._lock = threading.Lock()  # the table is drawn from a thread of its own
        self._running: dict[str, _Running] = {}
        self._finished: Counter[str] = Counter()
        self._as_before = 0
        self._expected = 0
        self._live: Live | None = None
        self._warned: set[str] = set()

    @hookimpl
    def jetgen_run_started(self, plan: Any) -> None:
        """Remember how many cells there are."""
        self._expected = len(getattr(plan, "cells", ()))

    @hookimpl
    def jetgen_cell_started(self, cell: Any) -> None:
        """A line in the table, or one that says so."""
        with self._lock:
            self._running[str(cell.id)] = _Running()
        if not self._console.is_terminal:
            self._line("started", str(cell.id))
        elif self._live is None:
            self._live = Live(console=self._console, get_renderable=self._table, transient=True)
            self._live.start()

    @hookimpl
    def jetgen_progress(self, event: Mapping[str, Any]) -> None:
        """Stage, bar and figures of a cell that runs."""
        with self._lock:
            cell = self._running.get(str(event.get("cell")))
            if cell is None:
                return
            if event.get("kind") == "stage" and event.get("state") == "started":
                cell.enter(str(event.get("stage", "")))
            elif event.get("kind") == "progress":
                cell.advance(event)
        if event.get("kind") == "warning":
            self._warn(str(event.get("cell")), str(event.get("text")))

    def _warn(self, cell: str, text: str) -> None:
        """A line that stays, once for each text: the cells of one generator say the same."""
        if text not in self._warned:
            self._warned.add(text)
            self._line("warning", cell, text)

    @hookimpl
    def jetgen_cell_finished(self, row: Any) -> None:
        """One line that stays; none for a cell that an earlier run has finished."""
        status = str(row.status)
        with self._lock:
            cell = self._running.pop(str(row.id), None)
            self._finished[status] += 1
        if cell is None and status == "ok":
            self._as_before += 1
            return
        facts = [f"{time.monotonic() - cell.started:.1f} s"] if cell is not None else []
        facts += [str(fact) for name in ("headline", "error") if (fact := getattr(row, name, None))]
        self._line(status, str(row.id), "  ".join(facts))

    @hookimpl
    def jetgen_run_finished(self) -> None:
        """Give the terminal back, and say how many cells were done before."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._as_before:
            self._line("ok", f"{self._as_before} cell(s) of earlier runs, unchanged")
            self._as_before = 0

    def _line(self, status: str, cell: str, facts: str = "") -> None:
        style = _STYLES.get(status, "cyan" if status == "started" else "bold red")
        shown = plain(f"  {facts}").replace("\n", " ") if facts else ""
        text = Text.assemble((f"{status:<10}", style), f" {plain(cell)}", (shown, "dim"))
        # Outside a terminal a line stays one line, however long it is.
        self._console.print(text, soft_wrap=not self._console.is_terminal)

    def _table(self) -> Group:
        """The cells that run, those that fit on the screen, and one summary line."""
        wide = self._console.width >= _WIDE
        bar_width = 20 if wide else 8
        table = Table(box=None, pad_edge=False, expand=False)
        table.add_column("cell", no_wrap=True)
        table.add_column("stage", no_wrap=True)
        table.add_column("progress", width=bar_width)
        table.add_column("", justify="right", no_wrap=True)
        if wide:
            table.add_column("", no_wrap=True)
        table.add_column("elapsed", justify="right", no_wrap=True)
        now = time.monotonic()
        with self._lock:
            running = list(self._running.items())
            finished = dict(self._finished)
        shown = running[: max(1, self._console.height - _OTHER_LINES)]
        # rich would cut every column alike: it is names that are cut, not numbers.
        numbers = max((len(cell.stage) + len(cell.steps) for _, cell in shown), default=0)
        room = max(8, self._console.width - numbers - bar_width - (_PACE if wide else 0) - _CLOCK)
        for name, cell in shown:
            bar = ProgressBar(cell.total or None, cell.done, width=bar_width, pulse=not cell.total)
            pace = [cell.pace] if wide else []
            table.add_row(_cut(name, room), cell.stage, bar, cell.steps, *pace, _clock(now - cell.started))
        done = sum(finished.values())
        counts = ", ".join(f"{count} {status}" for status, count in finished.items())
        of = f" of {self._expected}" if self._expected else ""
        summary = f"{done}{of} cells done" + (f" ({counts})" if counts else "") + f", {len(running)} running"
        return Group(table, Text(summary, style="dim", no_wrap=True, overflow="ellipsis"))


def _number(value: Any, otherwise: Any) -> Any:
    return float(value) if isinstance(value, (int, float)) else otherwise


def _cut(name: str, most: int) -> str:
    """The name in at most so many columns; its end is what differs the least.

    >>> _cut("mdma-gan.quick", 8)
    'mdma-ga…'
    """
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any.

    >>> _clock(75), _clock(7265)
    ('1:15', '2:01:05')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
