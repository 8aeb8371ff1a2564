"""Histograms of truth and models with their ratios: the panels of most figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jetgen.plot.binning import bins_of, logarithmic, ratio_and_error
from jetgen.plot.comparison import Values, colour_of
from jetgen.plot.style import TRUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Panel", "draw_panels"]

Float64 = NDArray[np.float64]

_ACROSS = 3
_FAR = 3.0  # from such a ratio on its axis is logarithmic
_WIDE, _LINEAR, _NEAR = (0.1, 10.0), (0.0, 2.0), (0.5, 1.5)
_OFF, _FEW = 0.4, 0.02  # a ratio that leaves the narrow axis, and the share of truth that may have one
_HEADROOM = 1.25
_SPIKE = 0.5


class Panel:
    """One quantity of truth and models.

    Arguments:
        label: of its axis, with the unit.
        sides: by name, its values; ``truth`` is one of the names.
        what: what has such a value, in the plural.
    """

    def __init__(self, label: str, sides: Mapping[str, Values], what: str) -> None:
        self.label, self.what = label, what
        self.truth = sides["truth"]
        self.models = {name: one for name, one in sides.items() if name != "truth"}
        # Few values of a model with a wild one would leave the truth one bin: truth alone says where to look.
        self.edges, self.logarithmic = bins_of(self.truth.values)

    def draw(self, above: Axes, below: Axes) -> None:
        """The shares in each bin, and below them what models have over what truth has."""
        true = self.truth.histogram(self.edges)
        _filled(above, true / max(1.0, self.truth.total), self._error(true), self.edges)
        ratios = [self._model(above, below, true, name, place) for place, name in enumerate(self.models)]
        _, error = ratio_and_error(true, true, 1.0)
        band = np.nan_to_num(error / np.sqrt(2))  # of the truth alone
        below.stairs(1 + band, self.edges, baseline=1 - band, fill=True, color="0.85", zorder=0)
        below.axhline(1.0, color=TRUE, linewidth=1)
        limits = _ratio_limits(ratios, true)
        below.set(yscale="log" if limits == _WIDE else "linear", ylim=limits)
        below.set(xlabel=self.label, xlim=(self.edges[0], self.edges[-1]))
        # Where nearly all clouds are alike, the others are what there is to see.
        spiky = true.max(initial=0) > _SPIKE * max(1.0, self.truth.total)
        above.set_yscale("log") if spiky else above.set_ylim(0, _HEADROOM * above.get_ylim()[1])
        above.set_ylabel(f"share of {self.what}")
        below.set_ylabel("model / truth", fontsize="small")
        if self.logarithmic:
            logarithmic(below)

    def _model(self, above: Axes, below: Axes, true: Float64, name: str, place: int) -> Float64:
        """One model, dashed once the colours come again; its ratio to truth."""
        side = self.models[name]
        made = side.histogram(self.edges)
        ratio, _ = ratio_and_error(true, made, max(1.0, side.total) / max(1.0, self.truth.total))
        for axes, heights in ((above, made / max(1.0, side.total)), (below, ratio)):
            axes.stairs(heights, self.edges, color=colour_of(place), label=name, linewidth=1.6, baseline=None)
        return ratio

    def _error(self, true: Float64) -> Float64:
        return np.asarray(np.sqrt(true) / max(1.0, self.truth.total), np.float64)


def _ratio_limits(ratios: Sequence[Float64], true: Float64) -> tuple[float, float]:
    """The axis of ratios: near 1 where nearly all of the truth has such ratios, logarithmic where one is far away."""
    if max((float(np.nanmax(one, initial=1.0)) for one in ratios), default=1.0) > _FAR:
        return _WIDE
    off = np.concatenate([true[np.abs(one - 1.0) > _OFF].sum(keepdims=True) for one in ratios] or [np.zeros(1)])
    return _NEAR if off.max() < _FEW * true.sum() else _LINEAR


def _filled(axes: Axes, share: Float64, error: Float64, edges: Float64) -> None:
    """Truth: filled steps, and the band of its statistical error."""
    axes.stairs(share, edges, fill=True, color="0.85", label="truth")
    axes.stairs(share + error, edges, baseline=share - error, fill=True, color="0.6", zorder=1.1)


def draw_panels(figure: Figure, panels: Sequence[Panel]) -> None:
    """Panels, three in a row, with one legend above them all."""
    lines = -(-len(panels) // _ACROSS)
    across = min(_ACROSS, len(panels))
    figure.set_size_inches(4.8 * across, 4.6 * lines + 0.5)
    grid = figure.add_gridspec(2 * lines, across, height_ratios=[3, 1] * lines)
    for i, panel in enumerate(panels):
        line, column = divmod(i, across)
        above = figure.add_subplot(grid[2 * line, column])
        below = figure.add_subplot(grid[2 * line + 1, column], sharex=above)
        above.tick_params(labelbottom=False)
        panel.draw(above, below)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(4, len(labels)), fontsize="small")
