"""All products of two features, from which second and fourth moments are computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pair_products"]


def pair_products(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (D (D + 1) / 2, N), the products of all pairs of rows of ``columns`` (D, N), as ``np.triu_indices``.

    >>> pair_products(np.array([[2.0], [3.0]])).tolist()
    [[4.0], [6.0], [9.0]]
    """
    features, n = columns.shape
    products = np.empty((features * (features + 1) // 2, n))
    start = 0
    for i in range(features):
        stop = start + features - i
        np.multiply(columns[i], columns[i:], out=products[start:stop])
        start = stop
    return products
