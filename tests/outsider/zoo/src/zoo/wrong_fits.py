"""Wrong in training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jetgen import Clouds, CloudSource, FitReport, RunContext

from zoo.right import Right


class FitRaises(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        message = "it cannot"
        raise RuntimeError(message)


class FitExits(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        raise SystemExit(3)


class FitReadsArrays(Right):
    def fit(self, train: Any, val: CloudSource, ctx: RunContext) -> FitReport:
        np.mean(train.points)
        return super().fit(train, val, ctx)


class FitReturnsNothing(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> Any:
        super().fit(train, val, ctx)


class FitCountsInNumpy(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> Any:
        return replace(super().fit(train, val, ctx), parameters=np.int64(7))


class FitLosesInfinity(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        return replace(super().fit(train, val, ctx), history={"loss": [float("nan")]})


class FitNeverFinishes(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        return replace(super().fit(train, val, ctx), stop_reason="patience")


class FitIsSilent(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        return super().fit(train, val, replace(ctx, listener=lambda _: None))


class FitCountsPastTheEnd(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        ctx.report("progress", done=11, total=10)
        return super().fit(train, val, ctx)


class FitChangesItsData(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        train[0:10].points[:, 0] -= 1
        return super().fit(train, val, ctx)


class FitNeedsAFolder(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        (Path(str(ctx.out)) / "notes.txt").write_text("begun", encoding="utf-8")
        return super().fit(train, val, ctx)


class FitIsChance(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        report = super().fit(train, val, ctx)
        self.means += 1e-3 * np.random.default_rng().random(self.means.shape)
        return report


class FitIgnoresItsSeed(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        return super().fit(train, val, replace(ctx, seed=0))


class FitRaisesWhenLate(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        if ctx.remaining() <= 0:
            message = "the time is over"
            raise TimeoutError(message)
        return super().fit(train, val, ctx)


class FitAlwaysSaysFinished(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        return replace(super().fit(train, val, ctx), stop_reason="finished")


class FitSkipsAStepWhenResumed(Right):
    def _resume(self, out: Path | None) -> list[float]:
        losses = super()._resume(out)
        return [*losses, 0.0] if losses else losses


class FitSeedsTheWorld(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        np.random.seed(ctx.seed)  # noqa: NPY002 (that is its crime)
        return super().fit(train, val, ctx)


class FitWritesALog(Right):
    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        Path("fit.log").write_text("begun", encoding="utf-8")
        return super().fit(train, val, ctx)


class LogProbIsFloat32(Right):
    def log_prob(self, clouds: Clouds, ctx: RunContext) -> Any:
        return super().log_prob(clouds, ctx).astype(np.float32)


class LogProbIsPerPoint(Right):
    def log_prob(self, clouds: Clouds, ctx: RunContext) -> Any:
        return super().log_prob(clouds, ctx)[clouds.rows]


class LogProbIsInfinite(Right):
    def log_prob(self, clouds: Clouds, ctx: RunContext) -> Any:
        return super().log_prob(clouds, ctx) - np.where(
            clouds.multiplicity == clouds.multiplicity.max(initial=0), np.inf, 0
        )


class LogProbIsALoss(Right):
    def log_prob(self, clouds: Clouds, ctx: RunContext) -> Any:
        return -super().log_prob(clouds, ctx)
