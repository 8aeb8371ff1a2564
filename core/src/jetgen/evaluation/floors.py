"""The floor of a score, truth against truth, and the spread of a score between generated samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.weights import nothing_counts
from jetgen.errors import DataError
from jetgen.evaluation.scorer import Sample, Scorer
from jetgen.evaluation.strata import stratified_permutation

__all__ = ["Band", "answered_floor", "band", "bands", "floor_draws", "sampling_spread"]

_PARTS = 5
_LEAST_PART = 20


def sampling_spread(
    scorer: Scorer,
    metric: str,
    real: Sample,
    fake: Sample,
    ctx: MetricContext,
    groups: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """The standard deviation of each value between generated samples of the same size, by name.

    The generated clouds are split at random into five parts; the standard deviation between the values of the parts,
    divided by the square root of five, estimates that of the whole, near zero and far from it alike. (A bootstrap
    does not: near zero it only adds noise.) Empty if there are too few clouds to split, or a part has no weight.

    Arguments:
        scorer: the metric.
        metric: its name, under which its own value is returned.
        real, fake: both samples as :meth:`Scorer.featurise` returned them.
        ctx: the source of seeds.
        groups: the :func:`jetgen.evaluation.strata.strata` of ``fake``; every part has them in the same shares.

    Raises:
        DataError: if a value is not finite.
    """
    if len(fake) < _PARTS * _LEAST_PART:
        return {}
    order = stratified_permutation(len(fake), groups, ctx.at("parts", _PARTS).rng("metric"))
    parts = [fake[np.sort(part)] for part in np.array_split(order, _PARTS)]
    if any(nothing_counts(part.weights) for part in parts):
        return {}
    found = [scorer.compare(real, part, ctx).named(metric) for part in parts]
    return {name: float(np.std([one[name] for one in found], ddof=1)) / math.sqrt(_PARTS) for name in found[0]}


def floor_draws(
    scorer: Scorer,
    pool: Clouds,
    n_real: int,
    n_fake: int,
    draws: int,
    ctx: MetricContext,
    groups: NDArray[np.int64] | None = None,
) -> tuple[int, int, list[Measurement]]:
    """The scores of truth against truth at the sizes of a score, and the sizes that they really have.

    Each draw splits independent truth at random into two disjoint sets. Nothing is drawn twice: a bootstrap would add
    its own noise to a distance near zero, which can only increase it. If the pool is too small, the larger set is
    reduced first, then both are halves of the pool.

    Arguments:
        scorer: the metric.
        pool: all independent true clouds, without the training clouds if the metric compares with these.
        n_real, n_fake: the sizes wanted.
        draws: the number of splits.
        ctx: the source of seeds.
        groups: the :func:`jetgen.evaluation.strata.strata` of ``pool``. Models get the conditioning of the test
            clouds, so the two sets of a split have the strata in the same shares too.

    Raises:
        DataError: if the pool has fewer than two clouds, or a value is not finite.
    """
    if len(pool) < 2:
        msg = f"a floor needs two clouds or more to compare; there are {len(pool)}"
        raise DataError(msg)
    half = len(pool) // 2
    n_real, n_fake = min(n_real, max(half, len(pool) - n_fake)), min(n_fake, max(half, len(pool) - n_real))
    truth = scorer.featurise(pool, ctx)
    found = []
    for draw in range(draws):
        order = stratified_permutation(len(pool), groups, ctx.at("split", draw).rng("metric"))
        real, fake = truth[order[:n_real]], truth[order[n_real : n_real + n_fake]]
        found.append(scorer.compare(real, fake, ctx.at("floor", draw)))
        ctx.report("progress", done=draw + 1, total=draws, unit="floor draws")
    return n_real, n_fake, found


def answered_floor(
    scorer: Scorer,
    test: Clouds,
    answer: Callable[[Clouds, NDArray[np.int64], int], Clouds],
    draws: int,
    ctx: MetricContext,
) -> list[Measurement]:
    """The scores of new true answers to the events of the test clouds, against the test clouds.

    A split of the truth would have fewer answers to each event than a model gives.

    Arguments:
        scorer: the metric.
        test: the true clouds, with ``given`` and ``event``.
        answer: :meth:`jetgen.SupportsResponse.answer`.
        draws: how often they are made.
        ctx: the source of seeds.
    """
    assert test.given is not None
    assert test.event is not None
    real, found = scorer.featurise(test, ctx), []
    for draw in range(draws):
        seed = int(ctx.at("split", draw).rng("metric").integers(2**31))
        fake, at = answer(test.given, test.event, seed), ctx.at("floor", draw)
        found.append(scorer.compare(real, scorer.featurise(fake, at), at))
        ctx.report("progress", done=draw + 1, total=draws, unit="floor draws")
    return found


@dataclass(frozen=True)
class Band:
    """The mean of several draws and the range of nine tenths of them, from the 5 % to the 95 % quantile."""

    mean: float
    low: float
    high: float
    draws: int


def band(values: Sequence[float], stderr: float | None = None) -> Band:
    """The band of the values of one name; of a single draw, nine tenths of a Gaussian of this standard deviation.

    >>> band([1.0, 2.0, 3.0])
    Band(mean=2.0, low=1.1, high=2.9, draws=3)
    """
    if len(values) == 1 and stderr is not None:
        reach = 1.645 * stderr
        return Band(float(values[0]), values[0] - reach, values[0] + reach, 1)
    low, high = np.quantile(values, (0.05, 0.95)).tolist()
    return Band(float(np.mean(values)), round(low, 15), round(high, 15), len(values))


def bands(metric: str, draws: Sequence[Measurement]) -> dict[str, Band]:
    """The band of each name over the draws of a floor, that of the metric's own value under the name ``metric``."""
    values, stderr = [draw.named(metric) for draw in draws], draws[0].named_stderr(metric)
    return {name: band([one[name] for one in values], stderr.get(name)) for name in values[0]}
