"""Checks of datasets that declare ``SupportsDensity``: the density is that from which their clouds are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import jetgen.api.protocols
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import did_you_mean
from jetgen.testing.checks.declaration import require_methods
from jetgen.testing.truth import TruthSession
from jetgen.testing.verdict import attempt, require, skip

__all__ = [
    "capabilities_of_data_are_implemented",
    "density_follows_its_clouds",
    "density_integrates_to_one",
    "density_is_one_number_per_cloud",
]

Float64 = NDArray[np.float64]

CAPABILITIES = ("SupportsDensity", "SupportsResponse", "SupportsSimulation")
"""What a dataset can declare."""

_SIGMAS = 5.0
_BROADEST = 0.5  # standard deviation of log q / p: a mean of ratios of two densities further apart is noise
_MOST_FEATURES = 3


def capabilities_of_data_are_implemented(session: TruthSession) -> None:
    """Every capability that the spec declares is one of datasets, and the class has its methods."""
    for capability in session.spec.capabilities:
        hint = did_you_mean(capability, CAPABILITIES)
        require(capability in CAPABILITIES, f"datasets have no capability {capability!r}{hint}")
        require_methods(session.cls, getattr(jetgen.api.protocols, capability))


def density_is_one_number_per_cloud(session: TruthSession) -> None:
    """log_prob of N clouds is a float64 array of shape (N,), also for N = 0, and finite for its own clouds."""
    for truth in (session.clouds("test"), session.clouds("test")[:0]):
        n = len(truth)
        wanted = f"log_prob of {n} clouds must be a float64 array of shape ({n},)"
        values = attempt(partial(_log_prob(session), truth), wanted)
        require(isinstance(values, np.ndarray), f"{wanted}; it is a {type(values).__name__}")
        right = values.shape == (n,) and values.dtype == np.float64
        require(right, f"{wanted}; it has shape {values.shape} and dtype {values.dtype}")
        bad = np.flatnonzero(~np.isfinite(values))
        require(len(bad) == 0, f"log_prob of the own cloud {bad[0] if len(bad) else 0} is not finite")


def density_follows_its_clouds(session: TruthSession) -> None:
    """For each feature stretched a little, giving q, the mean of q / p over clouds of p is 1, less q where p is 0."""
    density, spec, clouds = _log_prob(session), session.dataset.spec, session.clouds("test")
    stretched = [i for i, one in enumerate(spec.features) if one.nature in ("continuous", "positive") and not one.bins]
    if not stretched:
        skip("it has no continuous feature")
    true = density(clouds)
    for column in stretched:
        step, ratio = _mild_ratio(partial(_stretched, density, clouds, spec, column), true)
        of_q = clouds.with_points(_scaled(clouds, spec, column, 1 + step))
        _require_share(ratio, np.isfinite(density(of_q)), f"q with {spec.names[column]} stretched")


def density_integrates_to_one(session: TruthSession) -> None:
    """For q an estimate from training points, the mean of q / p over test points is 1, less q where p is 0."""
    density, spec = _log_prob(session), session.dataset.spec
    plain = all(one.nature in ("continuous", "positive") and not one.bins for one in spec.features)
    if spec.max_points != 1 or len(spec.features) > _MOST_FEATURES or not plain:
        skip(f"its clouds are not single points of {_MOST_FEATURES} or fewer continuous features")
    train, test = session.clouds("train"), session.clouds("test")
    require(bool((test.multiplicity == 1).all()), "a cloud of a dataset of single points is empty")
    points, width = train.points.astype(np.float64), _width(train)
    ratio = np.exp(_smooth(points, width, test.points.astype(np.float64)) - density(test))
    of_q = np.asarray(points + width * np.random.default_rng(0).normal(size=points.shape), np.float32)
    positive = [i for i, one in enumerate(spec.features) if one.nature == "positive"]
    # The density is not asked for points that its features cannot have.
    legal = np.flatnonzero((of_q[:, positive] > 0).all(axis=1))
    reached = np.zeros(len(of_q), np.bool_)
    reached[legal] = np.isfinite(density(Clouds(of_q[legal], np.arange(len(legal) + 1))))
    _require_share(ratio, reached, "a smooth estimate q")


def _log_prob(session: TruthSession) -> Callable[[Clouds], Float64]:
    if "SupportsDensity" not in session.spec.capabilities:
        skip("it does not declare SupportsDensity")
    dataset: Any = session.dataset
    found: Callable[[Clouds], Float64] = dataset.log_prob
    return found


def _require_share(ratio: Float64, reached: NDArray[np.bool_], what: str) -> None:
    """The mean of q / p over p is the share of q where p is not 0: ``reached`` says it of draws of q."""
    mean, share = float(ratio.mean()), float(reached.mean())
    error = math.sqrt(ratio.var(ddof=1) / len(ratio) + reached.var() / len(reached))
    words = f"the mean of q / p over its clouds is {mean:.4g} ± {error:.2g} for {what}, not {share:.4g}"
    require(abs(mean - share) <= _SIGMAS * error + 1e-6, f"{words}: they are not drawn from that density")


def _mild_ratio(log_q: Callable[[float], Float64], true: Float64) -> tuple[float, Float64]:
    """The largest stretch, a power of one half, with which q and p are alike, and the ratio q / p."""
    step = 0.125
    while True:
        log_ratio = log_q(step) - true
        known = log_ratio[np.isfinite(log_ratio)]
        if step < 1e-6 or (len(known) > len(true) / 2 and known.std() < _BROADEST):
            return step, np.exp(log_ratio)
        step /= 2


def _stretched(
    density: Callable[[Clouds], Float64], clouds: Clouds, spec: CloudSpec, column: int, step: float
) -> Float64:
    """The logarithm of q, the density of clouds of p whose feature is larger by a factor 1 + step, about its mean."""
    points = _scaled(clouds, spec, column, 1 / (1 + step))
    return np.asarray(density(clouds.with_points(points)) - clouds.multiplicity * np.log1p(step))


def _scaled(clouds: Clouds, spec: CloudSpec, column: int, factor: float) -> NDArray[np.float32]:
    """The points with one feature multiplied about its mean; about 0 if it is positive."""
    points = clouds.points.astype(np.float64)
    about = 0.0 if spec.features[column].nature == "positive" else points[:, column].mean()
    points[:, column] = about + (points[:, column] - about) * factor
    return points.astype(np.float32)


def _width(train: Clouds) -> Float64:
    """float64 (D,), of the Gaussians of :func:`_smooth`."""
    number, features = train.points.shape
    width: Float64 = 0.5 * train.points.astype(np.float64).std(0) * number ** (-1 / (features + 4))
    return width


def _smooth(train: Float64, width: Float64, test: Float64) -> Float64:
    """The logarithm of q at each test point, for q the mean of narrow Gaussians about the training points."""
    squares = (((test[:, None] - train) / width) ** 2).sum(2)
    terms = -squares / 2 - np.log(width * np.sqrt(2 * np.pi)).sum()
    largest = terms.max(1, keepdims=True)
    return np.asarray((largest + np.log(np.exp(terms - largest).mean(1, keepdims=True)))[:, 0])
