"""Permutation tests: random relabellings of two samples, and where the statistic of the true labels is among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from jetgen.api.metric import Measurement

__all__ = ["FEWEST", "measurement", "relabellings"]

FEWEST = 10
"""Of each side. The 20 labels then have 184,756 orders, so that no relabelling is likely to be the true one."""


def relabellings(n: int, number: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Labels, bool (1 + number, 2 n), True for generated: n true clouds, then n generated ones; random orders of these.

    >>> relabellings(2, 3, np.random.default_rng(0)).sum(axis=1)
    array([2, 2, 2, 2])
    """
    labels = np.tile(np.arange(2 * n) >= n, (1 + number, 1))
    labels[1:] = rng.permuted(labels[1:], axis=1)
    return labels


def measurement(name: str, statistics: NDArray[np.float64], stderr: float, n: int) -> Measurement:
    """The statistic of the true labels, and what it means among those of the relabellings.

    ``_p`` is (1 + the number of relabellings with at least this statistic) / (1 + their number), ``_z`` the one-sided
    significance of that in Gaussian standard deviations, and ``_sigmas`` the distance of the statistic to the mean of
    the relabellings in units of their standard deviation. ``_n`` is the number of clouds of each side.

    If every relabelling reaches the statistic then p = 1, of which the significance would be minus infinity; ``_z``
    is that of the next smaller p.

    Arguments:
        name: of the metric.
        statistics: float64 (1 + P,), that of the true labels first; large if the sides differ.
        stderr: of the first.
        n: the number of clouds of each side.

    >>> measurement("ks", np.array([9.0, 1.0, 3.0, 2.0]), 1.0, 50).named("ks")["ks_p"]
    0.25
    """
    own, null = statistics[0], statistics[1:]
    p = (1 + np.count_nonzero(null >= own)) / (1 + len(null))
    spread = float(null.std(ddof=1))
    components = {
        f"{name}_p": p,
        f"{name}_z": -ndtri(min(p, len(null) / (1 + len(null)))),
        f"{name}_sigmas": (own - null.mean()) / spread if spread > 0 else 0.0,
        f"{name}_n": n,
    }
    return Measurement(own, components, stderr)
