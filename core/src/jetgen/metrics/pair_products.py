"""All products of two features: what second and fourth moments are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pair_products"]


def pair_products(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The products (D (D + 1) / 2, N) of any two of the rows of ``columns`` (D, N), as ``np.triu_indices`` lists them.

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
