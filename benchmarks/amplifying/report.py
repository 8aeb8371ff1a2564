"""G in a Markdown table and in a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["draw", "table"]

_Row = Mapping[str, Any]

_DRAWN = ("x", "mass", "mass tau32 d2")
"""One observable, and all: those between are in the table."""


def table(rows: Sequence[_Row]) -> str:
    """One line for each model, region and choice of observables, one column for each Q."""
    numbers = sorted({row["Q"] for row in rows})
    lines = [
        "| model | trainings | region | bins in | " + " | ".join(f"Q = {number}" for number in numbers) + " |",
        "|---|---:|---|---|" + "---:|" * len(numbers),
    ]
    for model, region, bins in _distinct(rows, "model", "region", "bins"):
        some = {row["Q"]: row for row in rows if (row["model"], row["region"], row["bins"]) == (model, region, bins)}
        trainings = next(iter(some.values()))["trainings"] or "–"
        shown = [str(some[number]["text"]) if number in some else "–" for number in numbers]
        lines.append(f"| {model} | {trainings} | {region} | {bins} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def draw(rows: Sequence[_Row], path: Path) -> None:
    """G against Q: one panel for each region and each choice of observables of :data:`_DRAWN`, one colour a model."""
    from matplotlib.figure import Figure

    rows = [row for row in rows if row["bins"] in _DRAWN]
    kinds, regions = ([name for (name,) in _distinct(rows, key)] for key in ("bins", "region"))
    models = [name for (name,) in _distinct(rows, "model")]
    numbers = sorted({row["Q"] for row in rows})
    figure = Figure(figsize=(1.2 + 2.7 * len(regions), 0.9 + 2.1 * len(kinds)), layout="constrained")
    panels = figure.subplots(len(kinds), len(regions), sharex=True, sharey="row", squeeze=False)
    for line, bins in enumerate(kinds):
        for column, region in enumerate(regions):
            axes = panels[line, column]
            _scale(axes, numbers)
            for i, model in enumerate(models):
                some = [row for row in rows if (row["model"], row["region"], row["bins"]) == (model, region, bins)]
                _line(axes, some, f"C{i}", model, 1.0 + 0.04 * (i - (len(models) - 1) / 2))
            if line == 0:
                axes.set_title(region, fontsize=10)
            if line == len(kinds) - 1:
                axes.set_xlabel("Q, bins")
        panels[line, 0].set_ylabel(f"G, bins in {bins}", fontsize=9)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(models), 2 * len(regions)), frameon=False)
    figure.savefig(path, dpi=150)


def _scale(axes: Any, numbers: Sequence[int]) -> None:
    """Logarithmic, with ticks that can be read, and a line at 1."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    axes.axhline(1.0, color="0.6", linewidth=1)
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())


def _line(axes: Any, rows: Iterable[_Row], colour: str, label: str, aside: float) -> None:
    """Points with intervals; an arrow where there is only a lower bound, nothing where there is not even that."""
    bounded = [row for row in rows if row["high"] is not None and row["G"] is not None]
    x = [row["Q"] * aside for row in bounded]
    y = [row["G"] for row in bounded]
    errors = [[row["G"] - row["low"] for row in bounded], [row["high"] - row["G"] for row in bounded]]
    axes.errorbar(x, y, errors, fmt="o-", color=colour, markersize=4, linewidth=1, capsize=2, label=label)
    open_ended = [row for row in rows if row["low"] is not None and row not in bounded]
    x, y = [row["Q"] * aside for row in open_ended], [row["low"] for row in open_ended]
    axes.plot(x, y, linestyle="none", marker="^", markersize=7, markerfacecolor="none", color=colour)


def _distinct(rows: Iterable[_Row], *keys: str) -> list[tuple[Any, ...]]:
    """The different values of some keys, in the order of the rows."""
    return list(dict.fromkeys(tuple(row[key] for key in keys) for row in rows))
