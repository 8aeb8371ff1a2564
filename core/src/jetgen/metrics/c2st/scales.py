"""The units of the inputs of the classifiers: of numbers of points, and of numbers of whole clouds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["QuantileScale", "Scale"]

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_REACH = 10.0
_EXTREME = 1e-3


@dataclass(frozen=True)
class Scale:
    """Standardises columns: minus mean, divided by standard deviation, clipped to [-10, 10]."""

    mean: Float64
    spread: Float64

    @classmethod
    def fit(cls, columns: Float64) -> Self:
        """The scale of training rows (N, D), with the extreme 0.1 % on each side clipped. A constant column gets 1."""
        if len(columns) == 0:
            return cls(np.zeros(columns.shape[1]), np.ones(columns.shape[1]))
        # One absurd value must not compress all others: the classifier would find no differences.
        bulk = columns.clip(*np.quantile(columns, (_EXTREME, 1.0 - _EXTREME), axis=0, method="nearest"))
        mean, spread = bulk.mean(axis=0), bulk.std(axis=0)
        return cls(mean, np.where(spread > 1e-9 * np.abs(mean), spread, 1.0))

    def __call__(self, columns: Float64) -> Float32:
        # Wild values of a bad generator are recognised well inside this range; beyond it they only harm the training.
        return np.asarray(np.clip((columns - self.mean) / self.spread, -_REACH, _REACH), np.float32)


@dataclass(frozen=True)
class QuantileScale:
    """Replaces each value by its quantile among training values, in units of a standard normal distribution.

    Long tails and peaks of any width are then equally easy to learn. Values beyond the training values get the score of
    the last of these, and equal ones the middle of their quantiles.

    Arguments:
        known: of each column, the distinct training values in ascending order.
        scores: of each column, the scores of these.
    """

    known: tuple[Float64, ...]
    scores: tuple[Float64, ...]

    @classmethod
    def fit(cls, columns: Float64) -> Self:
        """The scores of training rows (N, D)."""
        distinct = [np.unique(column, return_counts=True) for column in columns.T]
        ranks = [np.cumsum(counts) - counts / 2 for _, counts in distinct]
        return cls(tuple(known for known, _ in distinct), tuple(ndtri(each / len(columns)) for each in ranks))

    def __call__(self, columns: Float64) -> Float32:
        scored = np.zeros(columns.shape, np.float32)
        for i, (known, scores) in enumerate(zip(self.known, self.scores, strict=True)):
            if len(known):
                scored[:, i] = np.interp(columns[:, i], known, scores)
        return scored
