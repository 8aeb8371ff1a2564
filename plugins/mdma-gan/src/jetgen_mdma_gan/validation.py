"""How a generator is judged while it trains: on validation clouds, and always with the same noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from jetgen import Clouds
from jetgen.metrics.composite import Composite
from jetgen.torch import TrainingData
from jetgen.torch.training import derived_seed

from jetgen_mdma_gan.model import Model

if TYPE_CHECKING:
    from jetgen_mdma_gan.generator import MDMAGAN

__all__ = ["Validation"]

# Below this part of the true variety a generator makes the same few clouds again and again.
_LEAST_VARIETY = 0.1
# A critic whose loss stays below this tells all generated clouds apart; that of Wasserstein has no such value.
_PINNED = 1e-3


class Validation:
    """Scores of clouds that a generator makes for the conditioning of validation clouds.

    Arguments:
        owner: the generator; it makes clouds of a model.
        model: what is trained.
        data: true clouds; the floors are made of both splits, and compared is with ``data.val``.
    """

    def __init__(self, owner: MDMAGAN, model: Model, data: TrainingData) -> None:
        self.owner, self.model, self.settings = owner, model, owner.settings
        self.known, self.ctx = owner.preprocessing, data.ctx.at("part", "validation")
        n, rng = self.settings.validation_clouds, self.ctx.rng("training")
        val = data.val[:n]
        self.conditioning = val.conditioning[np.arange(n) % len(val)]
        self.multiplicity = self.known.multiplicity.draw(n, rng, self.conditioning)
        truth = Clouds.concatenate([data.train[: max(len(val), 2 * n)], val])
        self.composite = Composite(owner.spec, val, truth, n, by=self.settings.validation_by, rng=rng)

    def clouds(self, seed: int) -> Clouds:
        """What the model makes."""
        encoded = self.known.conditioning.encode(self.conditioning)
        values = self.owner.generate(self.model, self.multiplicity, encoded, seed=seed)
        return self.known.decode(values, self.multiplicity, self.conditioning)

    def score(self, rng: torch.Generator) -> float:
        """The composite score, lower is better; each part of it is reported."""
        ratios = self.composite.ratios(self.clouds(derived_seed(rng.initial_seed(), "clouds")))
        mean = sum(ratios.values()) / len(ratios)
        self.ctx.report("validation", score=mean, **ratios)
        return mean

    def verdict(self) -> dict[str, float]:
        """The parts of the score of the weights that are kept, the score itself, and the variety."""
        clouds = self.clouds(derived_seed(self.ctx.torch_seed("training"), "verdict"))
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
            pinned = self.settings.loss != "wgan-gp" and late and max(late) < _PINNED
            why = "; the critic tells all generated clouds apart, its loss stays at 0" if pinned else ""
            return f"collapsed: the best validated clouds are {verdict['score']:.0f} floors from true ones{why}"
        return None
