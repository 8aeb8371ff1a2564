"""Halves of the truth: would another truth of half the size have said the same?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jetgen.api.context import RunContext
from jetgen.api.loading import first_line
from jetgen.api.metric import Measurement
from jetgen.api.protocols import MetricContext
from jetgen.api.specs import MetricSpec
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.evaluation.scorer import Sample, Scorer
from jetgen.evaluation.strata import strata, stratified_permutation

__all__ = ["HALVES", "compared_with_halves", "truth_halves"]

HALVES = 10
"""The number of halves: two of each random split."""

_LEAST_HALF = 20


def truth_halves(truth: Clouds, spec: CloudSpec) -> tuple[NDArray[np.int64], ...]:
    """Ten halves of the truth, as sorted row numbers: five random splits into two disjoint sets.

    The same clouds have the same halves, whatever they are compared with, and both sets of a split have the
    :func:`jetgen.evaluation.strata.strata` in the same shares. Empty if there are too few clouds to split.
    """
    if len(truth) < 2 * _LEAST_HALF:
        return ()
    groups, source = strata(truth, spec), RunContext(seed=0)
    found = []
    for split in range(HALVES // 2):
        order = stratified_permutation(len(truth), groups, source.at("halves", split).rng("metric"))
        found += [np.sort(part) for part in np.array_split(order, 2)]
    return tuple(found)


def compared_with_halves(
    scorer: Scorer, spec: MetricSpec, real: Sample, fake: Sample, ctx: MetricContext
) -> tuple[Measurement, dict[str, list[float]]]:
    """The measurement of two samples, and its values against each of ``ctx.halves`` of the true one, by name.

    A metric that gives ``Measurement.halves`` is believed. Others compare once more with each half if they rank
    models, split the truth at least as often for their floor, and have enough clouds in a half; else there are none.
    A metric that cannot compare samples of unequal size keeps its measurement; a warning tells what it said.

    Raises:
        DataError: as :meth:`Scorer.compare`, or if the metric gives another number of values than there are halves.
    """
    found = scorer.compare(real, fake, ctx)
    if found.halves:
        return found, _given(found, spec.name, len(ctx.halves))
    smallest = min((len(half) for half in ctx.halves), default=0)
    if not spec.ranked or spec.floor_draws < len(ctx.halves) or smallest < spec.smallest_n:
        return found, {}
    plain = replace(ctx, halves=())
    try:
        each = [scorer.compare(real[half], fake, plain.at("half", i)) for i, half in enumerate(ctx.halves)]
    except Exception as error:  # noqa: BLE001 (a plugin may raise anything, and its score is sound)
        ctx.report("warning", text=f"{spec.name} has no values for halves of the truth: {first_line(error)}")
        return found, {}
    values = [one.named(spec.name) for one in each]
    return found, {name: [one[name] for one in values] for name in values[0] if all(name in one for one in values)}


def _given(found: Measurement, metric: str, number: int) -> dict[str, list[float]]:
    """What the metric itself has for the halves."""
    wrong = next((name for name, values in found.halves.items() if len(values) != number), None)
    if wrong is not None:
        msg = f"{metric} gave {len(found.halves[wrong])} values of {wrong} for {number} halves of the truth"
        raise DataError(msg)
    return {name: list(values) for name, values in found.halves.items() if name in found.named(metric)}
