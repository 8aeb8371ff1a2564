"""The cost of taking one point for another, and the assignment of least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

__all__ = ["Cost", "assigned", "on_host"]


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


def on_host(costs: Tensor) -> NDArray[np.float64]:
    """Costs in the precision of scipy, which would convert each matrix on its own."""
    return np.asarray(costs.double().cpu().numpy())


def assigned(costs: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 (B, P), for each row of a matrix of costs a column, each time another one; 0 for empty rows.

    Arguments:
        costs: (B, P, T); of matrix i the first ``rows[i]`` rows and the first ``columns[i]`` columns count.
        rows, columns: (B,), how many; there are at least as many columns as rows.
    """
    most, width = costs.shape[1:]
    if not most:
        return np.empty((len(costs), 0), np.int64)
    there = np.arange(most) < rows[:, None]
    nearest = np.where((np.arange(width) < columns[:, None])[:, None], costs, np.inf).argmin(-1)
    # Where each row has a cheapest column of its own, no assignment costs less.
    own = np.sort(np.where(there, nearest, width + np.arange(most)), axis=1)
    found = np.where(there, nearest, 0)
    for i in np.flatnonzero((own[:, 1:] == own[:, :-1]).any(1)):
        found[i, : rows[i]] = linear_sum_assignment(costs[i, : rows[i], : columns[i]])[1]
    return found
