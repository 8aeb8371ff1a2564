"""Compare clouds that should be the same."""

from __future__ import annotations

import numpy as np

from jetgen.clouds import Clouds
from jetgen.testing.verdict import require

__all__ = ["require_same"]


def require_same(expected: Clouds, found: Clouds, what: str, tolerance: float = 0.0) -> None:
    """Fail the check unless both hold the same clouds; ``tolerance`` is relative to the scale of each feature."""
    require(len(expected) == len(found), f"{what} gives {len(found)} clouds instead of {len(expected)}")
    counts = np.array_equal(expected.counts, found.counts)
    require(counts, f"{what} gives clouds with other numbers of points")
    if not len(expected.points):
        return
    scale = np.abs(expected.points).max(0) + np.finfo(np.float32).tiny
    largest = float((np.abs(expected.points - found.points) / scale).max())
    require(largest <= tolerance, f"{what} gives other clouds: they differ by up to {largest:.2g} of their scale")
