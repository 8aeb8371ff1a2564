"""Columns that are no smooth density: discrete ones, and those with many equal values at an edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from jetgen.errors import DataError
from numpy.typing import NDArray
from scipy.ndimage import median_filter

__all__ = ["Dequantise"]

Float64 = NDArray[np.float64]

# A column of no more different values is discrete.
_DISCRETE = 64
# A value that more than this part of the rows share, and so many times more than those next to it, is a peak. Of a
# column that is rounded the neighbours are as frequent.
_PEAK, _ABOVE, _NEIGHBOURS = 0.02, 10, 5


@dataclass(frozen=True)
class Dequantise:
    """What a column is made of a smooth density by uniform noise, and undone by rounding.

    The k-th value of a discrete column becomes a number between k and k + 1. A peak at the smallest or largest value
    becomes numbers beyond it, so that the rest of the column stays what it is.

    Arguments:
        levels: the values of a discrete column, increasing; empty if it is continuous.
        low, high: where a peak at an edge is, or None.
        width: how far such a peak spreads beyond its edge.
    """

    levels: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    width: float = 0.0

    @classmethod
    def fit(cls, name: str, values: Float64, *, discrete: bool = False) -> Self:
        """What the training values (N,) of a column need.

        Arguments:
            name: of the column, for the message.
            discrete: it is, however many values it has.

        Raises:
            DataError: if a value inside the range of a continuous column is shared by too many rows.
        """
        levels, counts = np.unique(values, return_counts=True)
        if discrete or len(levels) <= min(_DISCRETE, len(values) // 10):
            return cls(levels=tuple(levels.tolist()))
        usual = np.maximum(median_filter(counts, 2 * _NEIGHBOURS + 1, mode="mirror"), 1)
        peaks = np.flatnonzero((counts > _PEAK * len(values)) & (counts > _ABOVE * usual))
        inside = peaks[(peaks > 0) & (peaks < len(levels) - 1)]
        if len(inside):
            at = inside[0]
            msg = (
                f"the column {name} is {levels[at]:g} in {counts[at] / len(values):.0%} of the rows, inside a "
                f"continuous range from {levels[0]:g} to {levels[-1]:g}: a flow cannot learn such a peak; leave the "
                "column out, or split the rows by it"
            )
            raise DataError(msg)
        low, high = 0 in peaks, len(levels) - 1 in peaks
        return cls(
            low=float(levels[0]) if low else None,
            high=float(levels[-1]) if high else None,
            width=float(levels[-1] - levels[0]) / 10 if low or high else 0.0,
        )

    def spread(self, values: Float64, noise: Float64) -> Float64:
        """The values (N,) with uniform ``noise`` (N,) in [0, 1)."""
        if self.levels:
            levels = np.asarray(self.levels)
            return np.clip(np.searchsorted(levels, values), 0, len(levels) - 1) + noise
        if self.low is not None:
            values = np.where(values == self.low, self.low - self.width * noise, values)
        if self.high is not None:
            values = np.where(values == self.high, self.high + self.width * noise, values)
        return values

    def rounded(self, values: Float64) -> Float64:
        """Back."""
        if self.levels:
            return np.asarray(self.levels)[np.clip(np.floor(values), 0, len(self.levels) - 1).astype(np.int64)]
        return np.clip(values, self.low, self.high) if self.width else values

    def possible(self, values: Float64) -> NDArray[np.bool_]:
        """Which values (N,) can be what :meth:`rounded` gives: of a discrete column its levels alone."""
        return np.isin(values, self.levels) if self.levels else np.ones(len(values), bool)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal one."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        levels: Sequence[float] = document["levels"]
        return cls(tuple(levels), document["low"], document["high"], document["width"])
