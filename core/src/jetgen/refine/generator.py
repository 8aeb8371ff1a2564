"""A generator whose samples are those of another one, with weights."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, FitReport
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import TrainingError, UsageError
from jetgen.io.atomic import write_json
from jetgen.io.json_objects import read_object
from jetgen.refine.density_ratio import DensityRatio
from jetgen.refine.settings import WeightsSettings
from jetgen.registry.base import Base

__all__ = ["Weights"]

_SETTINGS, _BASE, _RATIO = "weights.json", "base", "ratio"
_ATTEMPTS = 1_000


class Weights:
    """Samples of a trained generator, each cloud with the weight D / (1 - D) of a classifier (2009.03796).

    The classifier learns on the training clouds and chooses by the validation clouds, against as many generated ones.
    Test clouds stay unseen, so a judge can tell what the weights have mended. They cannot add clouds where the
    generator makes none, and a generator that is far from the truth keeps few clouds that count: see the effective
    sample size.

    With the setting ``unweighted``, clouds are generated until each has been accepted with the probability w / largest.
    """

    def __init__(self, settings: WeightsSettings, spec: CloudSpec) -> None:
        self.settings, self.spec = settings, spec
        self._base: Base | None = None
        self._ratio: DensityRatio | None = None

    @classmethod
    def create(cls, settings: WeightsSettings, cloud_spec: CloudSpec) -> Self:
        """Without a generator yet."""
        return cls(settings, cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Generate as many clouds as there are true ones with the model in ``ctx.upstream["base"]``; learn the ratio.

        Raises:
            UsageError: if no model was given.
            DataError: if there are too few clouds, or the model makes other ones.
            TrainingError: if a loss or a gradient is not finite.
        """
        if "base" not in ctx.upstream:
            msg = f"weights need a trained {self.settings.base}, the model called base: nobody has given one"
            raise UsageError(msg)
        self._base = base = Base.load(ctx.upstream["base"], ctx.device, self.spec)
        truth = train[: len(train)], val[: len(val)]
        made = tuple(
            base.generator.sample(Conditions.like(part), ctx.at("part", name))
            for name, part in zip(("train", "val"), truth, strict=True)
        )
        self._ratio, report = DensityRatio.fit(
            truth, (made[0], made[1]), self.spec, ctx, epochs=self.settings.epochs, width=self.settings.width
        )
        return report

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds with weights, or without by rejection.

        Raises:
            TrainingError: if there is no trained model, or almost no cloud is accepted.
        """
        base, ratio = self._trained()
        if self.settings.unweighted:
            return self._accepted(conditions, ctx)
        clouds = base.generator.sample(conditions, ctx)
        return clouds.with_weights(self._weights(ratio, clouds, ctx))

    def _weights(self, ratio: DensityRatio, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        return np.minimum(ratio.weights(clouds, threads=ctx.threads), self.settings.largest)

    def _accepted(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """A cloud for each row of the conditions, by rejection."""
        base, ratio = self._trained()
        rows, kept = np.arange(conditions.n), [np.empty(0, np.int64)]
        parts = [base.generator.sample(Conditions(0), ctx)]
        for attempt in range(_ATTEMPTS):
            if len(rows) == 0:
                break
            at = ctx.at("attempt", attempt)
            clouds = base.generator.sample(conditions[rows], at)
            chances = self._weights(ratio, clouds, ctx) / self.settings.largest
            accepted = at.rng("data").random(len(rows)) < chances
            kept.append(rows[accepted])
            parts.append(clouds[np.flatnonzero(accepted)])
            rows = rows[~accepted]
        if len(rows):
            msg = (
                f"{len(rows):,} of {conditions.n:,} clouds were not accepted in {_ATTEMPTS:,} attempts: nearly all "
                "weights are 0, so the generator is too far from the truth for rejection"
            )
            raise TrainingError(msg)
        return Clouds.concatenate(parts)[np.argsort(np.concatenate(kept))]

    def save(self, folder: Path) -> None:
        """The generator and the ratio, each in a folder of its own.

        Raises:
            TrainingError: if there is no trained model.
        """
        base, ratio = self._trained()
        base.save(folder / _BASE)
        (folder / _RATIO).mkdir()
        ratio.save(folder / _RATIO)
        write_json(folder / _SETTINGS, self.settings.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """What :meth:`save` wrote, on ``device``.

        Raises:
            DataError: if a file is missing or damaged.
            PluginError: if the generator is not installed.
        """
        stored = read_object(folder / _SETTINGS, "settings of weights", "train the model again")
        ratio = DensityRatio.load(folder / _RATIO, device)
        found = cls(WeightsSettings.model_validate(stored), ratio.spec)
        found._ratio = ratio
        found._base = Base.load(folder / _BASE, device, found.spec)
        return found

    def _trained(self) -> tuple[Base, DensityRatio]:
        if self._base is None or self._ratio is None:
            msg = "the model has not been trained; fit it first, or load a saved one"
            raise TrainingError(msg)
        return self._base, self._ratio
