"""Wasserstein distances between the substructure of jets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.metrics.legal import with_legal_pt
from jetgen.metrics.observables.substructure import OBSERVABLES, substructure
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["SubstructureDistance"]

_BLOCK = 2_000  # jets clustered at a time: some 200 megabytes at 150 particles


class SubstructureDistance(FeatureMetric):
    """``substructure``: the mean of the W1 distances of tau21, tau32 and D2 of jets (2310.00049), and each of them.

    D2 has no upper bound and the largest range of the three, so it dominates the mean. Look at each component.
    Negative momenta are set to 0 first; their number is reported as an event ``clipped``.
    """

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, 3), tau21, tau32 and D2 of each jet."""
        legal = with_legal_pt(clouds, self.cloud_spec, ctx, "substructure")
        values = [np.empty((0, len(OBSERVABLES)))]
        for start in range(0, len(legal), _BLOCK):
            block = legal[start : start + _BLOCK]
            values.append(substructure(block, self.cloud_spec, device=ctx.device, threads=ctx.threads))
            ctx.report("progress", done=start + len(block), total=len(legal), unit="clouds")
        return np.concatenate(values)

    def compare(
        self,
        real: NDArray[np.float64],
        fake: NDArray[np.float64],
        ctx: MetricContext,
        weights: NDArray[np.float64] | None = None,
    ) -> Measurement:
        """The mean of the three distances, then each of them."""
        del ctx
        each = {
            f"substructure_{name}": wasserstein(real[:, i], fake[:, i], weights) for i, name in enumerate(OBSERVABLES)
        }
        return Measurement(sum(each.values()) / len(each), each)
