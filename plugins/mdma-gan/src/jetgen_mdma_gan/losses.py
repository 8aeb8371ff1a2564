"""The losses of both: least squares (arXiv:1611.04076), Wasserstein (1704.00028), relativistic (2501.05441)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jetgen.torch.clouds.adversarial import critic_loss, generator_loss, gradient_norms
from jetgen.torch.training import Step, mask_of, mirror_signs, normal
from torch import Tensor

from jetgen_mdma_gan.networks import Condition, Critic, PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["Adversaries", "interpolated"]


class _Batch(NamedTuple):
    points: Tensor
    condition: Condition


class Adversaries:
    """What each of the two descends on.

    Arguments:
        settings: of the training.
        generator, critic: the networks.
        sizes: of the clouds.
        mirrored: columns of the preprocessed points whose sign is drawn for each cloud anew.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        generator: PointGenerator,
        critic: Critic,
        sizes: Sizes,
        mirrored: Sequence[int],
    ) -> None:
        self.settings, self.generator, self.critic = settings, generator, critic
        self.sizes, self.mirrored = sizes, list(mirrored)

    def critic_loss(self, step: Step) -> Tensor:
        """Scores of generated clouds down to 0 and of true ones up to 1; or simply far apart.

        The relativistic loss compares a generated cloud with a true one of the same size and conditioning.
        """
        one, generator = self.settings, step.generator
        true = self._true(step.batch, generator)
        with torch.no_grad():
            fake = self._generated(true, generator)
        both = Condition(*(torch.cat([one_side, one_side]) for one_side in true.condition[:2]))
        points = torch.cat([true.points, fake])
        score_true, score_fake = self.critic(points, both)[0].chunk(2)
        if one.loss == "wgan-gp":
            loss: Tensor = score_fake.mean() - score_true.mean() + self._wasserstein_penalty(true, fake, generator)
        else:
            loss = critic_loss(one.loss, score_true, score_fake)
        if (one.r1 or one.r2) and step.number % one.r1_every == 0:
            loss = loss + 0.5 * one.r1_every * self._flatness(true, points, both)
        return loss

    def _wasserstein_penalty(self, true: _Batch, fake: Tensor, generator: torch.Generator) -> Tensor:
        if not self.settings.penalty:
            return fake.new_zeros(())
        part = torch.rand(len(fake), generator=generator, device=generator.device)
        between = interpolated(true.points, fake, true.condition.mask, true.condition.mask, part)
        return self.settings.penalty * (self._steepness(between, true.condition) - 1).square().mean()

    def _flatness(self, true: _Batch, points: Tensor, both: Condition) -> Tensor:
        """The squared gradients at true clouds, and at generated ones if they count."""
        if not self.settings.r2:
            return self.settings.r1 * self._steepness(true.points, true.condition).square().mean()
        at_true, at_fake = self._steepness(points, both).square().chunk(2)
        return self.settings.r1 * at_true.mean() + self.settings.r2 * at_fake.mean()

    def _steepness(self, points: Tensor, condition: Condition) -> Tensor:
        return gradient_norms(lambda at: self.critic(at, condition)[0], (points, condition.mask))

    def generator_loss(self, step: Step) -> Tensor:
        """Scores of generated clouds up, and the critic's mean fields of generated and true clouds together."""
        one = self.settings
        true = self._true(step.batch, step.generator)
        fake = self._generated(true, step.generator)
        score, field = self.critic(fake, true.condition)
        matching = one.matching > 0 and step.number < one.matching_until
        if matching or one.loss == "relativistic":
            with torch.no_grad():
                wanted_score, wanted_field = self.critic(true.points, true.condition)
        else:
            wanted_score = None
        loss = -score.mean() if one.loss == "wgan-gp" else generator_loss(one.loss, wanted_score, score)
        if matching:
            if one.matching_of == "means":
                field, wanted_field = field.mean(0, keepdim=True), wanted_field.mean(0, keepdim=True)
            loss = loss + one.matching * (field - wanted_field).square().sum(1).mean()
        return loss

    def _true(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> _Batch:
        points = self._mirrored(batch["points"], generator)
        if self.settings.input_noise:
            points = points * (1 + self.settings.input_noise * normal(points.shape, generator))
        mask = mask_of(batch["multiplicity"], points.shape[1])
        condition = self.sizes.condition(mask, batch["conditioning"])
        if self.generator.observer is not None:
            condition = condition._replace(summary=self.generator.observer.raw(points, mask))
        return _Batch(points, condition)

    def _generated(self, true: _Batch, generator: torch.Generator) -> Tensor:
        """Clouds of the sizes, for the conditioning, and with the summary of the true ones."""
        size, slots = true.condition.mask.shape
        noise = normal([size, slots, self.generator.noise], generator)
        shared = normal([size, self.generator.cloud_noise], generator)
        return self._mirrored(self.generator(noise, shared, true.condition), generator)

    def _mirrored(self, points: Tensor, generator: torch.Generator) -> Tensor:
        """Generated clouds are mirrored at random like the true ones, so that the symmetry need not be learnt."""
        return points * mirror_signs(len(points), points.shape[2], self.mirrored, generator)


def interpolated(true: Tensor, fake: Tensor, true_mask: Tensor, fake_mask: Tensor, part: Tensor) -> Tensor:
    """Clouds (B, P, W) a ``part`` (B,) of the way from generated to true ones, point by point.

    Raises:
        ValueError: if two of them differ in size: there is no cloud between them.
    """
    if not torch.equal(true_mask, fake_mask):
        msg = "only clouds of equal size have clouds between them; pair true and generated ones by size"
        raise ValueError(msg)
    return torch.lerp(fake, true, part.view(-1, 1, 1))
