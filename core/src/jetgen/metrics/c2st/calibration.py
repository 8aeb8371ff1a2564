"""Calibration of classifier outputs, the area under the ROC curve, and the divergence that it implies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from jetgen.data.weights import shares

__all__ = [
    "Calibration",
    "area_under_curve",
    "area_variance",
    "fraction_below",
    "mean_variance",
    "shannon_divergence",
]

Float64 = NDArray[np.float64]
Labels = NDArray[np.bool_]


def area_under_curve(outputs: Float64, labels: Labels, weights: Float64 | None = None) -> float:
    """The area under the ROC curve: the probability that a true cloud has the larger output; ties count half.

    Arguments:
        weights: float64 (N,), by which clouds of either class are drawn.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    of_true, of_generated = _by_class(weights, labels)
    below = fraction_below(outputs[~labels], outputs[labels], of_generated)
    return float(below.mean() if of_true is None else below @ shares(of_true))


def area_variance(outputs: Float64, labels: Labels, weights: Float64 | None = None) -> float:
    """The variance of the area under the curve of a fixed classifier over samples of clouds (DeLong et al. 1988).

    Arguments:
        weights: float64 (N,), by which clouds of either class are drawn.

    >>> rng = np.random.default_rng(0)
    >>> round(area_variance(rng.random(2_000), np.arange(2_000) < 1_000) ** 0.5, 4)  # sqrt((2 n + 1) / 12) / n
    0.0129
    """
    true, generated = outputs[labels], outputs[~labels]
    of_true, of_generated = _by_class(weights, labels)
    in_true = mean_variance(fraction_below(generated, true, of_generated), of_true)
    return in_true + mean_variance(fraction_below(true, generated, of_true), of_generated)


def _by_class(weights: Float64 | None, labels: Labels) -> tuple[Float64, Float64] | tuple[None, None]:
    """The weights of true and of generated clouds."""
    return (None, None) if weights is None else (weights[labels], weights[~labels])


def mean_variance(values: Float64, weights: Float64 | None = None) -> float:
    """The variance of the mean of independent values (N,), over samples of values with their weights, if they have any.

    >>> mean_variance(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    1.0
    """
    if weights is None:
        return float(values.var(ddof=1) / len(values))
    share = shares(weights)
    of_mean = np.square(share * (values - share @ values)).sum()
    return float(of_mean / (1.0 - np.square(share).sum()))


def fraction_below(some: Float64, others: Float64, weights: Float64 | None = None) -> Float64:
    """For each of ``others`` the fraction of ``some`` below it, by their weights; equal values count half."""
    # scipy.stats has this too, and takes more than a second to import.
    order = np.argsort(some)
    ordered = some[order]
    first, last = np.searchsorted(ordered, others), np.searchsorted(ordered, others, "right")
    if weights is None:
        return (first + last) / (2.0 * len(some))
    sums = np.concatenate([[0.0], np.cumsum(shares(weights)[order])])
    return np.asarray((sums[first] + sums[last]) / 2.0)


def shannon_divergence(probabilities: Float64, labels: Labels, weights: Float64 | None = None) -> float:
    """A lower bound of the Jensen-Shannon divergence in bits: 1 minus the cross-entropy over log 2.

    For equally many clouds of either class: 1 for a perfect classifier, 0 for one that always returns 1/2, negative for
    an overconfident one. It is a lower bound because a better classifier may find more.

    Arguments:
        weights: float64 (N,), of the same sum for both classes.

    >>> shannon_divergence(np.array([0.5, 0.5]), np.array([False, True]))
    0.0
    """
    logs = -np.log(np.where(labels, probabilities, 1.0 - probabilities))
    entropy = logs.mean() if weights is None else logs @ shares(weights)
    return float(1.0 - entropy / math.log(2))


class Calibration:
    """A rising function from outputs to probabilities, fitted by centred isotonic regression (Oron and Flournoy 2017).

    Isotonic regression gives all clouds of a block one probability; here it holds at the mean output of the block, and
    between two blocks the function is linear, so that clouds keep their order.

    One more true cloud at the smallest output and one more generated cloud at the largest keep it away from certainty:
    where m clouds of one class are beyond all of the other, the probability is m / (m + 1) and not 1. So the weight
    p / (1 - p) of a cloud is at most what so many clouds can tell.

    Arguments:
        outputs: float64 (N,), of the classifier.
        labels: True for true clouds.
        weights: float64 (N,), of mean 1 in each class; a cloud of weight 0 is left out.

    >>> calibration = Calibration(np.arange(6.0), np.array([False, False, False, True, True, True]))
    >>> calibration(np.array([-1.0, 2.5, 9.0])).round(3).tolist()
    [0.25, 0.5, 0.75]
    """

    def __init__(self, outputs: Float64, labels: Labels, weights: Float64 | None = None) -> None:
        if weights is not None:
            outputs, labels, weights = outputs[weights > 0], labels[weights > 0], weights[weights > 0]
            weights = np.append(weights, (1.0, 1.0))
        outputs, labels = np.append(outputs, (outputs.min(), outputs.max())), np.append(labels, (True, False))
        # Equal outputs get equal probabilities: the regression is on the mean labels of the distinct outputs.
        distinct, where = np.unique(outputs, return_inverse=True)
        counts = np.bincount(where, weights)
        of_true = labels.astype(np.float64) if weights is None else labels * weights
        means = np.bincount(where, of_true) / counts
        fitted = isotonic_regression(means, weights=counts)
        sizes = np.add.reduceat(counts, fitted.blocks[:-1])
        self.knots: Float64 = np.add.reduceat(distinct * counts, fitted.blocks[:-1]) / sizes
        self.values: Float64 = fitted.x[fitted.blocks[:-1]]

    def __call__(self, outputs: Float64) -> Float64:
        return np.interp(outputs, self.knots, self.values)
