"""The distances of the single columns of tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.weights import all_equal, checked_weights, shares
from jetgen.errors import DataError
from jetgen.metrics.legal import standardised
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["MarginalDistance", "kolmogorov_smirnov", "worst_column"]

_Array = NDArray[np.float64]

_PREFIX = "marginals_"
_SUMMARIES = ("worst", "ks")


class MarginalDistance(FeatureMetric):
    """``marginals``: W1 of each column of a table, in units of its spread, and the mean over the columns.

    The spread is the standard deviation of the true values. A column that is constant there keeps its own unit. The
    components are ``marginals_worst``, the largest of the distances; ``marginals_ks``, the mean over the columns of
    sup |F - G|, where F and G are the distribution functions; and the distance of each column by its name:
    ``marginals_met`` and so on. Categorical columns are left out. A periodic column is treated as an interval.
    """

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> _Array:
        """float64 (N, D), the columns that are not categorical.

        Raises:
            DataError: if a cloud does not have exactly one point, all columns are categorical, or one is called like a
                component.
        """
        del ctx
        names = self._names()
        taken = next((name for name in names if name in _SUMMARIES), None)
        if not names or taken is not None:
            reason = f"a column is called {taken}, as a component of it" if names else "all columns are categorical"
            msg = f"marginals has nothing to say: {reason}"
            raise DataError(msg)
        odd = np.flatnonzero(clouds.multiplicity != 1)
        if len(odd):
            msg = f"marginals compares clouds of one point; cloud {odd[0]} has {clouds.multiplicity[odd[0]]}"
            raise DataError(msg)
        return clouds.points[:, [self.cloud_spec.index(name) for name in names]].astype(np.float64)

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext, weights: _Array | None = None) -> Measurement:
        """The mean distance, the largest, the mean KS distance, then the distance of each column.

        Raises:
            DataError: if there are no clouds on one side.
        """
        del ctx
        real, fake = standardised(real, fake)
        columns = list(zip(self._names(), real.T, fake.T, strict=True))
        each = {f"{_PREFIX}{name}": wasserstein(a, b, weights) for name, a, b in columns}
        ks = sum(kolmogorov_smirnov(a, b, weights) for _, a, b in columns) / len(columns)
        summaries = {f"{_PREFIX}worst": max(each.values()), f"{_PREFIX}ks": ks}
        return Measurement(sum(each.values()) / len(each), {**summaries, **each})

    def _names(self) -> list[str]:
        return [one.name for one in self.cloud_spec.features if one.nature != "categorical"]


def kolmogorov_smirnov(first: _Array, second: _Array, weights: _Array | None = None) -> float:
    """The largest difference between the distribution functions of two samples.

    Arguments:
        first, second: the samples (N,) and (M,), neither of them empty.
        weights: (M,), those of ``second``; equal ones are the same as none.

    Raises:
        DataError: if the weights are not (M,), finite, 0 or more, and one of them positive.

    >>> kolmogorov_smirnov(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0]))
    0.25
    >>> kolmogorov_smirnov(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([3.0, 1.0]))
    0.25
    """
    share = np.full(len(second), 1.0 / len(second))
    if weights is not None and not all_equal(checked_weights(weights, len(second))):
        share = shares(weights)
    values = np.concatenate([first, second])
    order = np.argsort(values, kind="stable")
    steps = np.concatenate([np.full(len(first), 1.0 / len(first)), -share])
    last = np.diff(values[order], append=np.inf) > 0  # both are compared after equal values
    return float(np.abs(np.cumsum(steps[order])[last]).max())


def worst_column(components: Mapping[str, float]) -> tuple[str, float] | None:
    """The column with the largest distance, and that distance, among values by name; None if there is but one column.

    >>> worst_column({"marginals": 0.3, "marginals_worst": 0.5, "marginals_x": 0.1, "marginals_y": 0.5})
    ('y', 0.5)
    """
    summaries = {f"{_PREFIX}{name}" for name in _SUMMARIES}
    each = {name: value for name, value in components.items() if name.startswith(_PREFIX) and name not in summaries}
    if len(each) < 2:
        return None
    worst = max(each, key=lambda name: each[name])
    return worst.removeprefix(_PREFIX), each[worst]
