"""Weights of generated clouds: their check, their shares and the effective sample size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.data.arrays import numbers
from jetgen.errors import DataError

__all__ = [
    "NOTHING_LEFT",
    "all_equal",
    "checked_weights",
    "effective_size",
    "nothing_counts",
    "shares",
    "weighted_quantile",
]

Float64 = NDArray[np.float64]

NOTHING_LEFT = "the weights of all {} clouds are 0: nothing is left to compare"
"""What is said of the number of clouds where :func:`nothing_counts`."""


def checked_weights(values: ArrayLike, n: int, first: int = 0) -> Float64:
    """``values`` as float64 (n,), one weight for each cloud; integers are allowed, and so is 0.

    Arguments:
        n: how many clouds there are.
        first: the row of the first of these clouds in the whole, for the message.

    Raises:
        DataError: if there is another number of weights, or one is negative or not finite.
    """
    weights = numbers("weights", values)
    if len(weights) != n:
        msg = f"weights has {len(weights)} entries for {n} clouds"
        raise DataError(msg)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        msg = f"weights is {weights[wrong[0]]:g} at row {first + wrong[0]}; a weight is finite and 0 or more"
        raise DataError(msg)
    return weights


def shares(weights: Float64) -> Float64:
    """The weights (N,) over their sum.

    Raises:
        DataError: if all are 0.

    >>> shares(np.array([1.0, 0.0, 3.0])).tolist()
    [0.25, 0.0, 0.75]
    """
    largest = weights.max(initial=0.0)
    if largest == 0.0:
        raise DataError(NOTHING_LEFT.format(len(weights)))
    relative = weights / largest  # the sum of large weights may be infinite
    of_all: Float64 = relative / relative.sum()
    return of_all


def nothing_counts(weights: Float64 | None) -> bool:
    """Whether there are clouds with weights, and all of these are 0."""
    return weights is not None and len(weights) > 0 and not weights.any()


def effective_size(weights: Float64) -> float:
    """(Σw)² / Σw²: so many unweighted clouds have the statistical error of a mean of these (Kish 1965).

    >>> effective_size(np.ones(100)), effective_size(np.array([1.0, 1.0, 0.0]))
    (100.0, 2.0)

    Raises:
        DataError: if all weights are 0.
    """
    return float(1.0 / np.square(shares(weights)).sum())


def weighted_quantile(values: Float64, levels: Sequence[float], weights: Float64 | None = None) -> Float64:
    """The quantiles of values (N,), each of which counts by its weight if they have any.

    >>> weighted_quantile(np.array([1.0, 2.0, 3.0]), [0.5], np.array([1.0, 1.0, 8.0])).tolist()
    [3.0]
    """
    if weights is None:
        return np.asarray(np.quantile(values, levels), np.float64)
    return np.asarray(np.quantile(values, levels, weights=shares(weights), method="inverted_cdf"), np.float64)


def all_equal(weights: Float64) -> bool:
    """Whether the clouds count alike, as without weights; False if all weights are 0."""
    return len(weights) > 0 and weights[0] > 0 and bool((weights == weights[0]).all())
