"""Calibration of classifier outputs, the area under the ROC curve, and the divergence that it implies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

__all__ = ["Calibration", "area_under_curve", "area_variance", "shannon_divergence"]

Float64 = NDArray[np.float64]
Labels = NDArray[np.bool_]


def area_under_curve(outputs: Float64, labels: Labels) -> float:
    """The area under the ROC curve: the probability that a true cloud has the larger output; ties count half.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    return float(_below(outputs[~labels], outputs[labels]).mean())


def area_variance(outputs: Float64, labels: Labels) -> float:
    """The variance of the area under the curve of a fixed classifier over samples of clouds (DeLong et al. 1988).

    >>> rng = np.random.default_rng(0)
    >>> round(area_variance(rng.random(2_000), np.arange(2_000) < 1_000) ** 0.5, 4)  # sqrt((2 n + 1) / 12) / n
    0.0129
    """
    true, generated = outputs[labels], outputs[~labels]
    of_true, of_generated = _below(generated, true), _below(true, generated)
    return float(of_true.var(ddof=1) / len(true) + of_generated.var(ddof=1) / len(generated))


def _below(some: Float64, others: Float64) -> Float64:
    """For each of ``others`` the fraction of ``some`` below it; equal values count half."""
    # scipy.stats has this too, and takes more than a second to import.
    ordered = np.sort(some)
    ranks = np.searchsorted(ordered, others) + np.searchsorted(ordered, others, "right")
    return ranks / (2.0 * len(some))


def shannon_divergence(probabilities: Float64, labels: Labels) -> float:
    """A lower bound of the Jensen-Shannon divergence in bits: 1 minus the cross-entropy over log 2.

    For equally many clouds of either class: 1 for a perfect classifier, 0 for one that always returns 1/2, negative for
    an overconfident one. It is a lower bound because a better classifier may find more.

    >>> shannon_divergence(np.array([0.5, 0.5]), np.array([False, True]))
    0.0
    """
    entropy = -np.log(np.where(labels, probabilities, 1.0 - probabilities)).mean()
    return float(1.0 - entropy / math.log(2))


class Calibration:
    """A rising function from outputs to probabilities, fitted by centred isotonic regression (Oron and Flournoy 2017).

    Isotonic regression gives all clouds of a block one probability; here it holds at the mean output of the block, and
    between two blocks the function is linear, so that clouds keep their order.

    One more true cloud at the smallest output and one more generated cloud at the largest keep it away from certainty:
    where m clouds of one class are beyond all of the other, the probability is m / (m + 1) and not 1. So the weight
    p / (1 - p) of a cloud is at most what so many clouds can tell.

    >>> calibration = Calibration(np.arange(6.0), np.array([False, False, False, True, True, True]))
    >>> calibration(np.array([-1.0, 2.5, 9.0])).round(3).tolist()
    [0.25, 0.5, 0.75]
    """

    def __init__(self, outputs: Float64, labels: Labels) -> None:
        outputs, labels = np.append(outputs, (outputs.min(), outputs.max())), np.append(labels, (True, False))
        # Equal outputs get equal probabilities: the regression is on the mean labels of the distinct outputs.
        distinct, where, counts = np.unique(outputs, return_inverse=True, return_counts=True)
        means = np.bincount(where, weights=labels.astype(np.float64)) / counts
        fitted = isotonic_regression(means, weights=counts)
        sizes = np.add.reduceat(counts, fitted.blocks[:-1])
        self.knots: Float64 = np.add.reduceat(distinct * counts, fitted.blocks[:-1]) / sizes
        self.values: Float64 = fitted.x[fitted.blocks[:-1]]

    def __call__(self, outputs: Float64) -> Float64:
        return np.interp(outputs, self.knots, self.values)
