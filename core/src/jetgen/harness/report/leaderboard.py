"""The leaderboard: the same table for a terminal and for Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jetgen.errors import UsageError, did_you_mean, plain
from jetgen.harness.report.figures import Standing
from jetgen.harness.report.notes import cost_notes, quality_notes
from jetgen.harness.report.standings import Experiment, experiments
from jetgen.harness.report.wording import NONE, USUAL, decimals, digits, duration, head
from jetgen.harness.store.row import Row

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Table", "escaped", "markdown", "show", "tables"]

_MOST_SCORES = 4  # of one table: more do not fit eighty columns, nor that many beside the letters of ties
_COSTS = ("training", "µs/cloud", "speed-up", "break-even", "params", "memory")


@dataclass(frozen=True)
class Table:
    """A table in words: a title, column heads, lines of cells (the first is the name), and notes below it.

    ``values`` holds what each cell is sorted by, None where there is nothing, and ``strong`` the positions (line,
    column) of what is clearly the best.
    """

    title: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    values: tuple[tuple[float | str | None, ...], ...]
    strong: frozenset[tuple[int, int]]
    notes: tuple[str, ...]


def tables(rows: Sequence[Row], sort: str | None = None, most: int = _MOST_SCORES) -> list[Table]:
    """Tables of quality and cost for each dataset, size and preset among ``rows``.

    Arguments:
        sort: a column, such as ``W1M``: the tables that have it, each in the order of its values. Without it all tables
            in the order of the judge.
        most: scores of one table; with more there are several.

    Raises:
        UsageError: if no table has the column.
    """
    found: list[Table] = []
    for experiment in experiments(rows):
        found += _quality(experiment, most)
        if any(not one.baseline for one in experiment.standings):
            found.append(_cost(experiment))
    return found if sort is None else _sorted(found, sort)


def _sorted(found: Sequence[Table], column: str) -> list[Table]:
    wanted = column.casefold()
    named = list(dict.fromkeys(_plain_head(head) for table in found for head in table.heads))
    if wanted not in named:
        msg = f"no table has a column {column!r}{did_you_mean(wanted, named)}; the columns are {', '.join(named)}"
        raise UsageError(msg)
    return [_in_order(table, wanted) for table in found if wanted in map(_plain_head, table.heads)]


def _plain_head(head: str) -> str:
    """What a user types for a column: without its power of ten."""
    return head.partition(" / ")[0].casefold()


def _in_order(table: Table, column: str) -> Table:
    """The table in the order of a column; lines without a value come last."""
    place = [_plain_head(head) for head in table.heads].index(column)
    order = sorted(range(len(table.lines)), key=lambda i: _rank(table.values[i][place]))
    return replace(
        table,
        lines=tuple(table.lines[i] for i in order),
        values=tuple(table.values[i] for i in order),
        strong=frozenset((order.index(i), j) for i, j in table.strong),
    )


def _rank(value: float | str | None) -> tuple[bool, float, str]:
    """What to sort by: what has no value comes last."""
    return value is None, value if isinstance(value, (int, float)) else 0.0, value if isinstance(value, str) else ""


def markdown(rows: Sequence[Row], sort: str | None = None) -> str:
    """The :func:`tables` as Markdown."""
    return "\n".join(_markdown_table(table) for table in tables(rows, sort))


def show(rows: Sequence[Row], console: Console, sort: str | None = None) -> None:
    """Print the :func:`tables` to a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    for table in tables(rows, sort):
        drawn = RichTable(
            title=table.title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        for i, name in enumerate(table.heads):
            drawn.add_column(name, justify="left" if i == 0 else "right", no_wrap=i == 0)
        for i, line in enumerate(table.lines):
            styles = ("bold" if (i, j) in table.strong else "" for j in range(len(line)))
            drawn.add_row(*(Text(plain(cell), style=style) for cell, style in zip(line, styles, strict=True)))
        console.print()
        console.print(drawn)
        for note in table.notes:
            console.print(Text(plain(note), style="dim"))


def _markdown_table(table: Table) -> str:
    lines = [f"### {escaped(table.title)}", ""]
    lines.append("| " + " | ".join(map(escaped, table.heads)) + " |")
    lines.append("|" + "|".join(["---", *["---:"] * (len(table.heads) - 1)]) + "|")
    for i, line in enumerate(table.lines):
        texts = [escaped(cell) for cell in line]
        cells = [f"**{text}**" if (i, j) in table.strong else text for j, text in enumerate(texts)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"- {escaped(note)}" for note in table.notes), ""])


def escaped(text: str) -> str:
    r"""Text from outside for Markdown: no table, link, emphasis, code or HTML begins in it; line ends become breaks.

    >>> print(escaped("a|b <script>\n`c`"))
    a\|b &lt;script><br>\`c\`
    """
    safe = re.sub(r"([\\`*|]|!?\[(?=[^\]]*\]\())", r"\\\1", plain(text).replace("&", "&amp;").replace("<", "&lt;"))
    return safe.replace("\n", "<br>")


