"""How a generator is judged while it trains, on validation clouds and always with the same noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jetgen import Clouds, RunContext
from jetgen.training import CloudCoding, derived_seed

from jetgen_mdma_gan.composite import Composite
from jetgen_mdma_gan.drawing import draw
from jetgen_mdma_gan.networks import PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["Validation"]

# Below this part of the true variety a generator makes the same few clouds again and again.
_LEAST_VARIETY = 0.1
# A critic of least squares whose loss stays below this tells all generated clouds apart.
_PINNED = 1e-3


class Validation:
    """Scores of clouds that a generator makes for the contexts of validation clouds.

    Arguments:
        settings: of the training.
        coding: fitted to the training clouds.
        sizes: of these.
        train, val: true clouds; the floors are made of both, compared is with ``val``.
        mirrored: columns whose sign is drawn for each cloud.
        ctx: where the seeds come from, and who is told each score.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        coding: CloudCoding,
        sizes: Sizes,
        train: Clouds,
        val: Clouds,
        mirrored: Sequence[int],
        ctx: RunContext,
    ) -> None:
        self.settings, self.coding, self.sizes, self.mirrored = settings, coding, sizes, mirrored
        self.ctx = ctx.at("part", "validation")
        n, rng = settings.validation_clouds, self.ctx.rng("training")
        val = val[:n]
        self.context = val.context[np.arange(n) % len(val)]
        self.counts = coding.sizes.draw(n, rng, self.context)
        truth = Clouds.concatenate([train[: max(len(val), 2 * n)], val])
        self.composite = Composite(coding.spec, val, truth, n, by=settings.validation_by, rng=rng)

    def clouds(self, network: PointGenerator, seed: int) -> Clouds:
        """What the generator makes."""
        known = self.coding.context.encode(self.context)
        values = draw(
            network,
            self.sizes,
            self.counts,
            known,
            mirrored=self.mirrored,
            seed=seed,
            device=self.ctx.device,
            batch_points=self.settings.batch_points,
        )
        return self.coding.points.decode(values, self.counts, self.context)

    def score(self, network: PointGenerator, generator: torch.Generator) -> float:
        """The composite score, lower is better; each part of it is reported as an event."""
        ratios = self.composite.ratios(self.clouds(network, derived_seed(generator.initial_seed(), "clouds")))
        mean = sum(ratios.values()) / len(ratios)
        self.ctx.report("validation", score=mean, **ratios)
        return mean

    def verdict(self, network: PointGenerator) -> dict[str, float]:
        """The parts of the score of the weights that are kept, the score itself, and the variety."""
        clouds = self.clouds(network, derived_seed(self.ctx.torch_seed("training"), "verdict"))
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
            pinned = self.settings.loss == "lsgan" and late and max(late) < _PINNED
            why = "; the critic tells all generated clouds apart, its loss stays at 0" if pinned else ""
            return f"collapsed: the best validated clouds are {verdict['score']:.0f} floors from true ones{why}"
        return None
