"""Checks of samples: number, shape, dtype, seeds, and multiplicities that are asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jetgen.api.context import RunContext
from jetgen.data.clouds import Clouds
from jetgen.errors import JetgenError
from jetgen.testing.session import MANY, SEED, Session
from jetgen.testing.verdict import attempt, require, require_same

__all__ = [
    "multiplicity_is_honoured_or_refused",
    "sample_of_no_clouds_is_empty",
    "samples_are_as_many_as_asked",
    "samples_are_finite_float32",
    "samples_are_repeatable",
    "samples_differ_between_draws",
    "samples_follow_their_seed",
    "samples_keep_to_the_cloud_spec",
]


def samples_are_as_many_as_asked(session: Session) -> None:
    """Asked for 1, 7 or 130 clouds, sample returns Clouds with that number of clouds."""
    for n in (1, 7, MANY):
        clouds = session.sample(session.model, n)
        require(isinstance(clouds, Clouds), f"sample returned {type(clouds).__name__}, not Clouds")
        require(len(clouds) == n, f"{n} clouds were asked for, {len(clouds)} came")


def sample_of_no_clouds_is_empty(session: Session) -> None:
    """Asked for 0 clouds, sample returns Clouds with 0 clouds and the features of the cloud spec."""
    model, features = session.model, len(session.toy.spec.features)
    empty = f"Clouds.from_multiplicities(np.zeros((0, {features})), [])"
    wanted = f"sample of 0 clouds must return Clouds with 0 clouds and {features} features, such as {empty}"
    clouds = attempt(lambda: session.sample(model, 0), wanted)
    require(isinstance(clouds, Clouds), f"{wanted}; it returned {type(clouds).__name__}")
    require((len(clouds), clouds.n_features) == (0, features), f"{wanted}; it returned {clouds!r}")


def samples_are_finite_float32(session: Session) -> None:
    """The points of a sample are float32 and finite."""
    points = session.sample(session.model).points
    require(points.dtype == np.float32, f"the points have dtype {points.dtype}, not float32")
    require(bool(np.isfinite(points).all()), "some points are not finite")


def samples_keep_to_the_cloud_spec(session: Session) -> None:
    """Samples have the features of the cloud spec, and no cloud has more points than its max_points."""
    spec, clouds = session.toy.spec, session.sample(session.model)
    wanted = len(spec.features)
    require(clouds.n_features == wanted, f"the clouds have {clouds.n_features} features; {wanted} are needed")
    largest = int(clouds.multiplicity.max(initial=0))
    require(largest <= spec.max_points, f"a cloud has {largest} points; at most {spec.max_points} are allowed")


def samples_are_repeatable(session: Session) -> None:
    """Sample gives the same clouds for the same RunContext, whatever was sampled in between."""
    once = session.sample(session.model)
    session.sample(session.model, 7, seed=SEED + 1)
    require_same(once, session.sample(session.model), "a second sample with the same RunContext")


def samples_follow_their_seed(session: Session) -> None:
    """Sample gives other clouds for another seed."""
    same = session.sample(session.model).fingerprint() == session.sample(session.model, seed=SEED + 1).fingerprint()
    require(not same, "another seed gives the same clouds; are they drawn from ctx.rng or ctx.torch_seed?")


def samples_differ_between_draws(session: Session) -> None:
    """Sample gives other clouds for ctx.at("draw", 1) than for ctx.at("draw", 0)."""
    draws = [session.model.sample(session.request(MANY), RunContext(SEED).at("draw", draw)) for draw in (0, 1)]
    same = draws[0].fingerprint() == draws[1].fingerprint()
    require(not same, 'ctx.at("draw", 1) gives the same clouds as draw 0; use ctx.rng, not ctx.seed')


def multiplicity_is_honoured_or_refused(session: Session) -> None:
    """Multiplicities that are asked for are kept or refused with a JetgenError; the request is not changed."""
    most = session.toy.spec.max_points
    for asked in ([1, most, (most + 1) // 2, most], [0, 1]):
        multiplicity = np.array(asked, np.int64)
        request = replace(session.request(len(asked)), multiplicity=multiplicity)
        try:
            clouds = session.model.sample(request, RunContext(SEED))
        except JetgenError:
            continue
        unchanged = multiplicity.tolist() == asked
        require(unchanged, "sample changed the multiplicity of the request in place; copy what you change")
        found = clouds.multiplicity.tolist()
        require(found == asked, f"the multiplicities {asked} were asked for, {found} came")
