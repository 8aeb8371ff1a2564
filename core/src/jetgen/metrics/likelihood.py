"""The likelihood of true clouds under a generator that has a density."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError

__all__ = ["NegativeLogLikelihood"]

_BATCH = 1_000


class NegativeLogLikelihood(CloudMetric):
    """``nll``: minus the mean natural logarithm of the density of true clouds under the generator.

    Densities are in the units of the features, so the value can be negative. It is never ranked: one generator gives
    the density of a set, another that of an ordered or padded list, and these differ by constants. Between settings of
    one generator it is the sharpest score. ``nll_per_point`` is the same divided by the mean multiplicity; ``stderr``
    is the standard error over the clouds.

    A cloud of density 0, such as one with a multiplicity that no training cloud had, would make the mean infinite. It
    is left out, and ``nll_impossible`` is the fraction of such clouds. Compare that first between two generators.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The mean over ``real``; ``fake`` is not used.

        Raises:
            DataError: if there is no model or no true point, a log-density is NaN or infinite, or all densities are 0.
        """
        del fake
        if ctx.model is None or len(real) == 0 or real.multiplicity.sum() == 0:
            msg = "nll needs a trained generator and true clouds with points; one of them is missing"
            raise DataError(msg)
        values = _negative_log_densities(ctx.model, real, ctx)
        possible = values[np.isfinite(values)]
        if len(possible) == 0:
            msg = f"the generator gives all {len(values)} true clouds density 0"
            raise DataError(msg)
        error = float(possible.std(ddof=1 if len(possible) > 1 else 0)) / math.sqrt(len(possible))
        points = float(real.multiplicity.mean())
        mean = float(possible.mean())
        impossible = 1.0 - len(possible) / len(values)
        return Measurement(
            mean,
            {"nll_per_point": mean / points, "nll_impossible": impossible},
            stderr=error,
            component_stderr={"nll_per_point": error / points},
        )


def _negative_log_densities(model: Any, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
    """float64 (N,), computed in batches; infinite where the density is 0."""
    parts = []
    for start in range(0, len(clouds), _BATCH):
        parts.append(np.asarray(model.log_prob(clouds[start : start + _BATCH], ctx), np.float64))
        ctx.report("progress", done=min(start + _BATCH, len(clouds)), total=len(clouds), unit="clouds")
    values = -np.concatenate(parts)
    wrong = np.isnan(values) | np.isneginf(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        msg = f"the log-density of true cloud {row} is {-values[row]}; a finite number or -inf is needed"
        raise DataError(msg)
    return values
