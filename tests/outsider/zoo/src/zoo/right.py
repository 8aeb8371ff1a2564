"""The right one: the kind outsider's Gaussians, which know their density."""

from __future__ import annotations

from jetgen import CloudSource, FitReport, RunContext
from jetgen.io.saved_model import load_model
from kind_outsider.density import KindDensity

__all__ = ["Needy", "Right"]


class Right(KindDensity):
    """Gaussians of each rank, with a density."""


class Needy(Right):
    """Looks at the clouds of a teacher before it begins."""

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        load_model(ctx.upstream["teacher"])
        return super().fit(train, val, ctx)
