"""The sliced Kolmogorov-Smirnov test."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetgen.metrics.sliced import DIRECTIONS, directions
from jetgen.metrics.two_sample.high_level_test import HighLevelTest

__all__ = ["SlicedKolmogorovSmirnov", "sliced_ks"]

_Array = NDArray[np.float64]

_LANES = 4  # the 16-bit fields of a 64-bit integer
_ZERO = 1 << 15  # 0 in such a field, so that a sum may be negative
_ZEROS = np.full(_LANES, _ZERO, np.uint16).view(np.int64)
_CHUNK = 64  # values in a run of the search for extremes, which is then as fast as the memory


class SlicedKolmogorovSmirnov(HighLevelTest):
    """``sks``: the mean over 256 fixed directions of sup |F - G|, with 199 relabellings (2409.16336).

    F and G are the distribution functions of the true and of the generated clouds along a direction. The statistic is
    between 0 and 1, tends to a constant of the model as the samples grow, and orders models by itself: that is why it
    is the value, and neither p nor Z, which are the same for all models that are found wrong. It depends on ranks
    alone, so no tail of a few clouds can raise it.

    At most 30,000 clouds a side are compared. ``stderr`` keeps the point of the largest difference in each direction.
    """

    name: ClassVar[str] = "sks"
    most: ClassVar[int] = 30_000
    relabellings: ClassVar[int] = 199

    def statistics(self, pooled: _Array, labels: NDArray[np.bool_], rng: np.random.Generator) -> tuple[_Array, float]:
        """The mean of the suprema, and its standard error."""
        del rng
        return sliced_ks(pooled, labels, directions(DIRECTIONS, pooled.shape[1]))


def sliced_ks(pooled: _Array, labels: NDArray[np.bool_], along: _Array) -> tuple[_Array, float]:
    """The mean over directions of sup |F - G| for each row of labels, and the standard error of the first.

    Arguments:
        pooled: float64 (2 n, D), n up to 32,767.
        labels: bool (P, 2 n), each row with n times True.
        along: float64 (K, D).
    """
    n = len(pooled) // 2
    packed = _packed(labels)
    sums = np.empty_like(packed)  # used again and again: to ask for new memory takes as long as to compute
    total, shares = np.zeros(len(labels), np.int64), np.zeros(2 * n)
    for direction in along:
        values = pooled @ direction
        order = np.argsort(values)
        last = np.diff(values[order], append=np.inf) > 0  # F and G are compared after ties
        total += _suprema(packed, order, last, sums)[: len(labels)]
        first = np.where(labels[0, order], 1, -1).cumsum() * last
        furthest = np.abs(first).argmax()
        shares[order[: furthest + 1]] += np.sign(first[furthest])
    # With these points given the statistic is a difference of two means of the shares.
    variance = shares[labels[0]].var() + shares[~labels[0]].var()
    return total / (n * len(along)), math.sqrt(variance / n) / len(along)


def _packed(labels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int64, +1 for generated and -1 for true: four rows of labels in an integer, 16 bits each, zeros at the ends."""
    rows, columns = (-(-size // step) for size, step in zip(labels.shape, (_LANES, _CHUNK), strict=True))
    signs = np.zeros((rows, _LANES, columns * _CHUNK), np.int64)
    signs.reshape(rows * _LANES, -1)[: len(labels), : labels.shape[1]] = np.where(labels, 1, -1)
    found: NDArray[np.int64] = np.einsum("rln,l->rn", signs, 1 << (16 * np.arange(_LANES)))
    return found


def _suprema(
    packed: NDArray[np.int64], order: NDArray[np.int64], last: NDArray[np.bool_], sums: NDArray[np.int64]
) -> NDArray[np.int64]:
    """int64 (P,), n sup |F - G| of each row of labels along one direction; ``sums`` is room for intermediate results.

    It is the largest partial sum of the signs in the ``order`` of the values, after the ``last`` of equal ones. One
    addition of 64-bit integers adds four rows at once.
    """
    padded = np.concatenate([order, np.arange(len(order), packed.shape[1])])
    np.take(packed, padded, axis=1, out=sums, mode="clip")
    np.cumsum(sums, axis=1, out=sums)
    sums[:, np.flatnonzero(~last)] = 0
    sums += _ZEROS
    runs = sums.view(np.uint16).reshape(len(sums), -1, _CHUNK * _LANES)
    high, low = (found.reshape(len(sums), _CHUNK, _LANES) for found in (runs.max(axis=1), runs.min(axis=1)))
    above, below = high.max(axis=1).astype(np.int64) - _ZERO, _ZERO - low.min(axis=1).astype(np.int64)
    found: NDArray[np.int64] = np.maximum(above, below).ravel()
    return found
