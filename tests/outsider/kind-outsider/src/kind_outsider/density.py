"""The same Gaussians, with their density."""

from __future__ import annotations

import numpy as np
from jetgen import Clouds, RunContext
from jetgen.data.multiplicity import Multiplicity
from numpy.typing import NDArray

from kind_outsider.model import KindGaussian

__all__ = ["KindDensity"]


class KindDensity(KindGaussian):
    """Gaussians of each rank that know how likely a cloud is."""

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """The density of the points by rank and of their number."""
        del ctx
        factors = self.factors[clouds.ranks]
        residuals = np.linalg.solve(factors, (clouds.points - self.means[clouds.ranks])[..., None])[..., 0]
        per_point = -(residuals**2 + np.log(2 * np.pi)).sum(1) / 2 - np.log(np.linalg.det(factors))
        per_cloud = np.bincount(clouds.rows, per_point, minlength=len(clouds))
        return per_cloud + Multiplicity.of(self.counts).log_prob(clouds.multiplicity)
