"""Falling momenta as their sum and free fractions: ordering, positivity and the sum are built in.

With r the momentum that is left for particle i and those after it, pt_i lies between r / (number left), because it is
the largest of them, and the smaller of r and pt_(i-1). The fraction says where between. The map from the momenta to
their sum and the n - 1 fractions is triangular, so its determinant is a product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["from_fractions", "to_fractions"]

Float64 = NDArray[np.float64]
_TINY = 1e-30


def to_fractions(momenta: Float64, counts: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """Falling momenta (N, P) to their sum in column 0 and the fraction of particle i - 1 in column i, and log |det|.

    Momenta are 0 from column ``counts`` on, and so are fractions.
    """
    fractions, log_det = np.zeros_like(momenta), np.zeros(len(momenta))
    rest, previous = momenta.sum(1), np.full(len(momenta), np.inf)
    fractions[:, 0] = rest
    for i in range(momenta.shape[1] - 1):
        low, width = _room(rest, previous, counts - i)
        free = i < counts - 1
        fractions[:, i + 1] = np.where(free, np.clip((momenta[:, i] - low) / width, 0, 1), 0)
        log_det -= np.where(free, np.log(width), 0)
        previous, rest = momenta[:, i], np.maximum(rest - momenta[:, i], _TINY)
    return fractions, log_det


def from_fractions(fractions: Float64, counts: NDArray[np.int64]) -> Float64:
    """The inverse of :func:`to_fractions`."""
    momenta = np.zeros_like(fractions)
    rest, previous = np.where(counts > 0, fractions[:, 0], 0), np.full(len(fractions), np.inf)
    for i in range(fractions.shape[1]):
        low, width = _room(rest, previous, counts - i)
        fraction = fractions[:, i + 1] if i + 1 < fractions.shape[1] else 0
        free = low + fraction * width
        momenta[:, i] = np.select([i < counts - 1, i == counts - 1], [free, rest], 0.0)
        previous, rest = momenta[:, i], np.maximum(rest - momenta[:, i], _TINY)
    return momenta


def _room(rest: Float64, previous: Float64, left: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """The least momentum of the next particle, and how much more it may have, with ``left`` particles to come."""
    low = rest / np.maximum(left, 1)
    return low, np.maximum(np.minimum(rest, previous) - low, _TINY)
