"""How near and how far the points of a cloud are from each other: its smallest and its largest distances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.arrays import offsets_of

__all__ = ["LARGEST", "SMALLEST", "spacing"]

SMALLEST, LARGEST = 8, 3
"""How many distances of either kind a classifier test sees and an explanation lists."""

_AT_ONCE = 4_000_000  # distances, so that large clouds take tens of megabytes


def spacing(positions: NDArray[Any], offsets: NDArray[np.int64], smallest: int, largest: int) -> NDArray[np.float64]:
    """float64 (N, smallest + largest): the smallest distances between two points of each cloud, then the largest ones.

    The smallest ones rise, the largest ones fall. A cloud with fewer pairs repeats its last one; without a pair it has
    zeros. In angles these are the Delta R between the particles of a jet.

    Arguments:
        positions: (total, K), coordinates of the points in which the distance is Euclidean.
        offsets: int64 (N + 1); cloud n owns the points from ``offsets[n]`` to ``offsets[n + 1]``.
        smallest, largest: how many of either, 1 or more.

    >>> spacing(np.array([[0.0], [1.0], [4.0], [7.0]]), np.array([0, 3, 4]), 2, 2).tolist()
    [[1.0, 3.0, 4.0, 3.0], [0.0, 0.0, 0.0, 0.0]]
    """
    sizes = np.diff(offsets)
    found = np.zeros((len(sizes), smallest + largest))
    # Clouds of similar size stand together: little is padded.
    order = np.argsort(sizes, kind="stable")
    start = 0
    while start < len(order):
        at_once = max(1, _AT_ONCE // max(1, int(sizes[order[min(len(order) - 1, start + 2_000)]]) ** 2))
        chosen = order[start : start + min(2_000, at_once)]
        found[chosen] = _of_padded(*_padded(positions, offsets, chosen), smallest, largest)
        start += len(chosen)
    return found


def _padded(
    positions: NDArray[Any], offsets: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions (M, P, K) of the chosen clouds with zeros in the empty slots, and their sizes (M,)."""
    sizes = np.diff(offsets)[chosen]
    inside = np.arange(int(sizes.sum())) - np.repeat(offsets_of(sizes)[:-1], sizes)
    padded = np.zeros((len(chosen), int(sizes.max(initial=0)), positions.shape[1]))
    padded[np.repeat(np.arange(len(chosen)), sizes), inside] = positions[
        np.repeat(offsets[:-1][chosen], sizes) + inside
    ]
    return padded, sizes


def _of_padded(
    padded: NDArray[np.float64], sizes: NDArray[np.int64], smallest: int, largest: int
) -> NDArray[np.float64]:
    first, second = np.triu_indices(padded.shape[1], 1)
    if len(first) == 0:
        return np.zeros((len(padded), smallest + largest))
    squares = np.square(padded[:, first] - padded[:, second]).sum(axis=-1)
    exists = second < sizes[:, None]  # the first of a pair is before the second
    rising = _least(np.where(exists, squares, np.inf), sizes, smallest)
    falling = np.abs(_least(np.where(exists, -squares, np.inf), sizes, largest))
    found: NDArray[np.float64] = np.sqrt(np.concatenate([rising, falling], axis=1))
    return found


def _least(values: NDArray[np.float64], sizes: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """The ``count`` least values of each row in rising order; a row with fewer pairs repeats its last, or has 0."""
    kept = min(count, values.shape[1])
    ordered = np.sort(np.partition(values, kept - 1, axis=1)[:, :kept], axis=1)
    pairs = sizes * (sizes - 1) // 2
    column = np.minimum(np.arange(count), np.maximum(pairs, 1)[:, None] - 1)
    return np.where(pairs[:, None] > 0, np.take_along_axis(ordered, np.minimum(column, kept - 1), axis=1), 0.0)
