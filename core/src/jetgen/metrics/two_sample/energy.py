"""The energy test."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetgen.metrics.two_sample.high_level_test import HighLevelTest

__all__ = ["EnergyTest", "energy_statistics"]

_Array = NDArray[np.float64]
_Float32 = NDArray[np.float32]

_ROWS = 512  # their distances to 10,000 clouds take 20 MB


class EnergyTest(HighLevelTest):
    """``energy_test``: the energy distance, with 999 relabellings (math/0309164).

    T = n / 2 [E|x - y| - E|x - x'| / 2 - E|y - y'| / 2] with Euclidean distances of n true clouds x and n generated
    ones y. Without a difference its mean does not depend on n; with any difference T grows as n. At equal n it orders
    models, while p is the same for all that are found wrong: that is why T is the value. (The paper takes logarithms of
    the distances, which need a cut-off at 0.)

    At most 5,000 clouds a side are compared. A difference of means weighs more than one of shapes. ``stderr`` is that
    of the linear part of T: how much each cloud contributes.
    """

    name: ClassVar[str] = "energy_test"
    most: ClassVar[int] = 5_000
    relabellings: ClassVar[int] = 999

    def statistics(self, pooled: _Array, labels: NDArray[np.bool_], rng: np.random.Generator) -> tuple[_Array, float]:
        """T, and its standard error."""
        del rng
        return energy_statistics(pooled, labels)


def energy_statistics(pooled: _Array, labels: NDArray[np.bool_]) -> tuple[_Array, float]:
    """T for each row of labels, and the standard error of the first.

    With D the matrix of distances and s the signs of the labels, T is - s D s / (4 n). Each block of D is computed once
    and multiplied with the signs of all rows. D is symmetric, so only the blocks on and above its diagonal are needed.

    Arguments:
        pooled: float64 (2 n, D).
        labels: bool (P, 2 n), each row with n times True.
    """
    n, points = len(pooled) // 2, pooled.astype(np.float32)
    signs = np.where(labels.T, np.float32(1), np.float32(-1))
    total, potential = np.zeros(len(labels)), np.zeros(2 * n)  # the latter is D s of the first row
    for start in range(0, 2 * n, _ROWS):
        rows, after = slice(start, start + _ROWS), slice(start + _ROWS, None)
        within, beyond = _distances(points[rows], points[rows]), _distances(points[rows], points[after])
        np.fill_diagonal(within, 0.0)
        near, far = within @ signs[rows], beyond @ signs[after]
        total += np.einsum("ip,ip->p", signs[rows], near + 2.0 * far, dtype=np.float64)
        potential[rows] += near[:, 0] + far[:, 0]
        potential[after] += signs[rows, 0] @ beyond
    variance = potential[labels[0]].var() + potential[~labels[0]].var()
    return -total / (4 * n), math.sqrt(variance / n) / 2


def _distances(first: _Float32, second: _Float32) -> _Float32:
    """float32 (N, M), the Euclidean distances of all pairs."""
    squares = first @ second.T
    squares *= -2.0
    squares += (first * first).sum(axis=1)[:, None]
    squares += (second * second).sum(axis=1)
    found: _Float32 = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
    return found
