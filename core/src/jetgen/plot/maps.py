"""Maps of two coordinates: truth and models on one scale of colour, and below them the ratios to truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jetgen.plot.style import wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOST_MAPS", "draw_maps"]

MOST_MAPS = 6
"""Models in one row."""


def draw_maps(
    figure: Figure,
    maps: Mapping[str, NDArray[np.float64]],
    bounds: tuple[float, float],
    labels: tuple[str, str, str],
    **frame: Any,
) -> None:
    """The truth, the models, and their ratios to truth.

    Arguments:
        maps: by side, ``truth`` first, values (rows, columns) of 0 or more.
        bounds: what the logarithmic scale of colour covers at least.
        labels: of the horizontal axis, the vertical axis and the values.
        frame: of each map, as ``imshow`` takes it.
    """
    from matplotlib.colors import LogNorm

    true = maps["truth"]
    grid = figure.subplots(2, len(maps), squeeze=False, sharex=True, sharey=True)
    norm = LogNorm(true[true > 0].min(initial=bounds[0]), true.max(initial=bounds[1]))
    for (above, below), (side, values) in zip(grid.T, maps.items(), strict=True):
        shown = above.imshow(np.where(values > 0, values, np.nan), norm=norm, origin="lower", **frame)
        above.set_title(wrapped(side), fontsize="small")
        if side == "truth":
            below.axis("off")
            continue
        ratio = np.where(true > 0, values / np.where(true > 0, true, 1.0), np.nan)
        turned = below.imshow(ratio, cmap="RdBu_r", vmin=0, vmax=2, origin="lower", **frame)
        below.set_xlabel(labels[0])
    grid[0, 0].set_ylabel(labels[1])
    figure.colorbar(shown, ax=grid[0], label=labels[2], shrink=0.8)
    if len(maps) > 1:
        figure.colorbar(turned, ax=grid[1], label="model / truth", shrink=0.8)
