"""The convention of the density: the points of a cloud in the canonical order, hardest first."""

from __future__ import annotations

import numpy as np
from jetgen import Clouds, CloudSpec
from jetgen.canonical import ordered as canonically_ordered
from numpy.typing import NDArray

__all__ = ["ordered"]


def ordered(clouds: Clouds, spec: CloudSpec) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Padded points (N, P, F) in float64, in the order of :func:`jetgen.canonical.ordered`, and multiplicities (N,)."""
    points, _ = canonically_ordered(clouds, spec).padded(spec.max_points)
    return points.astype(np.float64), clouds.counts
