"""Smooth coordinates of jets: what every jet obeys is built in, so that the flow need not learn any edge.

The momenta of the n ordered particles become their sum S and n - 1 fractions u. With r the sum that is left for
particle i and those after it, pt_i lies between r / (n - i + 1), because it is the largest of them, and the smaller of
r and pt_(i-1); u_i says where between. S and u are then freed by logits. The ordering, positive momenta and the sum
hold exactly for whatever comes back from the flow. The map is triangular: its determinant is a product.
"""

from __future__ import annotations

import numpy as np
from jetgen.transforms import FeatureTransform
from numpy.typing import NDArray

__all__ = ["momenta_from_sticks", "sticks_from_momenta"]

Float64 = NDArray[np.float64]
_TINY = 1e-30


def sticks_from_momenta(momenta: Float64, counts: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """Falling momenta (N, P), zero from ``counts`` on, to sums and fractions (N, P), and log |det| (N,).

    Column 0 is the sum; column i is the fraction of particle i - 1; columns from ``counts`` on are 0.
    """
    sticks, log_det = np.zeros_like(momenta), np.zeros(len(momenta))
    rest = momenta.sum(1)
    sticks[:, 0] = rest
    previous = np.full(len(momenta), np.inf)
    for i in range(momenta.shape[1] - 1):
        low, width = _room(rest, previous, counts - i)
        here = i < counts - 1
        sticks[:, i + 1] = np.where(here, np.clip((momenta[:, i] - low) / width, 0, 1), 0)
        log_det -= np.where(here, np.log(width), 0)
        previous, rest = momenta[:, i], np.maximum(rest - momenta[:, i], _TINY)
    return sticks, log_det


def momenta_from_sticks(sticks: Float64, counts: NDArray[np.int64]) -> Float64:
    """The inverse of :func:`sticks_from_momenta`."""
    momenta = np.zeros_like(sticks)
    rest = np.where(counts > 0, sticks[:, 0], 0)
    previous = np.full(len(sticks), np.inf)
    for i in range(sticks.shape[1]):
        low, width = _room(rest, previous, counts - i)
        fraction = sticks[:, i + 1] if i + 1 < sticks.shape[1] else np.zeros(len(sticks))
        here = np.where(i < counts - 1, low + fraction * width, np.where(i == counts - 1, rest, 0))
        momenta[:, i] = here
        previous, rest = here, np.maximum(rest - here, _TINY)
    return momenta


def _room(rest: Float64, previous: Float64, left: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """The least momentum of the next particle, and how much more it may have, with ``left`` particles to come."""
    low = rest / np.maximum(left, 1)
    return low, np.maximum(np.minimum(rest, previous) - low, _TINY)
