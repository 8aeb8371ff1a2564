"""Optimal areas under the curve from exact ratios, and what of their excess over one half a classifier reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jetgen.metrics.c2st.calibration import fraction_below, mean_variance
from jetgen.metrics.c2st.verdict import Score, Verdict
from numpy.typing import NDArray

__all__ = ["optimal_area", "power"]

Float64 = NDArray[np.float64]
_BLOCKS = 20


def optimal_area(log_ratio: Float64) -> Score:
    """The area under the curve of the best classifier that there is, from log q(x) / p(x) of N fresh jets of the truth.

    No generated jet is needed: with the weights q / p the same jets are a sample of q. The error is that of twenty
    parts. The ratio may have any constant factor.

    >>> x = np.random.default_rng(0).normal(size=100_000)
    >>> found = optimal_area(x - 0.5)  # of two Gaussians at a distance of 1: Phi(1 / sqrt(2)) = 0.7602
    >>> abs(found.value - 0.7602) < 3 * found.stderr < 0.01
    True
    """
    parts = [_weighted_area(part) for part in np.array_split(log_ratio, _BLOCKS)]
    return Score(_weighted_area(log_ratio), float(np.std(parts, ddof=1)) / math.sqrt(_BLOCKS))


def _weighted_area(log_ratio: Float64) -> float:
    """The chance that a jet drawn by weight has a larger ratio than another jet; equal ones count half."""
    distinct, counts = np.unique(log_ratio, return_counts=True)
    weights = np.exp(distinct - distinct.max()) * counts
    below = np.cumsum(counts) - counts / 2
    return float((weights * below).sum() / (weights.sum() * len(log_ratio)))


def power(verdicts: Sequence[Verdict], of_real: Float64, of_fake: Float64, optimal: Score) -> Score:
    """What a classifier reaches of the optimal excess.

    Both classifiers are compared on the very clouds that were reported on, so that most of the noise of these cancels:
    the power is 1 - (optimal area - area there) / (optimal area - 1/2).

    Arguments:
        verdicts: on disjoint clouds.
        of_real, of_fake: the logarithm of the ratio of every true and of every generated cloud of the test.
        optimal: the area of the best classifier.
    """
    losses = []
    for verdict in verdicts:
        # Outputs of the judge are probabilities of truth, and the ratio is that of the generator.
        labels, rows = verdict.labels, verdict.rows
        ratios = np.empty(len(rows))
        ratios[labels], ratios[~labels] = -of_real[rows[labels]], -of_fake[rows[~labels]]
        losses.append(_difference(ratios, verdict.probabilities, labels))
    excess = optimal.value - 0.5
    loss = float(np.mean([one.value for one in losses]))
    error = math.hypot(_joint([one.stderr for one in losses]), loss / excess * optimal.stderr) / excess
    return Score(1.0 - loss / excess, error)


def _joint(errors: Sequence[float]) -> float:
    """The error of the mean of independent values."""
    return math.sqrt(sum(error**2 for error in errors)) / len(errors)


def _difference(first: Float64, second: Float64, labels: NDArray[np.bool_]) -> Score:
    """The area of the first outputs minus that of the second ones, both of the same clouds (DeLong 1988)."""
    of_true = fraction_below(first[~labels], first[labels]) - fraction_below(second[~labels], second[labels])
    of_generated = fraction_below(first[labels], first[~labels]) - fraction_below(second[labels], second[~labels])
    return Score(float(of_true.mean()), math.sqrt(mean_variance(of_true) + mean_variance(of_generated)))
