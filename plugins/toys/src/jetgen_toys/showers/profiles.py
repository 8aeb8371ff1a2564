"""Profiles of electromagnetic showers in a sampling calorimeter, and their fluctuations (hep-ex/0001020).

Depths t are in radiation lengths, radii in Moliere radii, energies in MeV.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

__all__ = [
    "MOLIERE_RADIUS",
    "RADIATION_LENGTH",
    "LongitudinalProfile",
    "RadialProfile",
    "longitudinal_profile",
    "radial_profile",
]

_Array = NDArray[np.float64]

# The stack of 1.4 mm of tungsten and 0.3 mm of silicon, as one material.
RADIATION_LENGTH = 4.219
"""In mm."""
MOLIERE_RADIUS = 10.87
"""In mm."""
_CRITICAL_ENERGY = 8.229
_Z = 72.49
_LAYERS = 2.482  # sampling layers per radiation length: the sampling frequency
_LOSS = 1.0 - 0.7042  # 1 - e/mip, the ratio of the responses to electrons and to minimum ionising particles


class LongitudinalProfile(NamedTuple):
    """The energy of N showers along their axis: a gamma distribution each.

    Arguments:
        maximum: (N,), the depth of the maximum.
        shape: (N,), the shape parameter, larger than 1.
        mean_shape: (N,), the shape parameter of the mean shower of the same energy.
    """

    maximum: _Array
    shape: _Array
    mean_shape: _Array

    def shares(self, edges: _Array) -> _Array:
        """(N, L), the fraction of the energy between successive depths ``edges`` (L + 1,)."""
        rate = (self.shape - 1.0) / self.maximum
        return np.diff(gammainc(self.shape[:, None], rate[:, None] * edges), axis=1)

    def age(self, depths: _Array) -> _Array:
        """(N, L), the depths (L,) in units of the mean depth of each shower; the radial profile depends on it."""
        mean = self.maximum * self.shape / (self.shape - 1.0)
        return depths / mean[:, None] * (self.mean_shape / (self.mean_shape - 1.0))[:, None]


class RadialProfile(NamedTuple):
    """The energy across the axis: a sum of two densities 2 r R^2 / (r^2 + R^2)^2 in the radius r.

    Arguments:
        narrow, wide: the R of the two, arrays of any shape.
        share: the fraction of the energy in the narrow one, of the same shape.
    """

    narrow: _Array
    wide: _Array
    share: _Array

    def within(self, radii: _Array, widening: float = 1.0) -> _Array:
        """(..., R), the fraction of the energy within each of the radii (R,), of a profile wider by a factor."""
        square = radii**2
        narrow, wide = ((widening * part[..., None]) ** 2 for part in (self.narrow, self.wide))
        share = self.share[..., None]
        inside: _Array = square * (share / (square + narrow) + (1.0 - share) / (square + wide))
        return inside


def longitudinal_profile(energies: _Array, normals: _Array) -> LongitudinalProfile:
    """The longitudinal profiles of showers of these incident energies (N,).

    Arguments:
        normals: (N, 2), standard normal numbers for the fluctuations; zeros give the mean shower.

    >>> mean = longitudinal_profile(np.array([1e3, 1e6]), np.zeros((2, 2)))
    >>> mean.maximum.round(3).tolist(), mean.shape.round(3).tolist()
    ([3.562, 10.47], [2.966, 6.345])
    """
    log_y = np.log(energies / _CRITICAL_ENERGY)
    maximum = np.log(np.maximum(log_y - 0.812 - 0.55 / _LAYERS - 0.69 * _LOSS, 0.3))
    shape = np.log(np.maximum(0.81 + (0.458 + 2.26 / _Z) * log_y - 0.476 / _LAYERS, 1.2))
    (of_maximum, of_shape), correlation = spreads(energies)
    same, opposed = np.sqrt((1 + correlation) / 2) * normals[:, 0], np.sqrt((1 - correlation) / 2) * normals[:, 1]
    return LongitudinalProfile(
        np.maximum(np.exp(maximum + of_maximum * (same + opposed)), 0.5),
        np.maximum(np.exp(shape + of_shape * (same - opposed)), 1.1),
        np.exp(shape),
    )


def spreads(energies: _Array) -> tuple[tuple[_Array, _Array], _Array]:
    """The standard deviations of the logarithms of maximum and shape, and their correlation."""
    log_y = np.log(energies / _CRITICAL_ENERGY)
    # Below 60 MeV the denominators change sign; no shower here is as soft.
    of_maximum, of_shape = (1.0 / (a + b * log_y) for a, b in ((-2.5, 1.25), (-0.82, 0.79)))
    return (np.minimum(of_maximum, 0.5), np.minimum(of_shape, 0.5)), 0.784 - 0.023 * log_y


def radial_profile(energies: _Array, age: _Array) -> RadialProfile:
    """The radial profiles of showers of these incident energies (N,) at these ages (N, L).

    >>> at_100_gev = radial_profile(np.array([1e5]), np.array([[0.2, 1.0, 2.5]]))
    >>> [part.round(3).tolist() for part in at_100_gev]
    [[[0.065, 0.128, 0.257]], [[1.513, 0.587, 1.148]], [[0.947, 0.886, 0.406]]]
    """
    log_e = np.log(energies / 1e3)[:, None]
    early = np.exp(-age)
    narrow = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * _Z) * age - 0.0203 * _LOSS + 0.0397 / _LAYERS * early
    rise = np.exp(-2.59 * (age - 0.645)) + np.exp((0.3585 + 0.0412 * log_e) * (age - 0.645))
    wide = (0.659 - 0.00309 * _Z) * rise - 0.14 * _LOSS - 0.495 / _LAYERS * early
    u = (0.401 + 0.00187 * _Z - age) / (1.313 - 0.0686 * log_e)
    share = (2.632 - 0.00094 * _Z) * np.exp(u - np.exp(u))
    share += _LOSS * (0.348 - 0.642 / _LAYERS * np.exp(-((age - 1.0) ** 2)))
    return RadialProfile(np.maximum(narrow, 0.01), np.maximum(wide, 0.05), share.clip(0.0, 1.0))
