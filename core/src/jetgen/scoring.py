"""One score of generated against true clouds, and its floor: the score of truth against truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jetgen.cloud_spec import CloudSpec
from jetgen.clouds import Clouds
from jetgen.errors import DataError
from jetgen.protocols import Metric, MetricContext
from jetgen.specs import MetricSpec

__all__ = ["Band", "band", "floor_draws", "inapplicable", "score"]


def inapplicable(spec: MetricSpec, cloud_spec: CloudSpec) -> str | None:
    """Why a metric cannot judge such clouds, in a few words; None if it can."""
    if cloud_spec.kind not in spec.kinds:
        return f"{spec.name} judges {' and '.join(spec.kinds)}, these are {cloud_spec.kind}"
    missing = [name for name in spec.features if name not in cloud_spec.names]
    if missing:
        return f"{spec.name} needs the features {', '.join(missing)}; the clouds have {', '.join(cloud_spec.names)}"
    return None


def score(metric: Metric, real: Clouds, fake: Clouds, ctx: MetricContext) -> dict[str, float]:
    """What ``metric`` says of one draw of generated clouds, by name, its own name first.

    Raises:
        DataError: if it says nothing, or something that is not a finite number.
    """
    answer: Any = metric.compute(real, fake, ctx)
    values: dict[str, float] = {}
    for name, value in dict(answer).items():
        values[str(name)] = float(value)
        if not math.isfinite(values[str(name)]):
            msg = f"{name} is {float(value)} for {len(fake)} generated against {len(real)} true clouds"
            raise DataError(msg)
    if not values:
        msg = f"{type(metric).__name__} returned no value"
        raise DataError(msg)
    return values


def floor_draws(
    metric: Metric, pool: Clouds, n_real: int, n_fake: int, draws: int, ctx: MetricContext
) -> tuple[int, int, list[dict[str, float]]]:
    """The scores of truth against truth at the sizes of a score, and the sizes that they really have.

    Each draw splits independent truth at random into two sets without a common cloud. Nothing is drawn twice: a
    bootstrap would add its own noise to a distance near zero, which can only make that larger. Where the pool is too
    small, the larger set gives way first, then both are halves of the pool.

    Arguments:
        metric: what is computed.
        pool: all independent truth there is, without the training clouds if the metric looks at these.
        n_real, n_fake: the sizes wanted.
        draws: how many splits.
        ctx: where the seeds come from.

    Raises:
        DataError: if the pool has fewer than two clouds.
    """
    if len(pool) < 2:
        msg = f"a floor needs two clouds or more to compare; there are {len(pool)}"
        raise DataError(msg)
    half = len(pool) // 2
    n_real, n_fake = min(n_real, max(half, len(pool) - n_fake)), min(n_fake, max(half, len(pool) - n_real))
    values = []
    for draw in range(draws):
        order = ctx.at("split", draw).rng("metric").permutation(len(pool))
        real, fake = pool[order[:n_real]], pool[order[n_real : n_real + n_fake]]
        values.append(score(metric, real, fake, ctx.at("floor", draw)))
    return n_real, n_fake, values


@dataclass(frozen=True)
class Band:
    """The mean of several draws and the range that holds nine tenths of them, from the 5 % to the 95 % quantile."""

    mean: float
    low: float
    high: float
    draws: int


def band(values: Sequence[float]) -> Band:
    """The band of the values of one name.

    >>> band([1.0, 2.0, 3.0])
    Band(mean=2.0, low=1.1, high=2.9, draws=3)
    """
    low, high = np.quantile(values, (0.05, 0.95)).tolist()
    return Band(float(np.mean(values)), round(low, 15), round(high, 15), len(values))
