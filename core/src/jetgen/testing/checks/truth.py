"""Checks of datasets that declare ``SupportsDensity``: the density is that from which their clouds are drawn."""

from __future__ import annotations

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

CAPABILITIES = ("SupportsDensity", "SupportsSimulation")
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
    """For each feature stretched a little, giving q, the mean of q / p over clouds of the dataset is 1."""
    density, spec, clouds = _log_prob(session), session.dataset.spec, session.clouds("test")
    stretched = [i for i, one in enumerate(spec.features) if one.nature in ("continuous", "positive") and not one.bins]
    if not stretched:
        skip("it has no continuous feature")
    true = density(clouds)
    for column in stretched:
        ratio = _mild_ratio(partial(_stretched, density, clouds, spec, column), true)
        _require_one(ratio, f"q with {spec.names[column]} stretched")


def density_integrates_to_one(session: TruthSession) -> None:
    """For q an estimate from training clouds of one point, the mean of q / p over test points is 1."""
    density, spec = _log_prob(session), session.dataset.spec
    plain = all(one.nature in ("continuous", "positive") and not one.bins for one in spec.features)
    if spec.max_points != 1 or len(spec.features) > _MOST_FEATURES or not plain:
        skip(f"its clouds are not single points of {_MOST_FEATURES} or fewer continuous features")
    train, test = session.clouds("train"), session.clouds("test")
    require(bool((test.multiplicity == 1).all()), "a cloud of a dataset of single points is empty")
    ratio = np.exp(_smooth(train.points.astype(np.float64), test.points.astype(np.float64)) - density(test))
    _require_one(ratio, "a smooth estimate q")


def _log_prob(session: TruthSession) -> Callable[[Clouds], Float64]:
    if "SupportsDensity" not in session.spec.capabilities:
        skip("it does not declare SupportsDensity")
    dataset: Any = session.dataset
    found: Callable[[Clouds], Float64] = dataset.log_prob
    return found


def _require_one(ratio: Float64, what: str) -> None:
    mean, error = float(ratio.mean()), float(ratio.std(ddof=1)) / np.sqrt(len(ratio))
    words = f"the mean of q / p over its clouds is {mean:.4g} ± {error:.2g} for {what}, not 1"
    require(abs(mean - 1) <= _SIGMAS * error + 1e-6, f"{words}: they are not drawn from that density")


def _mild_ratio(log_q: Callable[[float], Float64], true: Float64) -> Float64:
    """The ratio q / p for the largest stretch, a power of one half, with which the two densities are alike."""
    step = 0.125
    while True:
        log_ratio = log_q(step) - true
        known = log_ratio[np.isfinite(log_ratio)]
        if step < 1e-6 or (len(known) > len(true) / 2 and known.std() < _BROADEST):
            return np.exp(log_ratio)
        step /= 2


def _stretched(
    density: Callable[[Clouds], Float64], clouds: Clouds, spec: CloudSpec, column: int, step: float
) -> Float64:
    """The logarithm of q, the density of clouds of p whose feature is larger by a factor 1 + step, about its mean."""
    points = clouds.points.astype(np.float64)
    about = 0.0 if spec.features[column].nature == "positive" else points[:, column].mean()
    points[:, column] = about + (points[:, column] - about) / (1 + step)
    return np.asarray(density(clouds.with_points(points.astype(np.float32))) - clouds.multiplicity * np.log1p(step))


def _smooth(train: Float64, test: Float64) -> Float64:
    """The logarithm of q at each test point, for q the mean of narrow Gaussians about the training points."""
    number, features = train.shape
    width = 0.5 * train.std(0) * number ** (-1 / (features + 4))
    squares = (((test[:, None] - train) / width) ** 2).sum(2)
    terms = -squares / 2 - np.log(width * np.sqrt(2 * np.pi)).sum()
    largest = terms.max(1, keepdims=True)
    return np.asarray((largest + np.log(np.exp(terms - largest).mean(1, keepdims=True)))[:, 0])
