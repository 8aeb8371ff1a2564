"""The convention of the density: the points of a cloud in falling order of its first positive feature."""

from __future__ import annotations

import numpy as np
from jetgen import Clouds, CloudSpec
from numpy.typing import NDArray

__all__ = ["ordered"]


def ordered(clouds: Clouds, spec: CloudSpec) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Padded points (N, P, F) in float64, hardest first, and multiplicities (N,).

    Points of equal momentum keep their order, and so do all points where no feature is positive by nature.
    """
    points, present = clouds.padded(spec.max_points)
    values = points.astype(np.float64)
    positive = [i for i, feature in enumerate(spec.features) if feature.nature == "positive"]
    if positive:
        key = np.where(present, -values[..., positive[0]], np.inf)
        values = np.take_along_axis(values, np.argsort(key, axis=1, kind="stable")[..., None], axis=1)
    return values, clouds.counts
