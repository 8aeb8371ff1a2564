"""Figures of what a classifier test sees: weights, calibration, and the observable that differs most."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.weights import effective_size, shares
from jetgen.evaluation.explain.explanation import Explanation
from jetgen.plot.binning import bins_of, centres_of, logarithmic, ratio_and_error
from jetgen.plot.style import COLOURS, TRUE, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "draw_calibration", "draw_observable", "draw_weights"]

_MADE = COLOURS[0]
_FAR = 3.0  # from such a ratio on its axis is logarithmic


def draw(explanation: Explanation, folder: Path) -> list[Path]:
    """Draw the three figures into ``folder``, each whole or not at all, and return their paths.

    Raises:
        UsageError: if matplotlib or mplhep is not installed.
        StorageError: if a figure cannot be written.
    """
    return [
        save(folder / f"{name}.png", partial(make, explanation))
        for name, make in (("weights", draw_weights), ("calibration", draw_calibration), ("strongest", draw_observable))
    ]


def draw_weights(explanation: Explanation, figure: Figure) -> None:
    """The weights of true and of generated clouds in the three ranges of 2305.16774."""
    figure.set_size_inches(13.5, 4.5)
    w, reported = explanation.weights, explanation.reported
    given = None if reported is None else shares(reported) * len(reported)
    both = np.concatenate([w.true, w.generated])
    panels = figure.subplots(1, 3)
    edges = (np.linspace(0, 3, 51), np.geomspace(1e-2, 10, 51), np.geomspace(both.min() / 1.1, both.max() * 1.1, 51))
    for axes, bins, title in zip(panels, edges, ("around 1", "0.01 to 10", "all weights"), strict=True):
        for side, of, colour, name in ((w.true, None, TRUE, "truth"), (w.generated, given, _MADE, "generated")):
            _steps(axes, np.histogram(side, bins, weights=of)[0], bins, colour, name)
        axes.axvline(1.0, color="0.6", linewidth=1, zorder=0)
        axes.set(xlabel="$w = D / (1 - D)$", ylabel=explanation.kind, title=title, yscale="log")
        axes.set(xscale="linear" if bins[0] == 0 else "log", xlim=(bins[0], bins[-1]))
    panels[0].legend()


def draw_calibration(explanation: Explanation, figure: Figure) -> None:
    """The fraction of true clouds against the probability that the judge gives; below it the numbers of clouds."""
    figure.set_size_inches(6, 6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    curve = explanation.calibration
    predicted = [one.predicted for one in curve]
    above.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    observed, errors = [one.observed.value for one in curve], [one.observed.stderr for one in curve]
    above.errorbar(predicted, observed, errors, fmt="o", color=TRUE)
    above.set(ylabel="fraction of true clouds", ylim=(-0.05, 1.05))
    below.bar(predicted, [one.n for one in curve], width=0.06, color="0.6")
    below.set(xlabel="probability $D$ of being true", ylabel="clouds", yscale="log", xlim=(-0.05, 1.05))


def draw_observable(explanation: Explanation, figure: Figure, name: str | None = None) -> None:
    """An observable of true and generated clouds with their ratio; by default the strongest one."""
    figure.set_size_inches(7, 6)
    finding = next(one for one in explanation.findings if name in (None, one.observable.name))
    values = explanation.values[finding.observable.name]
    edges, many_decades = bins_of(values.true, values.generated)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    given = explanation.given
    # Weighted clouds are counted so that their sum is what they are worth: then the error is that of a count.
    counted = None if given is None else shares(given) * effective_size(given)
    true, made = np.histogram(values.true, edges)[0], np.histogram(values.generated, edges, weights=counted)[0]
    total = len(values.generated) if given is None else effective_size(given)
    heights = [true / max(1, len(values.true)), made / max(1, total)]
    for share, colour, label in zip(heights, (TRUE, _MADE), ("truth", "generated"), strict=True):
        _steps(above, share, edges, colour, label)
    ratio, error = ratio_and_error(true, made, total / max(1, len(values.true)))
    centres = centres_of(edges, logarithmic=many_decades)
    below.axhline(1.0, color=TRUE, linewidth=1)
    below.errorbar(centres, ratio, error, fmt="o", markersize=3, color=_MADE, linewidth=1)
    above.set(ylabel=f"share of {explanation.kind} per bin", ylim=(0, 1.35 * max(share.max() for share in heights)))
    above.legend(title=f"AUC alone {finding.alone.value:.3f}", loc="upper right")
    below.set(xlabel=finding.observable.label, ylabel="generated\n/ truth", xlim=(edges[0], edges[-1]))
    far = bool(np.nanmax(ratio, initial=1.0) > _FAR)
    below.set(yscale="log" if far else "linear", ylim=(0.1, 10.0) if far else (0.0, 2.0))
    if many_decades:
        logarithmic(below)


def _steps(axes: Axes, heights: NDArray[Any], edges: NDArray[np.float64], colour: str, label: str) -> None:
    import mplhep

    mplhep.histplot(heights, edges, ax=axes, color=colour, label=label, yerr=False, linewidth=1.8)
