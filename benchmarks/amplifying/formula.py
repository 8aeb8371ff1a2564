"""The statistical amplification of generators from the masses that they give to bins (arXiv:2008.06545).

A region of the truth has the share f of all clouds and is cut into Q bins with the masses q_j, which add up to 1 in the
region. Of a sample of n clouds K lie in the region, and their shares of the bins are p_j. Given K,

    E sum_j (p_j - q_j)^2 = sum_j q_j (1 - q_j) / K = (1 - sum_j q_j^2) / K,

because K p_j is binomial. K is binomial too, with the mean n f, so on average this is (1 - sum_j q_j^2) / (n f) up to
a factor 1 + (1 - f) / (n f), which is 1.004 for 250 clouds. Of equal masses the numerator is 1 - 1/Q, and of the whole
space f is 1. A generator was trained on n_train clouds; its n_equiv is the size of a sample of data that is as close
to the truth,

    n_equiv = (1 - sum_j q_j^2) / (f MSE),    G = n_equiv / n_train,

where MSE is the mean over independent trainings of sum_j (p_j - q_j)^2 less two things that are no fault of the
generator: the noise of the finite generated sample, (1 - sum_j p_j^2) / (K - 1), whose expectation is exact whatever
the masses of the generator are, and that of the true sample of N clouds in the region, (1 - sum_j q_j^2) / (N - 1),
whether its noise is in the masses or in the edges of the bins. What is left holds the spread between trainings and the
bias of the generator. How many of its clouds a generator has in the region does not enter: a G is about shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jetgen.errors import DataError
from numpy.typing import ArrayLike, NDArray

__all__ = ["Amplification", "Masses", "Target", "amplification"]

_Array = NDArray[np.float64]

_REPLICAS = 2000
_INTERVAL = (0.16, 0.84)
_BOUND = 0.95
_FEWEST = 2  # trainings: of one there is no error


@dataclass(frozen=True)
class Target:
    """The true masses of the bins of a region.

    Arguments:
        masses: float64 (Q,), adding up to 1 in the region.
        clouds: how many true clouds of the region they were counted from; infinite if they are exact.
        share: of all true clouds, those in the region.
    """

    masses: _Array
    clouds: float = math.inf
    share: float = 1.0

    @classmethod
    def counted(cls, counts: ArrayLike, total: int) -> Target:
        """From the numbers of true clouds in the bins, of ``total`` in all.

        Raises:
            DataError: if fewer than two lie in the region.
        """
        masses = Masses.counted(np.atleast_2d(counts))
        return cls(masses.values[0], masses.clouds[0], masses.clouds[0] / total)


@dataclass(frozen=True)
class Masses:
    """The masses that samples give to the bins of a region.

    Arguments:
        values: float64 (T, Q), adding up to 1 in the region, one row for each training.
        clouds: float64 (T,), how many clouds of the region each row was counted from; infinite if it is exact, or if
            the sample itself is judged, not what it was drawn from.
    """

    values: _Array
    clouds: _Array

    @classmethod
    def exact(cls, values: ArrayLike) -> Masses:
        """Masses without noise of their own."""
        rows = np.asarray(values, np.float64)
        return cls(rows, np.full(len(rows), math.inf))

    @classmethod
    def counted(cls, counts: ArrayLike) -> Masses:
        """From the numbers of clouds (T, Q) in the bins.

        Raises:
            DataError: if a sample has fewer than two clouds in the region.
        """
        rows = np.asarray(counts, np.float64)
        clouds = rows.sum(axis=1)
        if clouds.min() < 2:
            msg = f"sample {clouds.argmin()} has {clouds.min():.0f} clouds in the region; generate more, 2 at least"
            raise DataError(msg)
        return cls(rows / clouds[:, None], clouds)


@dataclass(frozen=True)
class Amplification:
    """G with the interval of one standard deviation.

    Arguments:
        value: None if the excess is not above 0: then the generator is better than its samples can show.
        low, high: the ends of the interval; None where they have none. Without an upper end the lower one is a bound
            with a confidence of 95 %.
        mse: the excess, the mean over the trainings.
        trainings: their number.
    """

    value: float | None
    low: float | None
    high: float | None
    mse: float
    trainings: int

    def __str__(self) -> str:
        """``0.52 [0.41, 0.70]``, or ``> 3.1``, or that the samples are too small to say anything."""
        if self.low is None:
            return "not resolved"
        if self.value is None or self.high is None:
            return f"> {_digits(self.low)}"
        return f"{_digits(self.value)} [{_digits(self.low)}, {_digits(self.high)}]"

    def to_json(self) -> dict[str, Any]:
        """A JSON object; what has no value is null."""
        return {"G": self.value, "low": self.low, "high": self.high, "mse": self.mse, "trainings": self.trainings}


def _digits(number: float) -> str:
    return f"{number:.2f}" if 0.1 <= number < 10 else f"{number:.3g}"


def amplification(masses: Masses, target: Target, n_train: int, rng: np.random.Generator) -> Amplification:
    """G of one generator in one region. The error is from a bootstrap.

    Trainings are drawn with replacement, and with them a true sample of the same size from the masses of the bins,
    which adds its noise once more. Drawing T of T trainings makes the spread too small by sqrt((T - 1) / T), which is
    put right.

    Arguments:
        masses: of the generator, one row for each independent training on ``n_train`` fresh clouds.
        target: of the truth, with the same bins.
        n_train: the clouds of a training, those on which its best weights were chosen included.
        rng: of the bootstrap.

    Raises:
        DataError: if there are fewer than two trainings.

    >>> rng = np.random.default_rng(0)
    >>> data = rng.multinomial(500, np.full(20, 1 / 20), size=200) / 500
    >>> print(amplification(Masses.exact(data), Target(np.full(20, 1 / 20)), 500, rng))
    1.00 [0.97, 1.02]
    """
    trainings = len(masses.values)
    if trainings < _FEWEST:
        msg = f"G has no error with {trainings} training; make {_FEWEST} at least"
        raise DataError(msg)
    drawn, times = _redrawn(target, rng)
    numerator = (1.0 - np.sum(target.masses**2)) / target.share / n_train
    mse = float(_excess(masses, target.masses[None], target, 1).mean())
    each = _excess(masses, drawn, target, times)
    weights = rng.multinomial(trainings, np.full(trainings, 1.0 / trainings), size=_REPLICAS) / trainings
    # What the trainings add to the spread is widened, what the truth adds is not.
    means, some = each.mean(axis=1), (weights * each).sum(axis=1)
    replicas = means + (some - means) * math.sqrt(trainings / (trainings - 1))
    best, worst = np.quantile(replicas, _INTERVAL)
    if min(mse, best) <= 0:
        worst = np.quantile(replicas, _BOUND)
    value, high, low = (float(numerator / one) if one > 0 else None for one in (mse, best, worst))
    return Amplification(value, low, high, mse, trainings)


def _excess(masses: Masses, truths: _Array, target: Target, times: int) -> _Array:
    """What is left of the squared distances (R, T) to the true masses (R, Q) of the samples.

    ``times``: how often the noise of the true sample is in the distance.
    """
    own = (masses.values**2).sum(axis=1)
    squared = (truths**2).sum(axis=1, keepdims=True) - 2.0 * truths @ masses.values.T + own
    true: float = (1.0 - np.sum(target.masses**2)) / (target.clouds - 1.0)
    excess: _Array = squared - (1.0 - own) / (masses.clouds - 1.0) - times * true
    return excess


def _redrawn(target: Target, rng: np.random.Generator) -> tuple[_Array, int]:
    """The masses of other true samples (R, Q), and how often they hold the noise of one; exact masses stay (1, Q)."""
    if math.isinf(target.clouds):
        return target.masses[None], 1
    return rng.multinomial(int(target.clouds), target.masses, size=_REPLICAS) / target.clouds, 2
