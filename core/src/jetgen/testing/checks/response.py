"""Checks of datasets that declare ``SupportsResponse``: the response is the one that made their clouds."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import numpy as np

from jetgen.api.protocols import Response, SupportsResponse
from jetgen.data.clouds import Clouds
from jetgen.testing.truth import TruthSession
from jetgen.testing.verdict import attempt, require, skip

__all__ = ["answers_are_made_anew", "response_follows_its_clouds", "response_is_one_row_per_particle"]

_SIGMAS = 5.0


def response_is_one_row_per_particle(session: TruthSession) -> None:
    """For P true particles, also P = 0: P probabilities, and P rows of means and of variances, of every feature."""
    given, _ = _answered(session)
    for truth in (given, given[:0]):
        found = _response(session, truth)
        particles, features = len(truth.points), len(session.dataset.spec.features)
        for name, shape in (
            ("found", (particles,)),
            ("mean", (particles, features)),
            ("variance", (particles, features)),
        ):
            values = np.asarray(getattr(found, name))
            require(
                values.shape == shape, f"{name} of {particles} particles must have shape {shape}, not {values.shape}"
            )
            require(bool(np.isfinite(values).all()), f"{name} is not finite for a particle of its own truth")
        require(bool(((found.found >= 0) & (found.found <= 1)).all()), "found holds a number that is no probability")
        require(bool((found.variance >= 0).all()), "a variance is negative")


def response_follows_its_clouds(session: TruthSession) -> None:
    """Over the answers to each true event, the mean number of points is the sum of the probabilities to be found."""
    given, clouds = _answered(session)
    assert clouds.event is not None
    found = _response(session, given).found
    answers = np.bincount(clouds.event, minlength=len(given))
    points = np.bincount(clouds.event, clouds.multiplicity, minlength=len(given))
    expected = answers * np.bincount(given.rows, found, minlength=len(given))
    spread = np.sqrt(answers * np.bincount(given.rows, found * (1 - found), minlength=len(given)))
    worst = int(np.argmax(np.abs(points - expected) - _SIGMAS * spread))
    words = f"{answers[worst]} answers to event {worst} have {points[worst]:.0f} points, not {expected[worst]:.4g}"
    within = abs(points[worst] - expected[worst]) <= _SIGMAS * spread[worst] + 1e-6
    require(bool(within), f"{words} ± {spread[worst]:.2g}: that is not the response that made them")


def answers_are_made_anew(session: TruthSession) -> None:
    """A call of answer gives one cloud for each event that is asked for, the same for the same seed only."""
    given, _ = _answered(session)
    dataset = cast("SupportsResponse", session.dataset)
    asked = np.arange(2 * len(given)) // 2
    first, again, other = (dataset.answer(given, asked, seed) for seed in (1, 1, 2))
    require(len(first) == len(asked), f"answer made {len(first)} clouds for {len(asked)} events")
    same = first.event is not None and bool((first.event == asked).all())
    require(same, "the clouds of answer do not say that they answer what was asked for (event)")
    require(first.fingerprint() == again.fingerprint(), "answer gives other clouds for the same seed")
    require(first.fingerprint() != other.fingerprint(), "answer gives the same clouds for another seed")


def _answered(session: TruthSession) -> tuple[Clouds, Clouds]:
    """The true events of the test clouds, and the test clouds."""
    if "SupportsResponse" not in session.spec.capabilities:
        skip("it does not declare SupportsResponse")
    clouds = session.clouds("test")
    require(clouds.given is not None, "it declares SupportsResponse, and its clouds answer no true ones (given)")
    assert clouds.given is not None
    return clouds.given, clouds


def _response(session: TruthSession, given: Clouds) -> Response:
    dataset: Any = session.dataset
    wanted = f"response of {len(given)} true events must be a Response"
    found = attempt(partial(dataset.response, given), wanted)
    require(isinstance(found, Response), f"{wanted}; it is a {type(found).__name__}")
    assert isinstance(found, Response)
    return found
