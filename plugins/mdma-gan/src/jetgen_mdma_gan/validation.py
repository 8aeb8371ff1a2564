"""How a generator is judged while it trains, on validation clouds and always with the same noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jetgen import Clouds, RunContext
from jetgen.torch.clouds import CloudCoding
from jetgen.torch.training import derived_seed

from jetgen_mdma_gan.composite import Composite
from jetgen_mdma_gan.model import Model

__all__ = ["Validation"]

# Below this part of the true variety a generator makes the same few clouds again and again.
_LEAST_VARIETY = 0.1
# A critic whose loss stays below this tells all generated clouds apart; that of Wasserstein has no such value.
_PINNED = 1e-3


class Validation:
    """Scores of clouds that a generator makes for the contexts of validation clouds.

    Arguments:
        model: what is trained.
        coding: fitted to the training clouds.
        train, val: true clouds; the floors are made of both, compared is with ``val``.
        ctx: where the seeds come from, and who is told each score.
    """

    def __init__(self, model: Model, coding: CloudCoding, train: Clouds, val: Clouds, ctx: RunContext) -> None:
        self.model, self.settings, self.coding = model, model.settings, coding
        self.ctx = ctx.at("part", "validation")
        n, rng = self.settings.validation_clouds, self.ctx.rng("training")
        val = val[:n]
        self.conditioning = val.conditioning[np.arange(n) % len(val)]
        self.counts = coding.sizes.draw(n, rng, self.conditioning)
        truth = Clouds.concatenate([train[: max(len(val), 2 * n)], val])
        self.composite = Composite(coding.spec, val, truth, n, by=self.settings.validation_by, rng=rng)

    def clouds(self, seed: int) -> Clouds:
        """What the model makes."""
        values = self.model.draw(
            self.counts,
            self.coding.conditioning.encode(self.conditioning),
            seed=seed,
            device=self.ctx.device,
            batch_points=self.settings.batch_points,
        )
        return self.coding.clouds(values, self.counts, self.conditioning)

    def score(self, generator: torch.Generator) -> float:
        """The composite score, lower is better; each part of it is reported as an event."""
        ratios = self.composite.ratios(self.clouds(derived_seed(generator.initial_seed(), "clouds")))
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
