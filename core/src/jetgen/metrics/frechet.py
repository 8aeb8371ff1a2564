"""The Fréchet distance between two samples, each described by the Gaussian with its mean and covariance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from jetgen.metrics.pair_products import pair_products

__all__ = ["Gaussian", "frechet_distance", "resampled"]

_ROWS = 256  # the products of 36 features of this many rows fit the L2 cache
_SMALL_PRODUCT = 2**18  # multiplications up to which OpenBLAS starts no threads, which would only wait here


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

    C1 C2 has the eigenvalues of the symmetric matrix C1^(1/2) C2 C1^(1/2), which stay real under rounding. The general
    matrix root becomes complex for nearly singular covariances.

    >>> one = Gaussian(np.zeros(2), np.eye(2))
    >>> frechet_distance(one, Gaussian(np.array([3.0, 0.0]), 4.0 * np.eye(2)))
    11.0
    """
    difference = first.mean - second.mean
    # This driver starts no threads; for such small matrices they take longer than the computation.
    values, vectors = eigh(first.covariance, driver="ev")
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second.covariance @ root)
    overlap = np.sqrt(np.maximum(inner, 0.0)).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(difference @ difference + traces - 2.0 * overlap)


def resampled(sample: NDArray[np.float64], draws: Sequence[NDArray[np.integer[Any]]]) -> list[Gaussian]:
    """``[Gaussian.of(sample[rows]) for rows in draws]``, several times faster for many draws of most of the rows.

    All moments are one matrix product: the number of times each row was drawn, times the products of its features.

    Arguments:
        sample: (N, D).
        draws: the numbers of the rows of each draw.
    """
    n, features = sample.shape
    counts = np.stack([np.bincount(rows, minlength=n) for rows in draws])
    centre = sample.mean(axis=0)
    sums = np.zeros((len(draws), features))
    squares = np.zeros((len(draws), features * (features + 1) // 2))
    strip = max(1, _SMALL_PRODUCT // (_ROWS * len(draws)))
    for start in range(0, n, _ROWS):
        block = np.ascontiguousarray((sample[start : start + _ROWS] - centre).T)
        weights = counts[:, start : start + _ROWS].astype(np.float64)
        sums += weights @ block.T
        products = pair_products(block)
        for first in range(0, len(products), strip):
            squares[:, first : first + strip] += weights @ products[first : first + strip].T
    one, other = np.triu_indices(features)
    answer = []
    for rows, total, square in zip(draws, sums, squares, strict=True):
        mean = total / len(rows)
        covariance = np.empty((features, features))
        covariance[one, other] = covariance[other, one] = square - len(rows) * mean[one] * mean[other]
        answer.append(Gaussian(centre + mean, covariance / (len(rows) - 1)))
    return answer