def _quality(experiment: Experiment, most: int) -> list[Table]:
    """One table, or several of about equal width; the last one has the notes."""
    # A component such as w1p_etarel is in the rows and in results.parquet; the table shows the metrics themselves.
    specs = {name: figure.spec for one in experiment.standings for name, figure in one.figures.items()}
    shown = [name for name in experiment.scores if name == specs[name].name]
    usual = [*USUAL, *shown]
    shown.sort(key=lambda name: (name != experiment.order.judge, not specs[name].ranked, usual.index(name)))
    most -= bool(experiment.ties)
    number = max(1, math.ceil(len(shown) / most))
    size = math.ceil(len(shown) / number)
    parts = [shown[i * size : (i + 1) * size] for i in range(number)]
    found = [_quality_part(experiment, part, first=i == 0) for i, part in enumerate(parts)]
    found[-1] = replace(found[-1], notes=tuple(quality_notes(experiment, shown)))
    return found


def _quality_part(experiment: Experiment, shown: Sequence[str], *, first: bool) -> Table:
    """The columns of some scores; the first table has the letters of the ties before them."""
    powers = {name: _power(experiment, name) for name in shown}
    leaders = [experiment.leader(name) for name in shown]
    ties = experiment.ties if first else {}
    lines, values, strong = [], [], set()
    for i, one in enumerate(experiment.standings):
        before = (_name(one), ties.get(one.title, NONE)) if ties else (_name(one),)
        lines.append((*before, *(_score(one, name, powers[name]) for name in shown)))
        values.append((*before, *(one.figures[name].mean if name in one.figures else None for name in shown)))
        strong |= {(i, len(before) + j) for j, leader in enumerate(leaders) if leader == one.title}
    heads = [_titled(experiment, name, powers[name]) for name in shown]
    return Table(
        title=f"{'Quality' if first else 'More quality'}: {experiment.title}",
        heads=("model", "ties", *heads) if ties else ("model", *heads),
        lines=tuple(lines),
        values=tuple(values),
        strong=frozenset(strong),
        notes=(),
    )


def _power(experiment: Experiment, name: str) -> int:
    """The power of ten, in steps of three, that the values of one score are shown in."""
    values = [abs(one.figures[name].mean) for one in experiment.standings if name in one.figures]
    smallest = min((value for value in values if value), default=1.0)
    return 0 if smallest >= 0.1 else 3 * round(math.log10(smallest) / 3)


def _titled(experiment: Experiment, name: str, power: int) -> str:
    shown = head(name, experiment.order.judge)
    return f"{shown} / 1e{power}" if power else shown


def _cost(experiment: Experiment) -> Table:
    models = [one for one in experiment.standings if not one.baseline]
    costs = [tuple(zip(*_costs(one), strict=True)) for one in models]
    return Table(
        title=f"Cost: {experiment.title}",
        heads=("model", *_COSTS),
        lines=tuple((_name(one), *texts) for one, (texts, _) in zip(models, costs, strict=True)),
        values=tuple((_name(one), *values) for one, (_, values) in zip(models, costs, strict=True)),
        strong=frozenset(),
        notes=tuple(cost_notes(experiment)),
    )


def _name(one: Standing) -> str:
    if one.rows[0].kind == "floor":
        return "floor: truth"
    marks = ["baseline"] if one.baseline else []
    marks += sorted({row.status for row in one.rows if row.status != "ok"})
    marks += [one.coverage] if one.coverage and len(one.rows) > 1 else []
    return f"{one.title}\n({', '.join(marks)})" if marks else one.title


def _score(one: Standing, name: str, power: int) -> str:
    figure = one.figures.get(name)
    if figure is None:
        return NONE
    mean, spread, low, high = (value / 10.0**power for value in (figure.mean, figure.spread, figure.low, figure.high))
    mixed = "\n(mixed)" if figure.mixed else ""
    if one.rows[0].kind == "floor":
        return f"{digits(mean)}\n[{digits(low)}, {digits(high)}]{mixed}"
    text = f"{digits(mean)} ± {spread:.{decimals(mean)}f}"
    text += "" if figure.ratio is None else f"\n{figure.ratio:.1f} x"
    return text + (" (few)" if figure.few else "") + mixed


def _costs(one: Standing) -> tuple[tuple[str, float | None], ...]:
    """What each column of costs says, and what it is sorted by."""
    cost = one.best_row.cost
    training = NONE if cost.fit_seconds is None else duration(cost.fit_seconds)
    if cost.inherited_fit_seconds:
        training += f" + {duration(cost.inherited_fit_seconds)}"
    seconds = None if cost.fit_seconds is None else cost.fit_seconds + cost.inherited_fit_seconds
    ours, ratio, paid = cost.microseconds_per_cloud, cost.simulator_ratio, cost.break_even_clouds
    # Making the data is shared by all models, so it is none of their memory.
    peak = max((value for stage, value in cost.peak_bytes.items() if stage != "prepare"), default=0)
    return (
        (training, seconds),
        (NONE if ours is None else f"{ours:.3g}", ours),
        (NONE if ratio is None else f"{ratio:.3g} x", ratio),
        (NONE if paid is None else f"{paid:,.0f}", paid),
        (NONE if cost.parameters is None else f"{cost.parameters:,}", cost.parameters),
        (NONE if not peak else f"{peak / 2**30:.2f} GiB", peak or None),
    )
