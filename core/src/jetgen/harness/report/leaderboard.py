"""The leaderboard: the same table for a terminal and for Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jetgen.errors import plain
from jetgen.harness.report.standings import Experiment, Standing, experiments
from jetgen.harness.store.row import Row, Score

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Table", "escaped", "markdown", "show", "tables"]

_NAMES = {"w1m": "W1M", "w1p": "W1P", "w1pt": "W1 pT", "w1mult": "W1 mult", "w1efp": "W1EFP"}
_MOST_SCORES = 5  # of one table: more do not fit eighty columns
_COSTS = ("training", "µs/cloud", "speed-up", "break-even", "params", "memory")
_NONE = "–"


@dataclass(frozen=True)
class Table:
    """A table in words: a title, column heads, lines of cells (the first is the name), and notes below it.

    ``strong`` holds the positions (line, column) of what is clearly the best.
    """

    title: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]]
    notes: tuple[str, ...]


def tables(rows: Sequence[Row]) -> list[Table]:
    """Tables of quality and cost for each dataset, size and preset among ``rows``."""
    found = []
    for experiment in experiments(rows):
        found += _quality(experiment)
        if any(not one.baseline for one in experiment.standings):
            found.append(_cost(experiment))
    return found


def markdown(rows: Sequence[Row]) -> str:
    """The tables as Markdown."""
    return "\n".join(_markdown_table(table) for table in tables(rows))


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the tables to a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    for table in tables(rows):
        drawn = RichTable(
            title=table.title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        for i, head in enumerate(table.heads):
            drawn.add_column(head, justify="left" if i == 0 else "right", no_wrap=i == 0)
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


def _quality(experiment: Experiment) -> list[Table]:
    """One table, or several of about equal width; the last one has the notes."""
    # A component such as w1p_etarel is in the rows and in results.parquet; the table shows the metrics themselves.
    specs = {name: figure.spec for one in experiment.standings for name, figure in one.figures.items()}
    shown = [name for name in experiment.scores if name == specs[name].name]
    usual = [*_NAMES, *shown]
    shown.sort(key=lambda name: (not specs[name].ranked, usual.index(name)))
    number = max(1, math.ceil(len(shown) / _MOST_SCORES))
    size = math.ceil(len(shown) / number)
    parts = [shown[i * size : (i + 1) * size] for i in range(number)]
    found = [_quality_part(experiment, part, "Quality" if i == 0 else "More quality") for i, part in enumerate(parts)]
    found[-1] = replace(found[-1], notes=tuple(_quality_notes(experiment, shown)))
    return found


def _quality_part(experiment: Experiment, shown: Sequence[str], title: str) -> Table:
    powers = {name: _power(experiment, name) for name in shown}
    leaders = [experiment.leader(name) for name in shown]
    lines, strong = [], set()
    for i, one in enumerate(experiment.standings):
        lines.append((_name(one), *(_score(one, name, powers[name]) for name in shown)))
        strong |= {(i, 1 + j) for j, leader in enumerate(leaders) if leader == one.title}
    return Table(
        title=f"{title}: {experiment.title}",
        heads=("model", *(_head(name, powers[name]) for name in shown)),
        lines=tuple(lines),
        strong=frozenset(strong),
        notes=(),
    )


def _power(experiment: Experiment, name: str) -> int:
    """The power of ten, in steps of three, that the values of one score are shown in."""
    values = [abs(one.figures[name].mean) for one in experiment.standings if name in one.figures]
    smallest = min((value for value in values if value), default=1.0)
    return 0 if smallest >= 0.1 else 3 * round(math.log10(smallest) / 3)


def _head(name: str, power: int) -> str:
    shown = _NAMES.get(name, name)
    return f"{shown} / 1e{power}" if power else shown


def _cost(experiment: Experiment) -> Table:
    models = [one for one in experiment.standings if not one.baseline]
    return Table(
        title=f"Cost: {experiment.title}",
        heads=("model", *_COSTS),
        lines=tuple((_name(one), *_costs(one)) for one in models),
        strong=frozenset(),
        notes=tuple(_cost_notes(experiment)),
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
        return _NONE
    mean, spread, low, high = (value / 10.0**power for value in (figure.mean, figure.spread, figure.low, figure.high))
    if one.rows[0].kind == "floor":
        return f"{_digits(mean)}\n[{_digits(low)}, {_digits(high)}]"
    text = f"{_digits(mean)} ± {spread:.{_decimals(mean)}f}"
    if figure.ratio is not None and figure.spec.direction == "lower":
        text += f"\n{figure.ratio:.1f} x"
    return text + (" (few)" if figure.few else "")


def _digits(value: float) -> str:
    """A number with three digits, without an exponent; at most four decimals.

    >>> _digits(0.03842), _digits(12.34), _digits(1234.5), _digits(0.0), _digits(2e-7)
    ('0.0384', '12.3', '1234', '0.00', '0.0000')
    """
    return f"{value:.{_decimals(value)}f}"


def _decimals(value: float) -> int:
    return 2 if value == 0 else min(4, max(0, 2 - math.floor(math.log10(abs(value)))))


def _costs(one: Standing) -> tuple[str, ...]:
    cost = one.best_row.cost
    training = _NONE if cost.fit_seconds is None else _duration(cost.fit_seconds)
    if cost.inherited_fit_seconds:
        training += f" + {_duration(cost.inherited_fit_seconds)}"
    ours, ratio = cost.microseconds_per_cloud, cost.simulator_ratio
    # Making the data is shared by all models, so it is none of their memory.
    peak = max((value for stage, value in cost.peak_bytes.items() if stage != "prepare"), default=0)
    return (
        training,
        _NONE if ours is None else f"{ours:.3g}",
        _NONE if ratio is None else f"{ratio:.3g} x",
        _NONE if cost.break_even_clouds is None else f"{cost.break_even_clouds:,.0f}",
        _NONE if cost.parameters is None else f"{cost.parameters:,}",
        _NONE if not peak else f"{peak / 2**30:.2f} GiB",
    )


def _duration(seconds: float) -> str:
    """Seconds in the largest fitting unit.

    >>> _duration(12.3), _duration(125), _duration(7300)
    ('12 s', '2.1 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _quality_notes(experiment: Experiment, shown: Sequence[str]) -> Iterator[str]:
    rows = [row for one in experiment.standings for row in one.rows]
    spread = f"over {experiment.seeds} seeds" if experiment.seeds > 1 else "over the draws of one seed"
    yield (
        f"{experiment.n_fake:,} generated clouds against {experiment.n_real:,} test clouds, "
        f"{experiment.draws} draws, {experiment.seeds} seed(s); ± is the spread {spread}; x: times the floor."
    )
    floor = next((row.scores for row in rows if row.kind == "floor" and row.scores), {})
    if floor:
        sizes = _sizes({name: floor[name] for name in shown if name in floor})
        yield f"floor: truth against independent truth, mean and 5 to 95 % band: {sizes}."
    few = [_NAMES.get(name, name) for name in shown if any(_few(one, name) for one in experiment.standings)]
    if few:
        yield f"(few): too few clouds to rank by {', '.join(few)}."
    if experiment.seeds == 1 and sum(not one.baseline for one in experiment.standings) > 1:
        yield "One seed: nothing is bold; compare with --seeds 3 or more."
    for one in experiment.standings:
        if one.best_row.overrides:
            changed = ", ".join(f"{key} = {value}" for key, value in one.best_row.overrides.items())
            yield f"{one.title}: {changed}"
    for row in rows:
        if row.status != "ok":
            phase = f" in {row.phase}" if row.phase else ""
            yield f"{row.id}: {row.status}{phase}: {row.error or 'stopped at its time limit'}"
    yield from _unscored(rows)


def _unscored(rows: Sequence[Row]) -> Iterator[str]:
    """Why a metric says nothing: once for all rows, or with the names of those that it is silent on."""
    silent: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for metric, reason in row.skipped_metrics.items():
            silent.setdefault((metric, reason), []).append(row.id)
    for (metric, reason), ids in silent.items():
        yield f"no {metric}: {reason}" if len(ids) == len(rows) else f"{', '.join(ids)}: no {metric}: {reason}"


def _sizes(floor: Mapping[str, Score]) -> str:
    """How many clouds stand on either side, and how often: the usual numbers, then the metrics that have others."""
    names: dict[str, list[str]] = {}
    for name, score in floor.items():
        text = f"{score.n_fake:,} against {score.n_real:,}, {len(score.values)} split(s)"
        names.setdefault(text, []).append(_NAMES.get(name, name))
    usual = max(names, key=lambda text: len(names[text]), default="")
    return "; ".join([usual, *(f"{', '.join(names[text])}: {text}" for text in names if text != usual)])


def _few(one: Standing, name: str) -> bool:
    return name in one.figures and one.figures[name].few


def _cost_notes(experiment: Experiment) -> Iterator[str]:
    costs = [row.cost for one in experiment.standings for row in one.rows]
    timed = next((cost for cost in costs if cost.simulator_microseconds_per_cloud is not None), None)
    if timed is not None:
        yield (
            f"speed-up: over the simulator, {timed.simulator_microseconds_per_cloud:,.0f} µs per cloud on one core; "
            f"both are timed in turn on the same core (models on {timed.timing_device}, batched, all included)."
        )
        yield "break-even: clouds after which the training, and the simulation of its data, have paid."
    for one in experiment.standings:
        cost = one.best_row.cost
        if cost.microseconds_by_batch:
            times = ", ".join(f"{int(n):,}: {_digits(value)}" for n, value in cost.microseconds_by_batch.items())
            how = (
                f"{cost.timing_device}, {cost.timing_threads} thread(s), weights in {cost.precision or 'unknown form'}"
            )
            yield f"{one.title}: µs/cloud by the clouds of one call, {times} ({how})."
