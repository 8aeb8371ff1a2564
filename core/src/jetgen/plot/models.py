"""Figures of models as a whole: quality against cost, and how trainings went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jetgen.plot.comparison import colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Price", "draw_histories", "draw_prices"]

_ACROSS = 3
_MOST_CURVES = 6


@dataclass(frozen=True)
class Price:
    """What a model costs and what it is worth.

    Arguments:
        name: of the model.
        microseconds: per cloud.
        value: its score, and the spread of that.
        device: on which it was timed.
    """

    name: str
    microseconds: float
    value: tuple[float, float]
    device: str


def draw_prices(
    figure: Figure,
    prices: Sequence[Price],
    score: str,
    floor: tuple[float, float, float] | None,
    simulator: float | None,
) -> None:
    """A score against microseconds per cloud, the floor as a line with its band, the simulator as a line.

    Arguments:
        score: what the score is called.
        floor: its mean, and its 5 and 95 % quantiles.
        simulator: microseconds per cloud.
    """
    figure.set_size_inches(8, 5.5)
    axes = figure.subplots()
    times = [one.microseconds for one in prices] + ([simulator] if simulator else [])
    middle = np.sqrt(min(times) * max(times))
    for place, one in enumerate(prices):
        mean, spread = one.value
        axes.errorbar(one.microseconds, mean, spread, fmt="o", color=colour_of(place), capsize=3)
        left, side = (-6, "right") if one.microseconds > middle else (6, "left")  # so that no name leaves the frame
        style: dict[str, Any] = {"textcoords": "offset points", "fontsize": "x-small", "ha": side}
        axes.annotate(one.name, (one.microseconds, mean), (left, 6), **style)
    if floor is not None:
        mean, low, high = floor
        axes.axhspan(low, high, color="0.88", zorder=0)
        axes.axhline(mean, color="0.4", linewidth=1, label="floor: truth against truth")
    if simulator is not None:
        axes.axvline(simulator, color="0.4", linewidth=1, linestyle="--", label="simulator")
    devices = " and ".join(dict.fromkeys(one.device for one in prices))
    axes.set(xscale="log", xlabel=f"µs per cloud ({devices})", ylabel=score)
    values = [value for one in prices for value in (one.value[0], *([floor[0]] if floor else []))]
    if min(values) > 0 and max(values) > 5 * min(values):
        axes.set_yscale("log")
    axes.margins(0.2)
    if floor is not None or simulator is not None:
        axes.legend(fontsize="x-small")


def draw_histories(figure: Figure, histories: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """What each training reported over its time, a panel for each model."""
    shown = list(histories.items())
    lines = -(-len(shown) // _ACROSS)
    figure.set_size_inches(4.8 * min(_ACROSS, len(shown)), 3.8 * lines)
    grid = figure.subplots(lines, min(_ACROSS, len(shown)), squeeze=False)
    for axes in grid.flat[len(shown) :]:
        axes.axis("off")
    for axes, (name, curves) in zip(grid.flat, shown, strict=False):
        for place, (curve, values) in enumerate(list(curves.items())[:_MOST_CURVES]):
            done = np.linspace(0, 1, len(values) + 1)[1:]
            axes.plot(done, values, color=colour_of(place), label=curve, linewidth=1.2)
        axes.set_title(name, fontsize="small")
        axes.set_xlabel("share of the training")
        axes.legend(fontsize="xx-small")
