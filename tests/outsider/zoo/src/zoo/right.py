"""The right one: the kind outsider's Gaussians, which know their density."""

from __future__ import annotations

import numpy as np
from jetgen import Clouds, CloudSource, FitReport, RunContext
from jetgen.multiplicity import Multiplicity
from jetgen.saved_model import load_model
from kind_outsider.model import KindGaussian
from numpy.typing import NDArray

__all__ = ["Needy", "Right"]


class Right(KindGaussian):
    """Gaussians of each rank, with a density."""

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        del ctx
        factors = self.factors[clouds.ranks]
        residuals = np.linalg.solve(factors, (clouds.points - self.means[clouds.ranks])[..., None])[..., 0]
        per_point = -(residuals**2 + np.log(2 * np.pi)).sum(1) / 2 - np.log(np.linalg.det(factors))
        per_cloud = np.bincount(clouds.rows, per_point, minlength=len(clouds))
        return per_cloud + Multiplicity.of(self.counts).log_prob(clouds.counts)


class Needy(Right):
    """Looks at the clouds of a teacher before it begins."""

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        load_model(ctx.upstream["teacher"])
        return super().fit(train, val, ctx)
