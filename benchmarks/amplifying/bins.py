"""Bins of equal true mass in any number of dimensions, by recursive cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jetgen.errors import DataError
from numpy.typing import NDArray

__all__ = ["Bins"]

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Cut:
    """What is below ``edge`` in one column goes to the first part."""

    column: int
    edge: float
    below: _Cut | None
    above: _Cut | None
    first: int
    """The bins of the first part."""


@dataclass(frozen=True)
class Bins:
    """Q bins; in one dimension they lie between quantiles.

    Arguments:
        number: Q.
        root: the first cut; None for a single bin.
    """

    number: int
    root: _Cut | None

    @classmethod
    def equal(cls, truth: _Array, number: int) -> Bins:
        """Bins with equal numbers of true clouds, up to one each.

        Q bins are cut into two halves, Q // 2 and the others, in the first column, these in the next one, and so on.
        Clouds of equal values stay together, so columns of few values give unequal bins, some of them empty.

        Arguments:
            truth: float64 (N, D), the observables of true clouds.
            number: Q.

        Raises:
            DataError: if there are fewer clouds than bins.

        >>> Bins.equal(np.arange(12.0)[:, None], 3).counts(np.arange(12.0)[:, None]).tolist()
        [4, 4, 4]
        """
        if len(truth) < number:
            msg = f"{number} bins need as many true clouds; there are {len(truth)}"
            raise DataError(msg)
        return cls(number, _cut(truth, number, 0))

    def counts(self, values: _Array) -> NDArray[np.int64]:
        """How many rows of ``values`` (N, D) lie in each bin: int64 (Q,)."""
        found = np.zeros(self.number, np.int64)
        _count(self.root, values, found)
        return found


def _cut(truth: _Array, number: int, column: int) -> _Cut | None:
    if number == 1 or len(truth) == 0:
        return None
    first = number // 2
    edge = _edge(truth[:, column], first / number)
    below, following = truth[:, column] < edge, (column + 1) % truth.shape[1]
    parts = _cut(truth[below], first, following), _cut(truth[~below], number - first, following)
    return _Cut(column, edge, *parts, first)


def _edge(values: _Array, share: float) -> float:
    """The value with this share of the others below it; above the smallest one, if they are not all equal."""
    place = round(len(values) * share)
    edge = np.partition(values, place)[place]
    if edge == values.min():
        edge = values[values > edge].min(initial=np.inf)
    return float(edge) if np.isfinite(edge) else float(values[0])


def _count(cut: _Cut | None, values: _Array, found: NDArray[np.int64]) -> None:
    if cut is None:
        found[0] = len(values)
        return
    below = values[:, cut.column] < cut.edge
    _count(cut.below, values[below], found[: cut.first])
    _count(cut.above, values[~below], found[cut.first :])
