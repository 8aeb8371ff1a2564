r"""Directions of particles as centre, width, orientation and free vectors: the mass of a jet becomes one number.

Directions are complex numbers z = etarel + i phirel, weights w_i = pt_i / sum pt. Let W_i = w_0 + ... + w_i, let c_i be
the weighted mean of z_0 to z_i, and

    u_i = sqrt(omega_i) (z_i - c_(i-1)),   omega_i = w_i W_(i-1) / W_i.

(c_last, u_1, u_2, ...) is an orthogonal map of sqrt(w) z, so that the width s^2 = sum |u_i|^2 is the weighted variance
of the directions, and the jet mass is s times the sum of pt up to half a per cent. What is handed to the flow:

- the centre c_last, the width s, and the orientation arg u_1 of the two hardest particles;
- for i >= 2, from the softest to the hardest, z_i as seen from c_i, turned by the orientation. It lies in the circle
  that the width leaves, |u_i|^2 <= |u_1|^2 + ... + |u_i|^2, and in one that holds all training particles. Its distance,
  from 0 to that of the nearer border, is freed by an atanh, after a bend at the edge of the jet: almost all particles
  are inside, and the bend hands almost all of the range to them, so that the edge is sharp in what is generated.

Nothing is lost: the map is a bijection with a determinant in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Circles", "Shape", "from_shape", "to_shape"]

Float64 = NDArray[np.float64]
Complex128 = NDArray[np.complex128]
_TINY = 1e-30
_NEAR_ONE = 1 - 1e-9
_OUTSIDE = 0.02  # the part of the range that is left to particles beyond the edge


@dataclass(frozen=True)
class Circles:
    """Radii about the axis: of the edge of the jets, and of the circle that holds all particles."""

    edge: float
    reach: float


@dataclass(frozen=True)
class Shape:
    """The coordinates above. Rows of clouds with one particle have width and orientation 0.

    Arguments:
        centre: complex (N,), turned so that u_1 is real, as ``free`` is.
        width: (N,), s.
        orientation: (N,), arg u_1 in [-pi, pi].
        free: complex (N, P); any numbers from column 2 on, 0 in columns 0 and 1 and from the multiplicity on.
    """

    centre: Complex128
    width: Float64
    orientation: Float64
    free: Complex128


def to_shape(
    directions: Complex128, momenta: Float64, counts: NDArray[np.int64], circles: Circles
) -> tuple[Shape, Float64]:
    """Directions and momenta (N, P), both 0 from column ``counts`` on, to coordinates and log |det| (N,)."""
    weights, total, stretch = _weights(momenta)
    present = np.arange(directions.shape[1]) < counts[:, None]
    means = np.cumsum(weights * directions, 1) / total
    offsets = (directions - means) * present
    radii = np.sqrt(np.maximum(np.cumsum(np.abs(stretch * offsets) ** 2, 1), _TINY))
    orientation = np.angle(offsets[:, 1]) if directions.shape[1] > 1 else np.zeros(len(directions))
    turn = np.exp(-1j * orientation)[:, None]
    angle = np.exp(1j * np.angle(offsets[:, 2:]))
    bend, border = _borders(means[:, 2:], angle, radii[:, 2:] / stretch[:, 2:], circles)
    distance = np.minimum(np.abs(offsets[:, 2:]), border)
    part = np.minimum((1 - _OUTSIDE) * np.minimum(distance / bend, 1) + _OUTSIDE * distance / border, _NEAR_ONE)
    free = np.zeros_like(directions)
    free[:, 2:] = np.arctanh(part) * angle * turn * present[:, 2:]
    width = np.where(counts > 1, radii[:, -1], 0)
    # sqrt(w) z is turned by an orthogonal matrix; then u_1 goes to (s, orientation) and each other u_i to its vector.
    log_det = np.where(present, np.log(np.maximum(weights, _TINY)), 0).sum(1)
    log_det -= np.where(counts > 1, np.log(np.maximum(width, _TINY)), 0)
    slope = (1 - _OUTSIDE) / bend * (distance < bend) + _OUTSIDE / border
    # Of a vector whose length changes from d to g(d), the area changes by g g' / d.
    stretched = np.where(distance > 1e-9 * border, np.arctanh(part) / np.maximum(distance, 1e-9 * border), slope)
    disc = np.log(stretched) + np.log(slope) - np.log1p(-(part**2)) - 2 * np.log(stretch[:, 2:])
    shape = Shape(means[:, -1] * turn[:, 0], width, orientation, free)
    return shape, log_det + np.where(present[:, 2:], disc, 0).sum(1)


def from_shape(shape: Shape, momenta: Float64, counts: NDArray[np.int64], circles: Circles) -> Complex128:
    """The inverse of :func:`to_shape`: the directions (N, P)."""
    weights, total, stretch = _weights(momenta)
    directions = np.zeros(momenta.shape, np.complex128)
    mean, square = shape.centre, shape.width**2
    for i in range(momenta.shape[1] - 1, 0, -1):
        if i > 1:
            angle = np.exp(1j * np.angle(shape.free[:, i]))
            bend, border = _borders(mean, angle, np.sqrt(square) / stretch[:, i], circles)
            part = np.tanh(np.abs(shape.free[:, i]))
            inside = part / ((1 - _OUTSIDE) / bend + _OUTSIDE / border)
            offset = np.where(inside < bend, inside, (part - (1 - _OUTSIDE)) / _OUTSIDE * border) * angle
        else:
            offset = np.sqrt(square) / stretch[:, 1] + 0j
        offset = np.where(i < counts, offset, 0)
        directions[:, i] = np.where(i < counts, mean + offset, 0)
        mean = mean - weights[:, i] / total[:, i - 1] * offset
        square = np.maximum(square - np.abs(stretch[:, i] * offset) ** 2, 0)
    directions[:, 0] = np.where(counts > 0, mean, 0)
    return np.asarray(directions * np.exp(1j * shape.orientation)[:, None])


def _weights(momenta: Float64) -> tuple[Float64, Float64, Float64]:
    """The weights w, their sums W, and |u_i| / |z_i - c_i|."""
    weights = momenta / np.maximum(momenta.sum(1, keepdims=True), _TINY)
    total = np.maximum(np.cumsum(weights, 1), _TINY)
    stretch = np.zeros_like(weights)
    stretch[:, 1:] = np.sqrt(weights[:, 1:] * total[:, 1:] / total[:, :-1])
    return weights, total, np.maximum(stretch, 1e-15)


def _borders(mean: Complex128, angle: Complex128, left: Float64, circles: Circles) -> tuple[Float64, Float64]:
    """How far from ``mean`` the edge is in the direction ``angle``, and how far a particle can be.

    Arguments:
        left: the distance that the width leaves.
    """
    border = np.maximum(np.minimum(_to_circle(mean, angle, circles.reach), left), 1e-15)
    return np.minimum(_to_circle(mean, angle, circles.edge), border), border


def _to_circle(mean: Complex128, angle: Complex128, radius: float) -> Float64:
    """The distance to the circle about the axis from inside; infinite from outside."""
    along = (mean.conj() * angle).real
    room = radius**2 - np.abs(mean) ** 2
    return np.asarray(np.where(room > 0, np.sqrt(np.maximum(along**2 + room, 0)) - along, np.inf))
