"""The Wasserstein distance between energy flow polynomials (EFPs) of jets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.metrics.legal import with_legal_pt
from jetgen.metrics.observables.efps import efps
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["EfpDistance"]


class EfpDistance(FeatureMetric):
    """``w1efp``: W1 between the EFPs of the five connected graphs with four vertices and four edges, and their mean.

    ``w1efp_0`` to ``w1efp_4``, in the order of the energyflow library, are the star with a doubled spoke, the path
    with its end edge doubled, the path with its middle edge doubled, the triangle with a tail and the cycle. The
    papers quote the mean (2106.11535). Negative momenta are set to 0 first; their number is reported as an event
    ``clipped``.
    """

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, 5), the polynomials of each jet."""
        legal = with_legal_pt(clouds, self.cloud_spec, ctx, "w1efp")
        return efps(legal, self.cloud_spec, "prime5", device=ctx.device, threads=ctx.threads)

    def compare(
        self,
        real: NDArray[np.float64],
        fake: NDArray[np.float64],
        ctx: MetricContext,
        weights: NDArray[np.float64] | None = None,
    ) -> Measurement:
        """The mean, then the distance of each polynomial."""
        del ctx
        each = {f"w1efp_{i}": wasserstein(real[:, i], fake[:, i], weights) for i in range(real.shape[1])}
        return Measurement(sum(each.values()) / len(each), each)
