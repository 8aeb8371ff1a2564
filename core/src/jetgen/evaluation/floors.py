"""One score of generated against true clouds, its spread, and its floor: the score of truth against truth."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.api.protocols import Metric, MetricContext
from jetgen.api.specs import MetricSpec
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError

__all__ = [
    "SPREAD",
    "Band",
    "band",
    "bands",
    "compared",
    "floor_draws",
    "inapplicable",
    "sampling_spread",
    "score",
    "seen",
    "smaller_than_sensible",
    "strata",
]

SPREAD = "_spread"
"""The end of the name under which a metric says how far one of its values can be trusted."""

_PARTS = 5
_LEAST_PART = 20


def inapplicable(spec: MetricSpec, cloud_spec: CloudSpec) -> str | None:
    """Why a metric cannot judge such clouds here, in a few words; None if it can."""
    if cloud_spec.kind not in spec.kinds:
        return f"{spec.name} judges {' and '.join(spec.kinds)}, these are {cloud_spec.kind}"
    missing = [name for name in spec.features if name not in cloud_spec.names]
    if missing:
        return f"{spec.name} needs the features {', '.join(missing)}; the clouds have {', '.join(cloud_spec.names)}"
    absent = [module for module in spec.requires if importlib.util.find_spec(module) is None]
    if absent:
        return f"{spec.name} needs {' and '.join(absent)}, which is not installed: pip install {' '.join(absent)}"
    return None


def smaller_than_sensible(spec: MetricSpec, n_real: int, n_fake: int) -> str | None:
    """Why so many clouds say nothing by this metric; None if they do."""
    for what, n in (("true", n_real), ("generated", n_fake)):
        if n < spec.smallest_n:
            return f"{n} {what} clouds are too few: {spec.name} says something from {spec.smallest_n} on"
    return None


def seen(metric: Metric, clouds: Clouds, ctx: MetricContext) -> Any:
    """What ``metric`` compares: the clouds, or what it measures of each. Either can be picked from by cloud.

    Raises:
        DataError: if it measures another number of clouds than there are.
    """
    measure = getattr(metric, "measure", None)
    if measure is None:
        return clouds
    rows = np.asarray(measure(clouds, ctx))
    if rows.shape[:1] != (len(clouds),):
        msg = f"{type(metric).__name__} measured an array of shape {rows.shape} for {len(clouds)} clouds"
        raise DataError(msg)
    return rows


def compared(metric: Metric, real: Any, fake: Any, ctx: MetricContext) -> dict[str, float]:
    """What ``metric`` says of two samples as it has :func:`seen` them, by name, its own name first.

    Raises:
        DataError: if it says nothing, or something that is not a finite number.
    """
    judge: Any = metric
    answer = judge.compute(real, fake, ctx) if isinstance(real, Clouds) else judge.compare(real, fake, ctx)
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


def score(metric: Metric, real: Clouds, fake: Clouds, ctx: MetricContext) -> dict[str, float]:
    """What ``metric`` says of one draw of generated clouds, by name, its own name first.

    Raises:
        DataError: if it says nothing, or something that is not a finite number.
    """
    return compared(metric, seen(metric, real, ctx), seen(metric, fake, ctx), ctx)


def strata(clouds: Clouds, spec: CloudSpec) -> NDArray[np.int64] | None:
    """int64 (N,), the number of the group of each cloud; clouds of a group have nearly the same conditioning.

    Each category is a group. Numbers are cut at their quantiles, so finely that there are about as many groups as
    clouds in a group. None without conditioning.
    """
    if not spec.conditioning or clouds.conditioning.shape[1] != len(spec.conditioning) or len(clouds) == 0:
        return None
    groups = np.zeros(len(clouds), np.int64)
    numbers = [i for i, feature in enumerate(spec.conditioning) if feature.nature != "categorical"]
    for i in set(range(len(spec.conditioning))) - set(numbers):
        groups = _joint(groups, clouds.conditioning[:, i])
    parts = max(1, int((math.sqrt(len(clouds)) / (groups.max() + 1)) ** (1 / max(1, len(numbers)))))
    for i in numbers:
        edges = np.quantile(clouds.conditioning[:, i], np.arange(1, parts) / parts)
        groups = _joint(groups, np.searchsorted(edges, clouds.conditioning[:, i], side="right"))
    return groups


def _joint(groups: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.int64]:
    """The groups, parted by these values too."""
    _, which = np.unique(values, return_inverse=True)
    return np.unique(groups * (which.max() + 1) + which, return_inverse=True)[1].astype(np.int64)


def _dealt(n: int, groups: NDArray[np.int64] | None, rng: np.random.Generator) -> NDArray[np.int64]:
    """The numbers below ``n`` at random, but with every group spread evenly: each stretch has all in their shares."""
    order = rng.permutation(n)
    if groups is None:
        return order
    members = groups[order]
    sizes = np.bincount(members)
    by_group = np.argsort(members, kind="stable")
    rank = np.empty(n, np.int64)
    rank[by_group] = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[np.argsort((rank + 0.5) / sizes[members], kind="stable")]


def sampling_spread(
    metric: Metric, real: Any, fake: Any, ctx: MetricContext, groups: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """How much each value would vary for another generated sample of the same size.

    The generated clouds are dealt at random into five parts; the standard deviation between the values of the parts,
    over the square root of five, is the one of the whole, near zero and far from it alike. (A bootstrap is not: near
    zero it only adds.) Empty where there are too few clouds to part.

    Arguments:
        real, fake: the samples as the metric has :func:`seen` them.
        groups: the :func:`strata` of ``fake``; every part has them in the same shares.
    """
    if len(fake) < _PARTS * _LEAST_PART:
        return {}
    order = _dealt(len(fake), groups, ctx.at("parts", _PARTS).rng("metric"))
    parts = [compared(metric, real, fake[np.sort(part)], ctx) for part in np.array_split(order, _PARTS)]
    names = [name for name in parts[0] if not name.endswith(SPREAD)]
    return {name: float(np.std([part[name] for part in parts], ddof=1)) / math.sqrt(_PARTS) for name in names}


def floor_draws(
    metric: Metric,
    pool: Clouds,
    n_real: int,
    n_fake: int,
    draws: int,
    ctx: MetricContext,
    groups: NDArray[np.int64] | None = None,
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
        groups: the :func:`strata` of ``pool``. A model is asked for the categories of the test clouds, in their very
            numbers, so both sets of a split have them in the same shares too.

    Raises:
        DataError: if the pool has fewer than two clouds.
    """
    if len(pool) < 2:
        msg = f"a floor needs two clouds or more to compare; there are {len(pool)}"
        raise DataError(msg)
    half = len(pool) // 2
    n_real, n_fake = min(n_real, max(half, len(pool) - n_fake)), min(n_fake, max(half, len(pool) - n_real))
    truth = seen(metric, pool, ctx)
    values = []
    for draw in range(draws):
        order = _dealt(len(pool), groups, ctx.at("split", draw).rng("metric"))
        real, fake = truth[order[:n_real]], truth[order[n_real : n_real + n_fake]]
        values.append(compared(metric, real, fake, ctx.at("floor", draw)))
        ctx.report("progress", done=draw + 1, total=draws, unit="floor draws")
    return n_real, n_fake, values


@dataclass(frozen=True)
class Band:
    """The mean of several draws and the range that holds nine tenths of them, from the 5 % to the 95 % quantile."""

    mean: float
    low: float
    high: float
    draws: int


def band(values: Sequence[float], spread: float | None = None) -> Band:
    """The band of the values of one name; of a single draw, the nine tenths of a Gaussian of this ``spread``.

    >>> band([1.0, 2.0, 3.0])
    Band(mean=2.0, low=1.1, high=2.9, draws=3)
    """
    if len(values) == 1 and spread is not None:
        reach = 1.645 * spread
        return Band(float(values[0]), values[0] - reach, values[0] + reach, 1)
    low, high = np.quantile(values, (0.05, 0.95)).tolist()
    return Band(float(np.mean(values)), round(low, 15), round(high, 15), len(values))


def bands(draws: Sequence[dict[str, float]]) -> dict[str, Band]:
    """The band of each name over the draws of a floor."""
    names = [name for name in draws[0] if not name.endswith(SPREAD)]
    return {name: band([draw[name] for draw in draws], draws[0].get(name + SPREAD)) for name in names}
