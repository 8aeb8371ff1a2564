"""The weights w = D / (1 - D) of a calibrated classifier: what it says of single clouds (2305.16774)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.data.weights import effective_size, shares, weighted_quantile
from jetgen.metrics.c2st.calibration import mean_variance
from jetgen.metrics.c2st.verdict import Score, Verdict

__all__ = ["CalibrationBin", "WeightSummary", "calibration_curve", "summary", "weights"]

Float64 = NDArray[np.float64]

LOW, HIGH = 0.1, 10.0
"""Weights below the first: clouds that the model invents; weights above the second: truth that it does not cover."""

_BINS = 10
_LEVELS = (0.001, 0.999)


@dataclass(frozen=True)
class WeightSummary:
    """The weights of the clouds of one class.

    Arguments:
        n: the number of clouds.
        mean: of the weights with its standard error. On generated clouds it is 1 if the classifier is calibrated,
            because w estimates the density of truth over that of the generator.
        effective: (sum w)^2 / (n sum w^2), the effective sample size of the weighted clouds over n.
        below, above: the shares of clouds with weights below 0.1 and above 10.
        low, high: the percentiles 0.1 and 99.9.
    """

    n: int
    mean: Score
    effective: float
    below: float
    above: float
    low: float
    high: float


@dataclass(frozen=True)
class CalibrationBin:
    """Clouds of both classes to which the classifier gives similar probabilities.

    Arguments:
        n: the number of clouds.
        predicted: the mean probability of being true.
        observed: the fraction of true clouds, with its binomial error.
    """

    n: int
    predicted: float
    observed: Score


def weights(verdict: Verdict) -> Float64:
    """float64 (N,), w = D / (1 - D) of each cloud reported on; D is the calibrated probability of being true."""
    odds: Float64 = verdict.probabilities / (1.0 - verdict.probabilities)
    return odds


def summary(values: Float64, given: Float64 | None = None) -> WeightSummary:
    """The summary of the weights of clouds of one class, two or more.

    Arguments:
        values: float64 (N,), w of each cloud.
        given: float64 (N,), weights that the clouds have from elsewhere; the effective size is that of the products.

    >>> summary(np.array([0.5, 0.5, 2.0])).effective
    0.6666666666666666
    """
    n = len(values)
    low, high = weighted_quantile(values, _LEVELS, given).tolist()
    share = np.full(n, 1.0 / n) if given is None else shares(given)
    return WeightSummary(
        n=n,
        mean=Score(float(share @ values), math.sqrt(mean_variance(values, given))),
        effective=effective_size(values if given is None else values * given) / n,
        below=float(share @ (values < LOW)),
        above=float(share @ (values > HIGH)),
        low=low,
        high=high,
    )


def calibration_curve(verdicts: Sequence[Verdict]) -> tuple[CalibrationBin, ...]:
    """Ten bins of equal width in the probability, without the empty ones.

    The clouds are those reported on, which neither the training nor the calibration has seen.
    """
    probabilities = np.concatenate([one.probabilities for one in verdicts])
    labels = np.concatenate([one.labels for one in verdicts])
    given = np.concatenate([np.ones(len(one.labels)) if one.weights is None else one.weights for one in verdicts])
    place = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    found = []
    for number in np.unique(place):
        inside = place == number
        n, count = int(inside.sum()), float(given[inside].sum())
        if not count:
            continue
        true = float(given[inside] @ labels[inside])
        # With one more cloud of each class the error of a bin of one class is not 0.
        rate = (true + 1) / (count + 2)
        observed = Score(true / count, math.sqrt(rate * (1.0 - rate) / effective_size(given[inside])))
        found.append(CalibrationBin(n, float(given[inside] @ probabilities[inside]) / count, observed))
    return tuple(found)
