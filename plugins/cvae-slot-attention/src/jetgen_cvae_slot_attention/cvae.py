"""The baseline: a conditional variational autoencoder of answers that are written as one long row."""

from __future__ import annotations

import math

import torch
from jetgen.torch import Noise, NoiseShape
from jetgen.torch.nn import masked_sum
from torch import Tensor, nn
from torch.nn import functional

from jetgen_cvae_slot_attention.encoder import CardinalityHead, TruthEncoder
from jetgen_cvae_slot_attention.layout import Layout, TrueEvents
from jetgen_cvae_slot_attention.models import AnswerModel, Encoded, stack
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings

__all__ = ["CVAE"]

_HIDDEN = 512
_NARROWEST, _WIDEST = -20.0, 2.0  # of the logarithm of a variance


class CVAE(AnswerModel):
    """An answer is drawn from a latent vector, the true event and the number of points, all places at once.

    The points are in falling order of their leading feature: the model has no other idea which is which.

    Arguments:
        settings: of the model.
        encoder: of true events.
        layout: of true events.
        most: the most points.
    """

    def __init__(self, settings: CVAESlotAttentionSettings, encoder: TruthEncoder, layout: Layout, most: int) -> None:
        super().__init__()
        self.latent, self.most, self.coordinates = settings.latent, most, layout.coordinates
        self.noise = NoiseShape(layout.coordinates, settings.latent)
        self.encoder = encoder
        width, hidden, flat = self.encoder.width, round(_HIDDEN * settings.scale), most * layout.coordinates
        self.sizes = CardinalityHead(width, layout.slots, most, settings.scale)
        self.posterior = stack(flat + most + width, hidden, hidden, 2 * self.latent)
        self.decoder = stack(self.latent + width + most + 1, hidden, hidden, flat)
        self.log_variance = nn.Parameter(torch.zeros(flat))

    def encode(self, truth: TrueEvents) -> Encoded:
        particles, whole, _ = self.encoder(truth)
        return Encoded(truth, particles, whole)

    def size_log_probs(self, encoded: Encoded) -> Tensor:
        log_probs: Tensor = self.sizes(encoded.whole, encoded.truth.mask)
        return log_probs

    def answer(self, encoded: Encoded, mask: Tensor, noise: Noise, found: Tensor | None = None) -> Tensor:
        del found
        mean, log_variance = self._decoded(noise.cloud, encoded.whole, mask)
        points = mean + noise.points * torch.exp(0.5 * log_variance)
        return points * mask.unsqueeze(-1)

    def bound(self, encoded: Encoded, points: Tensor, mask: Tensor, rng: torch.Generator, beta: float) -> Tensor:
        """Minus the evidence lower bound, a mean over the points; ``beta`` is the weight of the divergence.

        Arguments:
            points: (B, P, F), true answers in the order of their leading feature.
            mask: (B, P), True at points.
        """
        room = self.most - points.shape[1]
        row = torch.cat(
            [functional.pad(points, (0, 0, 0, room)).flatten(1), functional.pad(mask, (0, room)).to(points.dtype)], 1
        )
        mean, log_variance = self.posterior(torch.cat([row, encoded.whole], 1)).chunk(2, 1)
        log_variance = log_variance.clamp(_NARROWEST, 2 * -_NARROWEST)
        noise = torch.randn(mean.shape, generator=rng, device=mean.device)
        expected, spread = self._decoded(mean + noise * torch.exp(0.5 * log_variance), encoded.whole, mask)
        apart = (points - expected).square() * torch.exp(-spread) + spread + math.log(2 * math.pi)
        likelihood = 0.5 * masked_sum(apart, mask).sum()
        divergence = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum()
        answer: Tensor = (likelihood + beta * divergence) / mask.sum().clamp(min=1)
        return answer

    def _decoded(self, latent: Tensor, whole: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (B, P, F) and logarithm of the variance (P, F) of the points."""
        count = functional.one_hot(mask.sum(1), self.most + 1).to(latent.dtype)
        mean = self.decoder(torch.cat([latent, whole, count], 1)).view(len(latent), self.most, -1)
        log_variance = self.log_variance.clamp(_NARROWEST, _WIDEST).view(self.most, -1)
        return mean[:, : mask.shape[1]], log_variance[: mask.shape[1]]
