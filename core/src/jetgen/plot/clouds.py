"""Figures of any clouds: features of points, observables of clouds, and how these go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import UsageError, did_you_mean
from jetgen.metrics.observables.catalogue import observables
from jetgen.metrics.observables.high_level import high_level, high_level_names
from jetgen.plot.comparison import Comparison
from jetgen.plot.histograms import Panel, draw_panels
from jetgen.plot.style import wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_correlations", "draw_features", "draw_observables"]

_MOST_MATRICES = 6

_SYMBOLS = {
    "etarel": r"particle $\eta^\mathrm{rel}$",
    "phirel": r"particle $\phi^\mathrm{rel}$",
    "ptrel": r"particle $p_\mathrm{T}^\mathrm{rel}$",
}
"""How axes write the features that have a symbol."""


def draw_features(figure: Figure, found: Comparison) -> None:
    """Every feature of the points."""
    panels = []
    for column, feature in enumerate(found.spec.features):
        symbol = _SYMBOLS.get(feature.name, feature.name)
        label = f"{symbol} [{feature.unit}]" if feature.unit else symbol
        panels.append(Panel(label, found.of_points(column), "points"))
    draw_panels(figure, panels)


def draw_observables(figure: Figure, found: Comparison, names: Sequence[str]) -> None:
    """Some of the high-level observables of whole clouds, by name.

    Raises:
        UsageError: if such clouds have no observable of that name.
    """
    places = _places(found, names)
    labels = {one.name: one.label for one in observables(found.spec)}
    sides = found.of_clouds(lambda clouds: high_level(clouds, found.spec))
    panels = []
    for name, place in zip(names, places, strict=True):
        of_one = {side: columns[place] for side, columns in sides.items()}
        panels.append(Panel(labels.get(name, name), of_one, found.spec.kind))
    draw_panels(figure, panels)


def _places(found: Comparison, names: Sequence[str]) -> list[int]:
    """The columns of these high-level observables."""
    known = high_level_names(found.spec)
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            msg = f"{found.spec.kind} have no observable {name!r}{hint}; they have {', '.join(known)}"
            raise UsageError(msg)
    return [known.index(name) for name in names]


def draw_correlations(figure: Figure, found: Comparison, names: Sequence[str]) -> None:
    """The correlations of observables in truth, and by how much those of each model are larger or smaller.

    Raises:
        UsageError: if such clouds have no observable of that name.
    """
    places = _places(found, names)
    matrices = {
        side: _correlations(high_level(clouds, found.spec)[:, places])
        for side, clouds in list(found.sides())[: _MOST_MATRICES + 1]
    }
    figure.set_size_inches(4.0 * len(matrices) + 1.0, 4.6)
    row = figure.subplots(1, len(matrices), squeeze=False, sharey=True)[0]
    for axes, (side, matrix) in zip(row, matrices.items(), strict=True):
        truth = side == "truth"
        shown = matrix if truth else matrix - matrices["truth"]
        image = axes.imshow(shown, cmap="RdBu_r", vmin=-1 if truth else -0.3, vmax=1 if truth else 0.3)
        axes.set_title(side if truth else f"{wrapped(side)} − truth", fontsize="small")
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize="x-small")
        axes.set_yticks(range(len(names)), names, fontsize="x-small")
        axes.minorticks_off()
        figure.colorbar(image, ax=axes, shrink=0.6)


def _correlations(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D, D); a quantity that never changes is correlated with nothing."""
    spread = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(standard.T @ standard / max(1, len(values)), np.float64)
