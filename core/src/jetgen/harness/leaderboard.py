"""The leaderboard: the same table for a terminal and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jetgen.harness.row import Row
from jetgen.harness.standings import Experiment, Figure, Standing, experiments

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Table", "markdown", "show", "tables"]

_NAMES = {"w1m": "W1M", "w1p": "W1P", "w1mult": "W1 mult"}
_COSTS = ("train", "µs/cloud", "simulator", "break-even", "parameters", "peak memory")


@dataclass(frozen=True)
class Table:
    """One experiment in words: a title, column heads, lines of cells (the first is the name), and notes."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]]
    notes: tuple[str, ...]


def tables(rows: Sequence[Row]) -> list[Table]:
    """A table for each dataset, size and preset among ``rows``."""
    return [_table(experiment) for experiment in experiments(rows)]


def markdown(rows: Sequence[Row]) -> str:
    """The tables as Markdown."""
    return "\n".join(_markdown_table(table) for table in tables(rows))


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the tables to a terminal."""
    from rich.table import Table as RichTable
    from rich.text import Text

    for table in tables(rows):
        drawn = RichTable(title=table.title, title_justify="left", title_style="bold", caption_justify="left")
        for i, head in enumerate(table.heads):
            drawn.add_column(head, justify="left" if i == 0 else "right", overflow="fold")
        for i, line in enumerate(table.lines):
            drawn.add_row(*(Text(cell, style="bold" if (i, j) in table.strong else "") for j, cell in enumerate(line)))
        console.print()
        console.print(drawn)
        for note in table.notes:
            console.print(Text(f"  {note}", style="dim"))


def _markdown_table(table: Table) -> str:
    lines = [f"### {table.title}", ""]
    lines.append("| " + " | ".join(table.heads) + " |")
    lines.append("|" + "|".join(["---", *["---:"] * (len(table.heads) - 1)]) + "|")
    for i, line in enumerate(table.lines):
        cells = [f"**{cell}**" if (i, j) in table.strong else cell for j, cell in enumerate(line)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", "<br>") for cell in cells) + " |")
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes), ""])


def _table(experiment: Experiment) -> Table:
    # A component such as w1p_etarel is in the rows and in results.parquet; the table shows the metrics themselves.
    metrics = {score.metric for one in experiment.standings for row in one.rows for score in row.scores.values()}
    shown = [name for name in experiment.scores if name in metrics]
    lines, strong = [], set()
    for i, one in enumerate(experiment.standings):
        lines.append((_name(one), *(_score(one, name) for name in shown), *_costs(one)))
        strong |= {(i, 1 + j) for j, name in enumerate(shown) if experiment.leader(name) == one.title}
    return Table(
        title=f"{experiment.dataset}, preset {experiment.preset}",
        heads=("model", *(_NAMES.get(name, name) for name in shown), *_COSTS),
        lines=tuple(lines),
        strong=frozenset(strong),
        notes=tuple(_notes(experiment)),
    )


def _name(one: Standing) -> str:
    if one.rows[0].kind == "floor":
        return "floor: truth"
    name = f"{one.title} (reference)" if one.reference else one.title
    bad = [row for row in one.rows if row.status != "ok"]
    marks = sorted({row.status for row in bad})
    return ", ".join([name, *marks, *([one.coverage] if one.coverage and len(one.rows) > 1 else [])])


def _score(one: Standing, name: str) -> str:
    figure = one.figures.get(name)
    if figure is None:
        return "–"
    if one.rows[0].kind == "floor":
        return f"{_number(figure.mean)}\n{_interval(figure)}"
    text = _with_spread(figure.mean, figure.spread)
    if figure.ratio is not None and figure.direction == "lower":
        text += f"\n{figure.ratio:.1f} x floor"
    return text + ("\n(few)" if figure.few else "")


def _interval(figure: Figure) -> str:
    return f"[{_number(figure.low)}, {_number(figure.high)}]"


def _number(value: float) -> str:
    """Three digits, as a plain number where that is short.

    >>> _number(0.000384), _number(1.234), _number(0.0)
    ('3.84e-4', '1.23', '0')
    """
    if value == 0:
        return "0"
    if 0.01 <= abs(value) < 1000:
        return f"{value:.3g}"
    exponent = math.floor(math.log10(abs(value)))
    return f"{value / 10**exponent:.2f}e{exponent}"


def _with_spread(mean: float, spread: float) -> str:
    """A mean and its spread with one exponent.

    >>> _with_spread(3.84e-3, 1.2e-4), _with_spread(0.97, 0.01)
    ('(3.84 ± 0.12)e-3', '0.97 ± 0.01')
    """
    if mean == 0 or 0.01 <= abs(mean) < 1000:
        return f"{mean:.2f} ± {spread:.2f}"
    exponent = math.floor(math.log10(abs(mean)))
    scale = 10.0**exponent
    return f"({mean / scale:.2f} ± {spread / scale:.2f})e{exponent}"


def _costs(one: Standing) -> tuple[str, ...]:
    cost = one.best_row.cost
    if one.rows[0].kind == "floor":
        return ("–",) * len(_COSTS)
    training = "–" if cost.fit_seconds is None else _duration(cost.fit_seconds)
    if cost.inherited_fit_seconds:
        training += f" + {_duration(cost.inherited_fit_seconds)}"
    ours, ratio = cost.microseconds_per_cloud, cost.simulator_ratio
    peak = max(cost.peak_bytes.values(), default=0)
    return (
        training,
        "–" if ours is None else f"{ours:.3g}",
        "–" if ratio is None else f"{ratio:.3g} x faster" if ratio >= 1 else f"{1 / ratio:.3g} x slower",
        "–" if cost.break_even_clouds is None else f"{cost.break_even_clouds:,.0f}",
        "–" if cost.parameters is None else f"{cost.parameters:,}",
        "–" if not peak else f"{peak / 2**30:.2f} GiB",
    )


def _duration(seconds: float) -> str:
    """Seconds in the largest fitting unit.

    >>> _duration(12.3), _duration(125), _duration(7300)
    ('12 s', '2.1 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _notes(experiment: Experiment) -> Iterator[str]:
    rows = [row for one in experiment.standings for row in one.rows]
    spread = f"over {experiment.seeds} seeds" if experiment.seeds > 1 else "over the draws of one seed"
    yield (
        f"{experiment.n_fake:,} generated clouds against {experiment.n_real:,} test clouds, "
        f"{experiment.draws} draws, {experiment.seeds} seed(s); ± is the spread {spread}."
    )
    floor = next((row for row in rows if row.kind == "floor" and row.scores), None)
    if floor is not None:
        first = next(iter(floor.scores.values()))
        yield (
            f"floor: truth against independent truth, {first.n_fake:,} against {first.n_real:,}, "
            f"mean and 5 to 95 % band of {len(first.values)} draws."
        )
    simulator = next((row.cost for row in rows if row.cost.simulator_microseconds_per_cloud is not None), None)
    if simulator is not None:
        yield (
            f"simulator: {simulator.simulator_microseconds_per_cloud:,.0f} µs per cloud on one core, timed in turn "
            f"with each model on the same core (models on {simulator.timing_device}, batched sampling)."
        )
    few = sorted({name for one in experiment.standings for name, figure in one.figures.items() if figure.few})
    if few:
        yield f"(few): too few clouds to rank by {', '.join(few)}."
    if experiment.seeds == 1 and sum(not one.reference for one in experiment.standings) > 1:
        yield "One seed: nothing is bold; compare with --seeds 3 or more."
    for row in rows:
        if row.status != "ok":
            phase = f" in {row.phase}" if row.phase else ""
            yield f"{row.id}: {row.status}{phase}: {row.error or 'stopped at its time limit'}"
        for metric, reason in row.skipped_metrics.items():
            yield f"{row.id}: no {metric}: {reason}"
