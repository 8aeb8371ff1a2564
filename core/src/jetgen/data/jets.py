"""Observables of whole jets from the relative coordinates of their particles, in float64.

Particles are massless. ``etarel`` and ``phirel`` are relative to the jet axis, ``ptrel`` to the transverse momentum of
the jet, so mass, momentum and energy come in units of that momentum. An empty jet has mass, momentum, energy and
pseudorapidity 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature

__all__ = [
    "RELATIVE",
    "clip_negative_pt",
    "coordinates",
    "four_momenta",
    "four_vectors",
    "has_relative",
    "jet_spec",
    "mirror_columns",
    "relative_energy",
    "relative_eta",
    "relative_mass",
    "relative_pt",
]

RELATIVE = ("etarel", "phirel", "ptrel")
"""The features that these observables need."""


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
    return clouds.with_points(points), count


def jet_spec(particles: int) -> CloudSpec:
    """The spec of jets of up to ``particles`` particles with the features of :data:`RELATIVE`."""
    return CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), particles)


def has_relative(spec: CloudSpec) -> bool:
    """Whether clouds are jets whose particles have the features of :data:`RELATIVE`."""
    return spec.kind == "jets" and set(RELATIVE) <= set(spec.names)


def mirror_columns(spec: CloudSpec) -> list[int]:
    """The columns whose sign may be flipped for a whole jet, by symmetry; none for other clouds."""
    return [spec.index(name) for name in RELATIVE[:2]] if has_relative(spec) else []


def coordinates(clouds: Clouds, spec: CloudSpec) -> tuple[NDArray[np.float64], ...]:
    """The features of :data:`RELATIVE` of all particles, each float64 (total,).

    Raises:
        DataError: if the clouds have no such features.
    """
    return tuple(clouds.points[:, spec.index(name)].astype(np.float64) for name in RELATIVE)


def four_momenta(clouds: Clouds, spec: CloudSpec) -> tuple[NDArray[np.float64], ...]:
    """Energy and momentum along x, y, z of all particles, each float64 (total,).

    Raises:
        DataError: if the clouds have no such features.
    """
    eta, phi, pt = coordinates(clouds, spec)
    return pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)


def four_vectors(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N, 4): energy and momentum along x, y, z of each jet.

    A particle with ``abs(etarel)`` above 700 overflows; its jet is then infinite or NaN.
    """
    rows, n = clouds.rows, len(clouds)
    with np.errstate(over="ignore", invalid="ignore"):
        parts = four_momenta(clouds, spec)
        return np.stack([np.bincount(rows, part, minlength=n) for part in parts], axis=1, dtype=np.float64)


def relative_mass(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N,), the invariant mass of each jet."""
    energy, x, y, z = four_vectors(clouds, spec).T
    with np.errstate(over="ignore", invalid="ignore"):
        square = (energy - z) * (energy + z) - x * x - y * y
        mass: NDArray[np.float64] = np.sqrt(np.maximum(square, 0.0))
    return mass


def relative_pt(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N,), the transverse momentum of each jet: that of the vector sum of its particles."""
    _, x, y, _ = four_vectors(clouds, spec).T
    pt: NDArray[np.float64] = np.hypot(x, y)
    return pt


def relative_energy(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N,), the energy of each jet."""
    return four_vectors(clouds, spec)[:, 0]


def relative_eta(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N,), the pseudorapidity of each jet; 0 where its transverse momentum is 0."""
    _, x, y, z = four_vectors(clouds, spec).T
    pt = np.hypot(x, y)
    eta: NDArray[np.float64] = np.arcsinh(np.divide(z, pt, out=np.zeros_like(z), where=pt > 0))
    return eta
