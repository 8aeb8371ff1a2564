"""How well one observable alone tells two groups of clouds apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.data.weights import weighted_quantile
from jetgen.metrics.c2st.calibration import area_under_curve, area_variance
from jetgen.metrics.c2st.verdict import Score

__all__ = ["Contrast", "Spread", "auc_alone", "contrast"]

Float64 = NDArray[np.float64]
Chosen = NDArray[np.bool_]

_BINS = 50
_PER_BIN = 100


@dataclass(frozen=True)
class Spread:
    """The 5, 50 and 95 % quantiles of an observable."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Float64, weights: Float64 | None = None) -> Spread:
        """Those of one value or more."""
        return cls(*weighted_quantile(values, (0.05, 0.5, 0.95), weights).tolist())


@dataclass(frozen=True)
class Contrast:
    """An observable in some clouds and in the others.

    Arguments:
        auc: the probability that one of the clouds has a larger value than one of the others, with its error.
        some, others: the quantiles of both.
        share: of the first ones among all.
    """

    auc: Score
    some: Spread
    others: Spread
    share: float

    @property
    def strength(self) -> float:
        """The distance of the AUC from 1/2."""
        return abs(self.auc.value - 0.5)


def contrast(
    some: Float64, others: Float64, of_some: Float64 | None = None, of_others: Float64 | None = None
) -> Contrast:
    """The contrast between the values of two groups of two clouds or more, and their weights if they have any."""
    sums = [len(values) if w is None else float(w.sum()) for values, w in ((some, of_some), (others, of_others))]
    spreads = Spread.of(some, of_some), Spread.of(others, of_others)
    return Contrast(_auc(some, others, of_some, of_others), *spreads, sums[0] / sum(sums))


def auc_alone(real: Float64, fake: Float64, rng: np.random.Generator, of_fake: Float64 | None = None) -> Score:
    """The AUC of the best classifier of one observable, with its standard error.

    The likelihood ratio is estimated in quantile bins on one random half of either side and scored on the other half,
    so the value is 1/2 on average where both have the same distribution. Nothing is assumed of the ratio: a wrong
    width is found as well as a wrong mean.

    Arguments:
        real, fake: float64 (N,) and (M,), the observable of true and of generated clouds.
        rng: of the halves.
        of_fake: float64 (M,), the weights of the generated clouds; None if all count alike.

    >>> rng = np.random.default_rng(0)
    >>> auc_alone(rng.normal(size=4_000), 3.0 * rng.normal(size=4_000), rng).value > 0.7
    True
    """
    (learn_real, test_real), (learn_fake, test_fake) = (_halves(len(side), rng) for side in (real, fake))
    both = np.concatenate([real[learn_real], fake[learn_fake]])
    bins = int(np.clip(len(both) // _PER_BIN, 2, _BINS))
    edges = np.unique(np.quantile(both, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    to_learn, to_test = (None if of_fake is None else of_fake[half] for half in (learn_fake, test_fake))
    true, made = _counts(edges, real[learn_real]) + 0.5, _counts(edges, fake[learn_fake], to_learn) + 0.5
    ratio = np.log(true / made)
    some, others = (ratio[np.searchsorted(edges, side, "right")] for side in (real[test_real], fake[test_fake]))
    return _auc(some, others, None, to_test)


def _halves(n: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    mixed = rng.permutation(n)
    return mixed[: n // 2], mixed[n // 2 :]


def _counts(edges: Float64, values: Float64, weights: Float64 | None = None) -> Float64:
    """How many values there are in each bin; of weighted ones, so many as there are values in all."""
    counts = np.bincount(np.searchsorted(edges, values, "right"), weights, minlength=len(edges) + 1)
    return counts * (len(values) / counts.sum()) if weights is not None else counts.astype(np.float64)


def _auc(some: Float64, others: Float64, of_some: Float64 | None = None, of_others: Float64 | None = None) -> Score:
    """The probability that one of ``some`` is above one of ``others``; its error by DeLong et al. (1988)."""
    values = np.concatenate([some, others])
    labels = np.arange(len(values)) < len(some)
    weights = None
    if of_some is not None or of_others is not None:
        sides = (some, of_some), (others, of_others)
        weights = np.concatenate([np.ones(len(side)) if w is None else w for side, w in sides])
    return Score(area_under_curve(values, labels, weights), math.sqrt(area_variance(values, labels, weights)))
