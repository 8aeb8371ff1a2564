"""What refiner and critic descend on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from jetgen.torch.clouds.adversarial import critic_loss, generator_loss, gradient_norms
from jetgen.torch.training import Step, mask_of, mirror_signs, normal
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from jetgen_tf_gan.networks import Critic, Refiner
from jetgen_tf_gan.pairs import pair_mask
from jetgen_tf_gan.settings import TFGANSettings

__all__ = ["Adversaries"]


class _Jets(NamedTuple):
    points: Tensor
    mask: Tensor
    conditioning: Tensor


class Adversaries:
    """Refiner and critic against each other; a refined draft is compared with a true jet of its multiplicity.

    Arguments:
        settings: of the training.
        refiner, critic: the networks.
        mirrored: columns of preprocessed particles whose sign is drawn for each jet anew.
    """

    def __init__(self, settings: TFGANSettings, refiner: Refiner, critic: Critic, mirrored: Sequence[int]) -> None:
        self.settings, self.refiner, self.critic, self.mirrored = settings, refiner, critic, list(mirrored)

    def critic_loss(self, step: Step) -> Tensor:
        """Scores of refined drafts down and of true jets up, and its slopes at both."""
        one = self.settings
        true = self._true(step.batch, step.generator)
        with torch.no_grad():
            fake = self._refined(step.batch, true, step.generator)
        score = partial(self._scores, noise=self._pt_noise(step, 2 * len(fake)))
        on_true, on_fake = score(_both(true, fake)).chunk(2)
        loss = critic_loss(one.loss, on_true, on_fake)
        if (one.r1 or one.r2) and step.number % one.r1_every == 0:
            some = slice(None, None, round(1 / one.r1_part))
            few = _Jets(*(each[some] for each in true))
            loss = loss + 0.5 * one.r1_every * self._flatness(_both(few, fake[some]))
        return loss

    def generator_loss(self, step: Step) -> Tensor:
        """Scores of refined drafts up."""
        true = self._true(step.batch, step.generator)
        fake = true._replace(points=self._refined(step.batch, true, step.generator))
        noise = self._pt_noise(step, len(fake.points))
        with torch.no_grad():
            on_true = self._scores(true, noise) if self.settings.loss == "relativistic" else None
        return generator_loss(self.settings.loss, on_true, self._scores(fake, noise))

    def _scores(self, jets: _Jets, noise: Tensor | None, pairs: Tensor | None = None) -> Tensor:
        scores: Tensor = self.critic(jets.points, jets.mask, jets.conditioning, noise, pairs)
        return scores

    def _flatness(self, jets: _Jets) -> Tensor:
        """The squared slopes at true and at refined jets, by the particles and by the logarithms of their pairs.

        They are two inputs: a score that changes by one for a factor e of a distance of 0.002 has a slope of one by
        its logarithm, and of about 60 by the particles.
        """
        inputs = [(jets.points, jets.mask)]
        if (network := self.critic.body.pairs) is not None:
            inputs.append((network.logarithms(jets.points), pair_mask(jets.mask)))
        # Only the plain form of attention has a second derivative.
        with sdpa_kernel(SDPBackend.MATH):
            norms = gradient_norms(lambda at, *pairs: self._scores(jets._replace(points=at), None, *pairs), *inputs)
        at_true, at_fake = norms.square().chunk(2)
        return self.settings.r1 * at_true.mean() + self.settings.r2 * at_fake.mean()

    def _pt_noise(self, step: Step, n: int) -> Tensor | None:
        if not self.settings.pt_noise:
            return None
        return self.settings.pt_noise * math.exp(-20 * step.number / step.of) * normal([n], step.generator)

    def _true(self, batch: Mapping[str, Tensor], rng: torch.Generator) -> _Jets:
        points = batch["points"] * self._sides(batch["points"], rng)
        return _Jets(points, mask_of(batch["multiplicity"], points.shape[1]), batch["conditioning"])

    def _refined(self, batch: Mapping[str, Tensor], true: _Jets, rng: torch.Generator) -> Tensor:
        """One of the drafts of each jet, or noise, refined."""
        size, slots, width = true.points.shape
        if "drafts" in batch:
            drafts = batch["drafts"].view(size, slots, -1, width)
            chosen = torch.randint(drafts.shape[2], (size,), generator=rng, device=rng.device)
            draft = drafts[torch.arange(size, device=rng.device), :, chosen]
        else:
            draft = normal([size, slots, width], rng)
        # Mirrored and back: which side a jet is on changes nothing, and need not be learnt.
        sides = self._sides(draft, rng)
        refined: Tensor = sides * self.refiner(sides * draft, true.mask, true.conditioning)
        return refined

    def _sides(self, points: Tensor, rng: torch.Generator) -> Tensor:
        return mirror_signs(len(points), points.shape[2], self.mirrored, rng)


def _both(true: _Jets, fake: Tensor) -> _Jets:
    """True jets, then generated ones of the same multiplicities and conditioning."""
    return _Jets(torch.cat([true.points, fake]), true.mask.repeat(2, 1), true.conditioning.repeat(2, 1))
