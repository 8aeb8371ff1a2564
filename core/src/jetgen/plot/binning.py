"""Bins of histograms, and the axes that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bins_of", "centres_of", "logarithmic", "ratio_and_error"]

Float64 = NDArray[np.float64]

_FEW_VALUES = 60
_DECADES = 1.0  # of positive values, from which on an axis is logarithmic
_BINS = 40
_BULK = (0.002, 0.998)
_ROOMY = 50.0


def bins_of(*sides: NDArray[Any]) -> tuple[Float64, bool]:
    """Edges for the bulk of the values of all sides, and whether they are logarithmic.

    Few distinct values have a bin each.

    >>> bins_of(np.array([1, 2]), np.array([2, 4]))
    (array([0.5, 1.5, 3.5, 4.5]), False)
    """
    values = np.concatenate(sides)
    distinct = np.unique(values)
    if len(distinct) <= _FEW_VALUES:
        step = float(np.diff(distinct).min()) if len(distinct) > 1 else 1.0
        return np.append(distinct - step / 2, distinct[-1] + step / 2), False
    low, high = np.quantile(values, _BULK)
    if low > 0 and np.log10(high / low) > _DECADES:
        return np.geomspace(low, high, _BINS + 1), True
    return np.linspace(low, high, _BINS + 1), False


def centres_of(edges: Float64, *, logarithmic: bool) -> Float64:
    """The middle of each bin."""
    centres: Float64 = np.sqrt(edges[1:] * edges[:-1]) if logarithmic else (edges[1:] + edges[:-1]) / 2
    return centres


def logarithmic(axes: Axes) -> None:
    """A logarithmic axis of few decades with plain numbers, at 1, 2 and 5 where there is room for them."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    low, high = axes.get_xlim()
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < _ROOMY * low else (1.0, 3.0)))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def ratio_and_error(true: NDArray[Any], made: NDArray[Any], scale: float) -> tuple[Float64, Float64]:
    """Generated over true counts with the error of both; NaN where there is no truth.

    Arguments:
        scale: the number of generated over that of true values.
    """
    expected = np.where(true > 0, true * scale, np.nan)
    ratio = made / expected
    relative = np.sqrt(1.0 / np.maximum(made, 1) + 1.0 / np.maximum(true, 1))
    return ratio, np.maximum(ratio, 1.0 / expected) * relative
