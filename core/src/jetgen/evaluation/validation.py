"""The clouds of adversaries, scored while they train: for validation clouds, always from the same noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from jetgen.api.protocols import FitReport
from jetgen.api.torch_settings import AdversarialSettings
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.data.spec import CloudSpec
from jetgen.errors import TrainingError
from jetgen.metrics.composite import Composite
from jetgen.torch.clouds.training import TrainingData
from jetgen.torch.training.randomness import derived_seed

if TYPE_CHECKING:
    from torch import nn

    from jetgen.torch.clouds.generator import TorchGenerator

__all__ = ["Make", "Validation"]

Make = Callable[[Conditions, int], Clouds]
"""The clouds of a model as it is now, for conditions with multiplicities and a seed."""

# Below this part of the true variety a generator makes the same few clouds again and again.
_LEAST_VARIETY = 0.1
# A critic whose loss stays below this tells all generated clouds apart; that of Wasserstein has no such value.
_PINNED = 1e-3


class Validation:
    """Scores of clouds that a generator makes for the conditioning of validation clouds.

    Arguments:
        make: the clouds.
        settings: how many clouds, compared by what, and what a collapse is.
        spec: of the clouds.
        multiplicity: of the training clouds.
        data: true clouds; the floors are made of both splits, and compared is with ``data.val``.
    """

    def __init__(
        self,
        make: Make,
        settings: AdversarialSettings,
        spec: CloudSpec,
        multiplicity: ConditionalMultiplicity,
        data: TrainingData,
    ) -> None:
        self.make, self.settings, self.ctx = make, settings, data.ctx.at("part", "validation")
        n, rng = settings.validation_clouds, self.ctx.rng("training")
        val = data.val[:n]
        conditioning = val.conditioning[np.arange(n) % len(val)]
        self.conditions = Conditions(n, conditioning, multiplicity=multiplicity.draw(n, rng, conditioning))
        truth = Clouds.concatenate([data.train[: max(len(val), 2 * n)], val])
        self.composite = Composite(spec, val, truth, n, by=settings.validation_by, rng=rng)

    @classmethod
    def of(cls, owner: TorchGenerator[Any, Any], model: nn.Module, data: TrainingData) -> Self | None:
        """That of ``model``, which ``owner`` makes clouds of; None if there are too few true clouds to compare with."""
        if not len(data.val) or len(data.train) < 2:
            return None

        def make(conditions: Conditions, seed: int) -> Clouds:
            return owner.draw(model, conditions, seed=seed)

        return cls(make, owner.settings, owner.spec, owner.preprocessing.multiplicity, data)

    def score(self, rng: torch.Generator) -> float:
        """The composite score, lower is better; each part of it is reported."""
        ratios = self.composite.ratios(self.make(self.conditions, derived_seed(rng.initial_seed(), "clouds")))
        mean = sum(ratios.values()) / len(ratios)
        self.ctx.report("validation", score=mean, **ratios)
        return mean

    def verdict(self) -> dict[str, float]:
        """The parts of the score of the weights that are kept, the score itself, and the variety."""
        clouds = self.make(self.conditions, derived_seed(self.ctx.torch_seed("training"), "verdict"))
        ratios = self.composite.ratios(clouds)
        return {**ratios, "score": sum(ratios.values()) / len(ratios), "variety": self.composite.variety(clouds)}

    def collapse(self, verdict: dict[str, float], critic_losses: Sequence[float]) -> str | None:
        """Why the training has failed, in a sentence; None if it has not."""
        most = self.settings.collapse_ratio
        if not most:
            return None
        if verdict["variety"] < _LEAST_VARIETY:
            part = verdict["variety"]
            return f"collapsed: the generated clouds are too much alike, {part:.2g} times as different as true ones"
        if verdict["score"] > most:
            late = critic_losses[-max(1, len(critic_losses) // 10) :]
            pinned = self.settings.loss in ("lsgan", "relativistic") and late and max(late) < _PINNED
            why = "; the critic tells all generated clouds apart, its loss stays at 0" if pinned else ""
            return f"collapsed: the best validated clouds are {verdict['score']:.0f} floors from true ones{why}"
        return None

    def judged(self, report: FitReport) -> FitReport:
        """The report of a training, with the parts of the score of the weights that are kept.

        Raises:
            TrainingError: if they are useless.
        """
        verdict = self.verdict()
        if report.stop_reason == "finished":
            failure = self.collapse(verdict, report.history.get("gan/loss/critic", []))
            if failure is not None:
                raise TrainingError(failure)
        kept = {f"kept/{name}": [value] for name, value in verdict.items()}
        return replace(report, history={**report.history, **kept})
