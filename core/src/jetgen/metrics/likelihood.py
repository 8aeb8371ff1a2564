"""The likelihood of true clouds under a generator that has a density."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError

__all__ = ["NegativeLogLikelihood"]

Float64 = NDArray[np.float64]
Density = Callable[[Clouds], Float64]

_BATCH = 1_000


class NegativeLogLikelihood(CloudMetric):
    """``nll``: minus the mean natural logarithm of the density of true clouds under the generator.

    Densities are in the units of the features, so the value can be negative. It is never ranked: one generator gives
    the density of a set, another that of an ordered or padded list, and these differ by constants. Between settings of
    one generator it is the sharpest score. ``nll_per_point`` is the same divided by the mean multiplicity; ``stderr``
    is the standard error over the clouds.

    A cloud of density 0, such as one with a multiplicity that no training cloud had, would make the mean infinite. It
    is left out, and ``nll_impossible`` is the fraction of such clouds. Compare that first between two generators.

    Where the dataset knows its density (:class:`jetgen.SupportsDensity`), ``nll_entropy`` is the value that the truth
    itself has on the same clouds, and ``nll_excess`` the difference: the Kullback-Leibler divergence of the generator
    from the truth, 0 at best, with the small error of a mean of differences. It means the same for every generator
    whose density is that of the points in a fixed order.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The mean over ``real``; ``fake`` is not used.

        Raises:
            DataError: if there is no model or no true point, a log-density is NaN or infinite, all densities are 0, or
                the dataset gives one of its own clouds density 0.
        """
        del fake
        if ctx.model is None or len(real) == 0 or real.multiplicity.sum() == 0:
            msg = "nll needs a trained generator and true clouds with points; one of them is missing"
            raise DataError(msg)
        model: Any = ctx.model
        values = _negative_log_densities(lambda clouds: model.log_prob(clouds, ctx), real, ctx)
        possible = np.isfinite(values)
        if not possible.any():
            msg = f"the generator gives all {len(values)} true clouds density 0"
            raise DataError(msg)
        mean, error = _mean(values[possible])
        points = float(real.multiplicity.mean())
        found = {"nll_per_point": mean / points, "nll_impossible": float(1.0 - possible.mean())}
        errors = {"nll_per_point": error / points}
        if ctx.density is not None:
            true = _true_entropies(ctx.density, real, ctx)[possible]
            for name, each in (("nll_entropy", true), ("nll_excess", values[possible] - true)):
                found[name], errors[name] = _mean(each)
        return Measurement(mean, found, stderr=error, component_stderr=errors)


def _mean(values: Float64) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1 if len(values) > 1 else 0)) / math.sqrt(len(values))


def _true_entropies(density: Density, clouds: Clouds, ctx: MetricContext) -> Float64:
    values = _negative_log_densities(density, clouds, ctx)
    if not np.isfinite(values).all():
        msg = f"the dataset gives its own cloud {int(np.argmin(np.isfinite(values)))} density 0: its log_prob is wrong"
        raise DataError(msg)
    return values


def _negative_log_densities(density: Density, clouds: Clouds, ctx: MetricContext) -> Float64:
    """float64 (N,), computed in batches; infinite where the density is 0."""
    parts = []
    for start in range(0, len(clouds), _BATCH):
        parts.append(np.asarray(density(clouds[start : start + _BATCH]), np.float64))
        ctx.report("progress", done=min(start + _BATCH, len(clouds)), total=len(clouds), unit="clouds")
    values = -np.concatenate(parts)
    wrong = np.isnan(values) | np.isneginf(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        msg = f"the log-density of true cloud {row} is {-values[row]}; a finite number or -inf is needed"
        raise DataError(msg)
    return values
