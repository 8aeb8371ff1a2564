"""Preparation of clouds and features before a comparison: legal momenta, high-level features, common units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.jets import clip_negative_pt
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.metrics.observables.high_level import high_level, high_level_names

__all__ = ["legal_high_level", "required_names", "standardised", "with_legal_pt"]


def with_legal_pt(clouds: Clouds, spec: CloudSpec, ctx: MetricContext, metric: str) -> Clouds:
    """The clouds with negative ``ptrel`` set to 0.

    If there were any, their number is reported as an event ``clipped`` with the name of the ``metric``.

    Raises:
        DataError: if the clouds have no feature ``ptrel``.
    """
    clipped, count = clip_negative_pt(clouds, spec.index("ptrel"))
    if count:
        ctx.report("clipped", metric=metric, points=count)
    return clipped


def legal_high_level(clouds: Clouds, spec: CloudSpec, ctx: MetricContext, metric: str) -> NDArray[np.float64]:
    """float64 (N, D), the high-level features of each cloud, after :func:`with_legal_pt` if it has momenta."""
    if "ptrel" in spec.names:
        clouds = with_legal_pt(clouds, spec, ctx, metric)
    return high_level(clouds, spec)


def required_names(spec: CloudSpec, metric: str) -> tuple[str, ...]:
    """The names of the high-level features.

    Raises:
        DataError: if there are none.
    """
    names = high_level_names(spec)
    if not names:
        msg = f"all features are categorical; {metric} needs one with a distance"
        raise DataError(msg)
    return names


def standardised(
    real: NDArray[np.float64], fake: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both (N, D) minus mean, over standard deviation of the true ones; a constant column is not divided.

    Raises:
        DataError: if there are no clouds on one side.
    """
    if len(real) == 0 or len(fake) == 0:
        msg = f"a distance needs clouds on both sides; there are {len(real)} true and {len(fake)} generated ones"
        raise DataError(msg)
    mean, sd = real.mean(axis=0), real.std(axis=0)
    sd[sd <= 1e-9 * np.abs(real).max(axis=0)] = 1.0
    return (real - mean) / sd, (fake - mean) / sd
