"""The Fréchet distance between two samples, each taken for a Gaussian."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gaussian", "frechet_distance"]


class Gaussian(NamedTuple):
    """The mean (D,) and the covariance (D, D) of a sample, in float64."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, sample: NDArray[np.float64]) -> Self:
        """The moments of a sample (N, D); the covariance is the unbiased one."""
        return cls(sample.mean(axis=0), np.atleast_2d(np.cov(sample, rowvar=False)))


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """The squared 2-Wasserstein distance of two Gaussians: |m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)).

    C1 C2 has the eigenvalues of the symmetric C1^(1/2) C2 C1^(1/2); these cannot turn complex by rounding, as the
    general matrix root does for covariances that are nearly singular.

    >>> one = Gaussian(np.zeros(2), np.eye(2))
    >>> frechet_distance(one, Gaussian(np.array([3.0, 0.0]), 4.0 * np.eye(2)))
    11.0
    """
    difference = first.mean - second.mean
    values, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second.covariance @ root)
    overlap = np.sqrt(np.maximum(inner, 0.0)).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(difference @ difference + traces - 2.0 * overlap)
