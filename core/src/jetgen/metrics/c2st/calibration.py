"""What the outputs of a classifier say after calibration: the area under its ROC curve, the divergence it proves."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.stats import rankdata

__all__ = ["Calibration", "Separation", "area_under_curve", "separation", "shannon_divergence"]

_EDGE = 1e-6
"""No calibrated probability is nearer than this to 0 or 1, so that no logarithm is infinite."""

Float64 = NDArray[np.float64]
Labels = NDArray[np.bool_]


def area_under_curve(outputs: Float64, labels: Labels) -> float:
    """The probability that a true cloud has a larger output than a generated one; equal outputs count half.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    positive = int(np.count_nonzero(labels))
    negative = len(labels) - positive
    ranks = rankdata(outputs)[labels].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def shannon_divergence(probabilities: Float64, labels: Labels) -> float:
    """The Jensen-Shannon divergence in bits that a classifier proves: 1 minus its cross-entropy over log 2.

    A perfect classifier of equally many clouds of either kind gives 1, one that always says 1/2 gives 0, and one that
    is wrong more often than it admits gives a negative number. It is a lower bound: a better classifier may find more.

    >>> shannon_divergence(np.array([0.5, 0.5]), np.array([False, True]))
    0.0
    """
    entropy = -np.log(np.where(labels, probabilities, 1.0 - probabilities)).mean()
    return float(1.0 - entropy / math.log(2))


class Calibration:
    """A rising function from outputs to probabilities, fitted by isotonic regression; straight between its knots.

    >>> calibration = Calibration(np.array([0.0, 1.0, 2.0, 3.0]), np.array([False, True, False, True]))
    >>> calibration(np.array([-1.0, 1.5, 2.5])).round(3).tolist()
    [0.0, 0.5, 0.75]
    """

    def __init__(self, outputs: Float64, labels: Labels) -> None:
        # Clouds with one output get one probability: the regression is on the means of the distinct outputs.
        self.knots, where, counts = np.unique(outputs, return_inverse=True, return_counts=True)
        means = np.bincount(where, weights=labels.astype(np.float64)) / counts
        self.values: Float64 = isotonic_regression(means, weights=counts).x

    def __call__(self, outputs: Float64) -> Float64:
        return np.clip(np.interp(outputs, self.knots, self.values), _EDGE, 1.0 - _EDGE)


class Separation(NamedTuple):
    """How well a classifier separates clouds that it never saw."""

    auc: float
    jsd: float


def separation(select: tuple[Float64, Labels], test: tuple[Float64, Labels]) -> Separation:
    """Outputs and labels of the test split, judged after a calibration on those of the selection split."""
    probabilities = Calibration(*select)(test[0])
    return Separation(area_under_curve(probabilities, test[1]), shannon_divergence(probabilities, test[1]))
