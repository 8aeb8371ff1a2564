"""Each value to the normal score of its rank, by a smooth curve through some quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import ndtr

from jetgen.torch.transforms.elementwise import Array, Float64, call, clip, namespace

__all__ = ["GaussRank"]

# Beyond 3.5 standard deviations there is one value in two thousand: too few to learn a distribution from.
_FARTHEST = 3.5
_KNOTS = 101
# So much of a straight line is added that no two quantiles are the same, where many values are.
_STRAIGHT = 1e-4


class _Curve(NamedTuple):
    """Knots x, knots y and the slopes there; between them monotone rational quadratics, beyond them straight lines."""

    x: Float64
    y: Float64
    slopes: Float64


@dataclass(frozen=True)
class GaussRank:
    """What makes the training values standard normal, through 101 of their quantiles (rational quadratics between).

    Of a finite sample it blurs what is narrower than a hundredth of the values, and nothing else. Beyond the outermost
    quantiles it is a straight line, so that it has an inverse everywhere.

    Arguments:
        quantiles: increasing, of equidistant normal scores from -3.5 to 3.5.
    """

    quantiles: tuple[float, ...]

    @classmethod
    def fit(cls, values: Float64) -> Self:
        scores = np.linspace(-_FARTHEST, _FARTHEST, _KNOTS)
        spread = max(float(values.std()), 1e-3 * float(np.abs(values).max()), 1e-12)
        # Equal values are spread half of the way to their neighbours: a column may be rounded.
        levels, counts = np.unique(values, return_counts=True)
        ends = np.concatenate([levels[:1], (levels[1:] + levels[:-1]) / 2, levels[-1:]])
        quantiles = np.interp(ndtr(scores), np.concatenate([[0], np.cumsum(counts) / len(values)]), ends)
        return cls(tuple((quantiles + _STRAIGHT * spread * scores).tolist()))

    def forward(self, x: Array) -> Array:
        """The scores."""
        curve = self._curve
        at = _Bin.of(x, curve, curve.x)
        z = clip((x - at.x) / at.dx, 0, 1)
        hump = z * (1 - z)
        inside: Array = at.y + at.dy * (at.mean * z * z + at.left * hump) / (at.mean + at.bend * hump)
        return inside + _beyond(x, curve.x, curve.slopes)

    def inverse(self, y: Array, largest_log: float = 0.0) -> Array:
        """Back to the units of the data."""
        del largest_log
        curve = self._curve
        at = _Bin.of(y, curve, curve.y)
        rise = clip(y - at.y, 0, None)
        rise = rise - clip(rise - at.dy, 0, None)
        a, b, c = at.dy * (at.mean - at.left) + rise * at.bend, at.dy * at.left - rise * at.bend, -at.mean * rise
        # Rounding can push the discriminant below 0 where it is 0.
        z = clip(2 * c / (-b - call("sqrt", clip(b * b - 4 * a * c, 0, None))), 0, 1)
        inside: Array = at.x + z * at.dx
        return inside + _beyond(y, curve.y, 1 / curve.slopes)

    def log_slope(self, x: Array) -> Array:
        """The logarithm of dy/dx."""
        curve = self._curve
        at = _Bin.of(x, curve, curve.x)
        z = clip((x - at.x) / at.dx, 0, 1)
        hump, below = z * (1 - z), at.mean + at.bend * z * (1 - z)
        slope: Array = at.mean**2 * (at.right * z * z + 2 * at.mean * hump + at.left * (1 - z) ** 2) / below**2
        return call("log", slope)

    @cached_property
    def _curve(self) -> _Curve:
        x, y = np.asarray(self.quantiles, np.float64), np.linspace(-_FARTHEST, _FARTHEST, len(self.quantiles))
        steps = np.diff(y) / np.diff(x)
        # The harmonic mean of its neighbours: the smaller one counts, so that no gap is bridged.
        inner = 2 * steps[1:] * steps[:-1] / (steps[1:] + steps[:-1])
        return _Curve(x, y, np.concatenate([steps[:1], inner, steps[-1:]]))


class _Bin(NamedTuple):
    """Of each value the bin that it falls into: lower ends, sizes, the mean slope, those at both ends, and the bend."""

    x: Any
    y: Any
    dx: Any
    dy: Any
    mean: Any
    left: Any
    right: Any
    bend: Any

    @classmethod
    def of(cls, values: Array, curve: _Curve, knots: Float64) -> Self:
        library = namespace(values)
        x, y, slopes, inner = (
            library.asarray(each, dtype=values.dtype, device=values.device) for each in (*curve, knots[1:-1])
        )
        index = library.searchsorted(inner, values)
        dx, dy = x[index + 1] - x[index], y[index + 1] - y[index]
        left, right, mean = slopes[index], slopes[index + 1], dy / dx
        return cls(x[index], y[index], dx, dy, mean, left, right, left + right - 2 * mean)


def _beyond(values: Array, knots: Float64, slopes: Float64) -> Array:
    """What straight lines add beyond the outermost knots."""
    low, high = clip(values - float(knots[0]), None, 0), clip(values - float(knots[-1]), 0, None)
    return low * float(slopes[0]) + high * float(slopes[-1])
