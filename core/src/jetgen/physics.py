"""Observables of whole jets from the relative coordinates of their particles, in float64.

Particles are massless. With relative transverse momentum and relative direction, mass, momentum and energy come out
in units of the transverse momentum of the jet. An empty jet has mass, momentum, energy and eta 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.cloud_spec import CloudSpec
from jetgen.clouds import Clouds

__all__ = [
    "RELATIVE",
    "clip_negative_pt",
    "four_vectors",
    "relative_energy",
    "relative_eta",
    "relative_mass",
    "relative_pt",
]

RELATIVE = ("etarel", "phirel", "ptrel")
"""The features that these observables are made of."""


def clip_negative_pt(clouds: Clouds, column: int) -> tuple[Clouds, int]:
    """The clouds with negative values of ``column`` set to 0, and how many there were.

    >>> clipped, n = clip_negative_pt(Clouds([[0.5], [-0.1]], [0, 2]), 0)
    >>> clipped.points.tolist(), n
    ([[0.5], [0.0]], 1)
    """
    negative = clouds.points[:, column] < 0
    count = int(np.count_nonzero(negative))
    if count == 0:
        return clouds, 0
    points = clouds.points.copy()
    points[negative, column] = 0.0
    return Clouds(points, clouds.offsets, clouds.context, clouds.given, clouds.event), count


def four_vectors(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N, 4): energy and momentum along x, y, z of each jet.

    A particle at an absurd direction (etarel beyond 700) has no finite energy; its jet is then infinite or NaN.
    """
    eta, phi, pt = (clouds.points[:, spec.index(name)].astype(np.float64) for name in RELATIVE)
    with np.errstate(over="ignore", invalid="ignore"):
        parts = (pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta))
        rows, n = clouds.rows, len(clouds)
        return np.stack([np.bincount(rows, part, minlength=n) for part in parts], axis=1, dtype=np.float64)


def relative_mass(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """The invariant mass of each jet."""
    energy, x, y, z = four_vectors(clouds, spec).T
    with np.errstate(over="ignore", invalid="ignore"):
        square = (energy - z) * (energy + z) - x * x - y * y
        mass: NDArray[np.float64] = np.sqrt(np.maximum(square, 0.0))
    return mass


def relative_pt(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """The transverse momentum of each jet: that of the sum of its particles."""
    _, x, y, _ = four_vectors(clouds, spec).T
    pt: NDArray[np.float64] = np.hypot(x, y)
    return pt


def relative_energy(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """The energy of each jet."""
    return four_vectors(clouds, spec)[:, 0]


def relative_eta(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """The pseudorapidity of each jet; 0 where its transverse momentum vanishes."""
    _, x, y, z = four_vectors(clouds, spec).T
    pt = np.hypot(x, y)
    eta: NDArray[np.float64] = np.arcsinh(np.divide(z, pt, out=np.zeros_like(z), where=pt > 0))
    return eta
