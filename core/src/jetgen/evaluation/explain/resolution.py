"""Clouds as they are looked at: what is finer than the cells of a detector is no property of a generator."""

from __future__ import annotations

import numpy as np

from jetgen.data.clouds import Clouds
from jetgen.data.jets import has_relative
from jetgen.data.spec import CloudSpec

__all__ = ["RESOLUTION", "blurred"]

RESOLUTION = 1e-3
"""Radians, a fifth of the smallest cells of a calorimeter."""


def blurred(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, width: float = RESOLUTION) -> Clouds:
    """Jets with every etarel and phirel moved by a normal number of this width in radians; other clouds as they are.

    Angles of true jets lie on the grid of the calorimeter, so distances between near particles are often exactly one
    cell. By that alone truth is told from truth that was moved by a fiftieth of a cell, and any generator of real
    numbers from truth. So both are moved before they are compared.
    """
    if not has_relative(spec):
        return clouds
    points = clouds.points.copy()
    angles = [spec.index("etarel"), spec.index("phirel")]
    points[:, angles] += rng.normal(0.0, width, (len(points), 2))
    return clouds.with_points(points)
