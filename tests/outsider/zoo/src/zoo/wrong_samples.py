"""Wrong in sampling."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from jetgen import Clouds, Conditions, RunContext

from zoo.right import Right


class OneTooFew(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return super().sample(conditions, ctx)[: max(0, conditions.n - 1)]


class WholeBatches(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return super().sample(Conditions(-(-conditions.n // 10) * 10), ctx)


class NeverNone(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        parts = [super(NeverNone, self).sample(conditions[i : i + 100], ctx) for i in range(0, conditions.n, 100)]
        return Clouds.concatenate(parts)


class NeedsALargest(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        clouds = super().sample(conditions, ctx)
        return Clouds.from_padded(*clouds.padded(clouds.multiplicity.max()))


class AtLeastOne(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return super().sample(replace(conditions, n=max(1, conditions.n)), ctx)


class NotClouds(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Any:
        return super().sample(conditions, ctx).padded()


class Nan(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        clouds = super().sample(conditions, ctx)
        clouds.points[-1:, 0] = np.nan
        return clouds


class Double(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        clouds = super().sample(conditions, ctx)
        clouds.points = clouds.points.astype(np.float64)  # type: ignore[assignment]
        return clouds


class TooLarge(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        clouds = super().sample(conditions, ctx)
        return Clouds(np.repeat(clouds.points, 2, axis=0), clouds.offsets * 2)


class AFeatureTooMany(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        clouds = super().sample(conditions, ctx)
        return Clouds(np.pad(clouds.points, [(0, 0), (0, 1)]), clouds.offsets)


class KeepsItsOwnState(Right):
    drawn = 0

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        self.drawn += 1
        return super().sample(conditions, ctx.at("drawn", self.drawn))


class IgnoresItsSeed(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return super().sample(conditions, replace(ctx, seed=0))


class IgnoresTheDraw(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return super().sample(conditions, RunContext(ctx.seed))


class IgnoresMultiplicity(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return super().sample(replace(conditions, multiplicity=None), ctx)


class RefusesMultiplicityRudely(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        if conditions.multiplicity is not None:
            raise KeyError
        return super().sample(conditions, ctx)


class ChangesTheRequest(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        clouds = super().sample(conditions, ctx)
        if conditions.multiplicity is not None:
            conditions.multiplicity.sort()
            conditions.multiplicity[0] += 1
        return clouds


class DrawsFromTheWorld(Right):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        random.random()
        return super().sample(conditions, ctx)
