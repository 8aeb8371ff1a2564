"""How well one observable alone tells two groups of clouds apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    def of(cls, values: Float64) -> Spread:
        """Those of one value or more."""
        return cls(*(float(one) for one in np.quantile(values, (0.05, 0.5, 0.95))))


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


def contrast(some: Float64, others: Float64) -> Contrast:
    """The contrast between the values of two groups of two clouds or more."""
    share = len(some) / (len(some) + len(others))
    return Contrast(_auc(some, others), Spread.of(some), Spread.of(others), share)


def auc_alone(real: Float64, fake: Float64, rng: np.random.Generator) -> Score:
    """The AUC of the best classifier of one observable, with its standard error.

    The likelihood ratio is estimated in quantile bins on one random half of either side and scored on the other half,
    so the value is 1/2 on average where both have the same distribution. Nothing is assumed of the ratio: a wrong
    width is found as well as a wrong mean.

    Arguments:
        real, fake: float64 (N,) and (M,), the observable of true and of generated clouds.
        rng: of the halves.

    >>> rng = np.random.default_rng(0)
    >>> auc_alone(rng.normal(size=4_000), 3.0 * rng.normal(size=4_000), rng).value > 0.7
    True
    """
    (learn_real, test_real), (learn_fake, test_fake) = (_halves(side, rng) for side in (real, fake))
    both = np.concatenate([learn_real, learn_fake])
    bins = int(np.clip(len(both) // _PER_BIN, 2, _BINS))
    edges = np.unique(np.quantile(both, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    true, made = (_counts(edges, side) + 0.5 for side in (learn_real, learn_fake))
    ratio = np.log(true / made)
    return _auc(*(ratio[np.searchsorted(edges, side, "right")] for side in (test_real, test_fake)))


def _halves(values: Float64, rng: np.random.Generator) -> tuple[Float64, Float64]:
    mixed = rng.permutation(values)
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


def _counts(edges: Float64, values: Float64) -> Float64:
    return np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1).astype(np.float64)


def _auc(some: Float64, others: Float64) -> Score:
    """The probability that one of ``some`` is above one of ``others``; its error by DeLong et al. (1988)."""
    values = np.concatenate([some, others])
    labels = np.arange(len(values)) < len(some)
    return Score(area_under_curve(values, labels), math.sqrt(area_variance(values, labels)))
