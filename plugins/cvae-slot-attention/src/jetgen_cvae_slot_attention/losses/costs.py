"""The cost of taking one point for another, and the assignment of least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

__all__ = ["Cost", "assigned"]


@dataclass(frozen=True)
class Cost:
    """The cost of a pair of points: the sum of the squared differences.

    Arguments:
        units: (F,), what a difference of 1 in preprocessed coordinates counts.
        angles: columns of absolute angles, which cost 1 - cos of the difference instead.
        spread: (F,), radians of an angle of 1.
    """

    units: Tensor
    angles: tuple[int, ...] = ()
    spread: Tensor | None = None

    def __call__(self, made: Tensor, true: Tensor) -> Tensor:
        """The costs (...) of points (..., F); the arguments are broadcast."""
        # Feature by feature: to sum over so short a last axis takes torch four times as long.
        total = self._of_feature(0, made[..., 0] - true[..., 0])
        for i in range(1, len(self.units)):
            total = total + self._of_feature(i, made[..., i] - true[..., i])
        return total

    def _of_feature(self, i: int, apart: Tensor) -> Tensor:
        if i in self.angles:
            assert self.spread is not None
            return 1 - torch.cos(apart * self.spread[i].to(apart))
        return (apart * self.units[i].to(apart)).square()


def assigned(costs: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 (B, P), for each made point of a pair of sets the true point that it is taken for.

    Arguments:
        costs: (B, P, P), made by true; of pair i the first ``sizes[i]`` rows and columns count.
        sizes: (B,), the points of both sets.
    """
    places = np.arange(costs.shape[1])
    if not places.size:
        return np.empty((len(costs), 0), np.int64)
    there = places < sizes[:, None]
    nearest = np.where(there[:, None, :], costs, np.inf).argmin(-1)
    found = np.where(there, nearest, places)
    # Where each point has a nearest one of its own, no assignment costs less.
    for i in np.flatnonzero((np.sort(found, axis=1) != places).any(1)):
        size = sizes[i]
        found[i, :size] = linear_sum_assignment(costs[i, :size, :size])[1]
    return found
