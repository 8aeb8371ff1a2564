"""Samples: number, shape, dtype, seeds, and multiplicities that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jetgen.api.context import RunContext
from jetgen.data.clouds import Clouds
from jetgen.errors import JetgenError
from jetgen.testing.session import MANY, SEED, Session
from jetgen.testing.verdict import require, require_same

__all__ = [
    "multiplicity_is_honoured_or_refused",
    "samples_are_as_many_as_asked",
    "samples_are_finite_float32",
    "samples_are_repeatable",
    "samples_differ_between_draws",
    "samples_follow_their_seed",
    "samples_keep_to_the_cloud_spec",
]


def samples_are_as_many_as_asked(session: Session) -> None:
    """Asked for 0, 1, 7 or 130 clouds, sample returns Clouds of that number."""
    for n in (0, 1, 7, MANY):
        clouds = session.sample(session.model, n)
        require(isinstance(clouds, Clouds), f"sample returned {type(clouds).__name__}, not Clouds")
        require(len(clouds) == n, f"{n} clouds were asked for, {len(clouds)} came")


def samples_are_finite_float32(session: Session) -> None:
    """The points of a sample are float32 and finite."""
    for n, clouds in _samples(session):
        dtype = clouds.points.dtype
        require(dtype == np.float32, f"the points of {n} clouds have dtype {dtype}, not float32")
        require(bool(np.isfinite(clouds.points).all()), f"of {n} clouds, some points are not finite")


def samples_keep_to_the_cloud_spec(session: Session) -> None:
    """Samples have the features of the clouds that were learnt, and no cloud exceeds their largest size."""
    spec = session.toy.spec
    for n, clouds in _samples(session):
        require(clouds.n_features == len(spec.features), f"{n} clouds have {clouds.n_features} features")
        largest = int(clouds.multiplicity.max(initial=0))
        require(largest <= spec.max_points, f"a cloud has {largest} points; at most {spec.max_points} are allowed")


def samples_are_repeatable(session: Session) -> None:
    """The same context gives the same clouds, whatever was drawn in between."""
    once = session.sample(session.model)
    session.sample(session.model, 7, seed=SEED + 1)
    require_same(once, session.sample(session.model), "a second sample from the same context")


def samples_follow_their_seed(session: Session) -> None:
    """Another seed gives other clouds."""
    same = session.sample(session.model).fingerprint() == session.sample(session.model, seed=SEED + 1).fingerprint()
    require(not same, "another seed gives the same clouds; are they drawn from ctx.rng or ctx.torch_seed?")


def samples_differ_between_draws(session: Session) -> None:
    """Contexts that differ in a further axis, as the draws of one cell do, give other clouds."""
    draws = [session.model.sample(session.request(MANY), RunContext(SEED).at("draw", draw)) for draw in (0, 1)]
    same = draws[0].fingerprint() == draws[1].fingerprint()
    require(not same, 'ctx.at("draw", 1) gives the same clouds as draw 0; use ctx.rng, not ctx.seed')


def multiplicity_is_honoured_or_refused(session: Session) -> None:
    """Multiplicities that are asked for are kept or refused with a JetgenError, and the request is left as it was."""
    most = session.toy.spec.max_points
    for asked in ([1, most, (most + 1) // 2, most], [0, 1]):
        counts = np.array(asked, np.int64)
        request = replace(session.request(len(asked)), multiplicity=counts)
        try:
            clouds = session.model.sample(request, RunContext(SEED))
        except JetgenError:
            continue
        require(
            counts.tolist() == asked, "sample changed the multiplicity of the request in place; copy what you change"
        )
        found = clouds.multiplicity.tolist()
        require(found == asked, f"clouds of {asked} points were asked for, clouds of {found} points came")


def _samples(session: Session) -> Iterator[tuple[int, Clouds]]:
    for n in (0, MANY):
        yield n, session.sample(session.model, n)
