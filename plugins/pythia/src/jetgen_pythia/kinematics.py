"""Kinematics of four-momenta (..., 4): each function gives float64 of their shape without the last axis."""

from __future__ import annotations

import numpy as np
from jetgen.data.angles import wrapped
from numpy.typing import NDArray

__all__ = ["Momenta", "distance", "eta_of", "mass_of", "phi_of", "pt_of"]

Momenta = NDArray[np.float64]
"""float64 (..., 4): px, py, pz and E in GeV."""


def pt_of(momenta: Momenta) -> NDArray[np.float64]:
    """Transverse momentum in GeV."""
    return np.hypot(momenta[..., 0], momenta[..., 1])


def eta_of(momenta: Momenta) -> NDArray[np.float64]:
    """Pseudorapidity; large but finite along the beam."""
    return np.arcsinh(momenta[..., 2] / np.maximum(pt_of(momenta), 1e-9))


def phi_of(momenta: Momenta) -> NDArray[np.float64]:
    """Azimuth in [-pi, pi]."""
    return np.arctan2(momenta[..., 1], momenta[..., 0])


def mass_of(momenta: Momenta) -> NDArray[np.float64]:
    """Invariant mass in GeV; 0 where rounding makes its square negative."""
    square = momenta[..., 3] ** 2 - np.square(momenta[..., :3]).sum(-1)
    mass: NDArray[np.float64] = np.sqrt(np.maximum(square, 0))
    return mass


def distance(one: Momenta, other: Momenta) -> NDArray[np.float64]:
    """The distance in pseudorapidity and azimuth."""
    apart: NDArray[np.float64] = np.hypot(eta_of(one) - eta_of(other), wrapped(phi_of(one) - phi_of(other)))
    return apart
