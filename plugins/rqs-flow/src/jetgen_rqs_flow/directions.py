r"""Directions of particles as centre, width, orientation and standard shapes: the mass of a jet becomes one number.

Directions are complex numbers z = etarel + i phirel, weights w_i = pt_i / sum pt. Let c_i be the weighted mean of the
first i + 1 directions, and

    u_i = sqrt(omega_i) (z_i - c_(i-1)),   omega_i = w_i W_(i-1) / W_i,   W_i = w_0 + ... + w_i.

(c_last, u_1, u_2, ...) is an orthogonal map of sqrt(w) z, so that the width s^2 = sum |u_i|^2 is the weighted variance
of the directions, and the jet mass is s times the sum of pt up to half a per cent. What is handed to the flow:

- the centre c_last, the width s, and the orientation arg u_1 of the two hardest particles;
- for i >= 2 the vector t_i in the direction of u_i, seen from u_1, with |t_i|^2 = -2 kappa_i log(R_(i-1) / R_i), where
  R_i = |u_1|^2 + ... + |u_i|^2 and kappa_i = (omega_1 + ... + omega_(i-1)) / omega_i. If all z were normal with one
  variance, t_i would be close to standard normal.

Nothing is lost: the map is a bijection with a determinant in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shape", "from_shape", "to_shape"]

Float64 = NDArray[np.float64]
Complex128 = NDArray[np.complex128]
_TINY = 1e-30


@dataclass(frozen=True)
class Shape:
    """The coordinates above. Rows of clouds with one particle have width and orientation 0.

    Arguments:
        centre: complex (N,), turned so that u_1 is real, as ``standard`` is.
        width: (N,), s.
        orientation: (N,), arg u_1 in [-pi, pi].
        standard: complex (N, P); t_i in column i, 0 in columns 0 and 1 and from ``counts`` on.
    """

    centre: Complex128
    width: Float64
    orientation: Float64
    standard: Complex128


def to_shape(directions: Complex128, momenta: Float64, counts: NDArray[np.int64]) -> tuple[Shape, Float64]:
    """Directions and momenta (N, P), both 0 from column ``counts`` on, to coordinates and log |det| (N,)."""
    weights, total, omega = _weights(momenta)
    means = np.cumsum(weights * directions, 1) / total
    vectors = np.zeros_like(directions)
    vectors[:, 1:] = np.sqrt(omega[:, 1:]) * (directions[:, 1:] - means[:, :-1])
    vectors *= np.arange(directions.shape[1]) < counts[:, None]
    radii = np.maximum(np.cumsum(np.abs(vectors) ** 2, 1), _TINY)
    orientation = np.angle(vectors[:, 1]) if vectors.shape[1] > 1 else np.zeros(len(vectors))
    turn = np.exp(-1j * orientation)
    standard = np.zeros_like(directions)
    kappa, shrink = _kappa(omega), np.log(radii[:, 2:] / radii[:, 1:-1])
    unit = np.exp(1j * np.angle(vectors[:, 2:] * turn[:, None]))
    standard[:, 2:] = np.sqrt(2 * kappa * shrink) * unit
    shape = Shape(means[:, -1] * turn, np.where(counts > 1, np.sqrt(radii[:, -1]), 0), orientation, standard)
    # sqrt(w) z is turned by an orthogonal matrix; then u_1 goes to (s, orientation) and each u_i to t_i.
    present = np.arange(directions.shape[1]) < counts[:, None]
    log_det = np.where(present, np.log(np.maximum(weights, _TINY)), 0).sum(1)
    log_det -= np.where(counts > 1, np.log(np.maximum(shape.width, _TINY)), 0)
    disc = np.log(2 * np.maximum(kappa, _TINY)) + shrink - np.log(radii[:, 2:])
    return shape, log_det + np.where(present[:, 2:], disc, 0).sum(1)


def from_shape(shape: Shape, momenta: Float64, counts: NDArray[np.int64]) -> Complex128:
    """The inverse of :func:`to_shape`: the directions (N, P)."""
    weights, total, omega = _weights(momenta)
    kappa = _kappa(omega)
    vectors, radius = np.zeros(momenta.shape, np.complex128), shape.width**2
    for i in range(momenta.shape[1] - 1, 1, -1):
        step = shape.standard[:, i]
        part = np.where(i < counts, -np.expm1(-(np.abs(step) ** 2) / (2 * np.maximum(kappa[:, i - 2], _TINY))), 0)
        vectors[:, i] = np.exp(1j * np.angle(step)) * np.sqrt(part * radius)
        radius = radius * (1 - part)
    vectors[:, 1:2] = np.sqrt(radius)[:, None]
    turn = np.exp(1j * shape.orientation)
    vectors, mean = vectors * turn[:, None], shape.centre * turn
    directions = np.zeros_like(vectors)
    for i in range(momenta.shape[1] - 1, 0, -1):
        offset = np.where(i < counts, vectors[:, i] / np.sqrt(np.maximum(omega[:, i], _TINY)), 0)
        mean = mean - weights[:, i] / total[:, i] * offset
        directions[:, i] = np.where(i < counts, mean + offset, 0)
    directions[:, 0] = np.where(counts > 0, mean, 0)
    return directions


def _weights(momenta: Float64) -> tuple[Float64, Float64, Float64]:
    weights = momenta / np.maximum(momenta.sum(1, keepdims=True), _TINY)
    total = np.maximum(np.cumsum(weights, 1), _TINY)
    omega = np.zeros_like(weights)
    omega[:, 1:] = weights[:, 1:] * total[:, :-1] / total[:, 1:]
    return weights, total, omega


def _kappa(omega: Float64) -> Float64:
    """(N, P - 2), for i >= 2."""
    return np.asarray(np.cumsum(omega, 1)[:, 1:-1] / np.maximum(omega[:, 2:], _TINY))
