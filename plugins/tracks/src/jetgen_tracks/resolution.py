"""The resolution of a track: the widths of its parameters, and what they do to pT, eta and phi.

The closed forms are fits to the tables of COCOA (2303.02101), a tracker in a field of 3.8 T; see the README.
"""

from __future__ import annotations

import numpy as np
from jetgen.data.angles import wrapped
from numpy.typing import NDArray

__all__ = ["phi_width", "qp_width", "residual_moments", "smeared", "theta_width"]

Float64 = NDArray[np.float64]

_QP_EDGES = np.array([10.0, 100.0, 300.0, 500.0, 700.0])  # GeV
_QP_WIDTHS = np.array([1e-3, 1.5e-3, 4e-4, 3.3e-4, 5e-4, 6e-4])  # 1 / GeV
_NARROW = 0.08  # of the curvature in units of itself; so far it changes sign with a probability below 1e-35


def theta_width(pt: Float64) -> Float64:
    """The width of the polar angle in rad, of pT in GeV.

    >>> (1e3 * theta_width(np.array([1.0, 5.0, 100.0]))).round(3).tolist()
    [3.0, 0.865, 0.637]
    """
    return np.hypot(6.36e-4, 2.932e-3 / pt)


def phi_width(pt: Float64) -> Float64:
    """The width of the azimuth in rad, of pT in GeV.

    >>> (1e3 * phi_width(np.array([1.0, 5.0, 100.0]))).round(3).tolist()
    [2.0, 0.426, 0.151]
    """
    return np.hypot(1.50e-4, 1.994e-3 / pt)


def qp_width(pt: Float64) -> Float64:
    """The width of charge over momentum in 1 / GeV, of pT in GeV."""
    return _QP_WIDTHS[np.searchsorted(_QP_EDGES, pt, side="right")]


def smeared(pt: Float64, eta: Float64, phi: Float64, rng: np.random.Generator) -> Float64:
    """float64 (N, 3), the reconstructed pT, eta and phi of particles.

    Charge over momentum, polar angle and azimuth get independent Gaussian errors. A track whose curvature changes sign
    has the other charge, which is not kept.
    """
    errors = rng.normal(size=(3, len(pt)))
    log_sine, new_eta = _direction(eta, theta_width(pt) * errors[1])
    log_momentum = -np.log(np.abs(1.0 + _curvature_width(pt, eta) * errors[0]))
    return np.stack([pt * np.exp(log_sine + log_momentum), new_eta, wrapped(phi + phi_width(pt) * errors[2])], axis=1)


def residual_moments(pt: Float64, eta: Float64) -> tuple[Float64, Float64]:
    """float64 (N, 3) each: mean and variance of what is reconstructed minus what is true, of log pT, eta and phi.

    They are exact, by quadrature over the errors.
    """
    nodes, weights = _hermite()
    log_sine, new_eta = _direction(eta[:, None], theta_width(pt)[:, None] * nodes)
    of_sine, of_eta = _moments(log_sine, weights), _moments(new_eta - eta[:, None], weights)
    of_curvature = _curvature_moments(_curvature_width(pt, eta))
    mean = np.stack([of_sine[0] - of_curvature[0], of_eta[0], np.zeros_like(pt)], axis=1)
    # The errors are independent of each other, so the variances add up.
    return mean, np.stack([of_sine[1] + of_curvature[1], of_eta[1], phi_width(pt) ** 2], axis=1)


def _direction(eta: Float64, error: Float64) -> tuple[Float64, Float64]:
    """Of a polar angle with this error: the logarithm of its sine over the true one, and its eta."""
    theta = 2.0 * np.arctan(np.exp(-eta))
    found = np.abs(theta + error)  # past the axis of the beam it is on the other side
    return np.log(np.sin(found) / np.sin(theta)), -np.log(np.tan(found / 2.0))


def _curvature_width(pt: Float64, eta: Float64) -> Float64:
    """The width of charge over momentum in units of its value."""
    return np.asarray(qp_width(pt) * pt * np.cosh(eta))


def _curvature_moments(width: Float64) -> tuple[Float64, Float64]:
    """Mean and variance of log|1 + a X|, with X standard normal, for each width a."""
    nodes, weights = _hermite()
    mean, variance = _moments(np.log(np.abs(1.0 + np.minimum(width, _NARROW)[:, None] * nodes)), weights)
    wide = width > _NARROW
    if wide.any():
        mean[wide], variance[wide] = _wide_moments(width[wide, None])
    return mean, variance


def _wide_moments(width: Float64) -> tuple[Float64, Float64]:
    """The same for widths (N, 1) for which the curvature often changes sign, where the logarithm has a pole.

    With t the distance of X to the pole, log|1 + a X| is log(a t): smooth in log t, on either side of it.
    """
    logs = np.linspace(-40.0, 4.0, 8_801)
    distance = np.exp(logs)
    density = sum(np.exp(-0.5 * (side * distance - 1.0 / width) ** 2) for side in (-1.0, 1.0)) * distance
    weights = density / density.sum(axis=1, keepdims=True)
    return _moments(np.log(width) + logs, weights)


def _moments(values: Float64, weights: Float64) -> tuple[Float64, Float64]:
    """Mean and variance over the last axis, by weights of sum 1."""
    mean = (weights * values).sum(axis=-1)
    return mean, (weights * (values - mean[..., None]) ** 2).sum(axis=-1)


def _hermite() -> tuple[Float64, Float64]:
    """Nodes of the standard normal distribution, and their weights."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return nodes, weights / weights.sum()
