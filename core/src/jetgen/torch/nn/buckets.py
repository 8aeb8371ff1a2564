"""Batches of clouds of similar size: a network for sets then spends little of its time on padding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import DataError

__all__ = ["length_buckets"]


def length_buckets(
    multiplicity: NDArray[np.int64], *, points: int, clouds: int | None = None
) -> list[NDArray[np.int64]]:
    """Batches of row numbers, largest clouds first: every row comes exactly once.

    Clouds of one size keep their order. Clouds without points come last, in batches of their own: there is nothing to
    compute for them.

    Arguments:
        multiplicity: the number of points of each cloud.
        points: the largest padded size of a batch, rows times points of the largest cloud; one cloud always fits.
        clouds: the largest number of rows in a batch; None for any.

    Raises:
        DataError: if the multiplicity are not non-negative integers in one dimension, or a limit is below 1.

    >>> [batch.tolist() for batch in length_buckets(np.array([2, 9, 0, 3, 3]), points=8)]
    [[1], [3, 4], [0], [2]]
    """
    if multiplicity.ndim != 1 or multiplicity.dtype.kind not in "iu" or multiplicity.min(initial=0) < 0:
        msg = "length buckets are made from non-negative integers in one dimension"
        raise DataError(msg)
    if points < 1 or (clouds is not None and clouds < 1):
        msg = f"a bucket holds at least one cloud and one point, not {clouds} and {points}"
        raise DataError(msg)
    order = np.argsort(-multiplicity.astype(np.int64), kind="stable")
    non_empty = int(np.count_nonzero(multiplicity))
    batches, start = [], 0
    while start < len(order):
        longest = int(multiplicity[order[start]])
        rows = max(1, points // longest) if longest else len(order)
        stop = min(start + min(rows, clouds or rows), non_empty if longest else len(order))
        batches.append(order[start:stop])
        start = stop
    return batches
