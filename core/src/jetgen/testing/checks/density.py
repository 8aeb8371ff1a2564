"""Checks of densities, for generators that declare ``SupportsLogProb``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.api.context import RunContext
from jetgen.data.clouds import Clouds
from jetgen.testing.session import SEED, Session
from jetgen.testing.verdict import attempt, require, skip

__all__ = ["log_prob_is_one_number_per_cloud", "log_prob_tells_truth_from_noise"]


def log_prob_is_one_number_per_cloud(session: Session) -> None:
    """log_prob of N clouds is a float64 array of shape (N,), also for N = 0, and finite for true clouds."""
    for truth in (session.toy.test, session.toy.test[:0]):
        n = len(truth)
        wanted = f"log_prob of {n} clouds must be a float64 array of shape ({n},)"
        values = attempt(partial(_log_prob, session, truth), wanted)
        require(isinstance(values, np.ndarray), f"{wanted}; it is a {type(values).__name__}")
        right = values.shape == (n,) and values.dtype == np.float64
        require(right, f"{wanted}; it has shape {values.shape} and dtype {values.dtype}")
        require(bool(np.isfinite(values).all()), "log_prob of true clouds is not finite")


def log_prob_tells_truth_from_noise(session: Session) -> None:
    """The mean log_prob of true clouds exceeds that of uniform noise with the same multiplicities."""
    truth = session.toy.test
    true, false = (float(_log_prob(session, clouds).mean()) for clouds in (truth, _noise(truth, session)))
    require(true > false, f"the mean log_prob of true clouds is {true:.4g}, that of noise {false:.4g}")


def _log_prob(session: Session, clouds: Clouds) -> NDArray[np.float64]:
    if "SupportsLogProb" not in session.spec.capabilities:
        skip("it does not declare SupportsLogProb")
    model: Any = session.model
    values: NDArray[np.float64] = model.log_prob(clouds, RunContext(SEED))
    return values


def _noise(truth: Clouds, session: Session) -> Clouds:
    """Points uniform over twice the range of the true ones; positive features stay positive."""
    low, high = truth.points.min(0), truth.points.max(0)
    positive = [feature.nature == "positive" for feature in session.toy.spec.features]
    wide = np.where(positive, low, low - (high - low) / 2)
    points = np.random.default_rng(SEED).uniform(wide, wide + 2 * (high - low), truth.points.shape)
    return Clouds(points, truth.offsets, truth.conditioning, truth.given, truth.event)
