"""Answers that are copies: some of the true particles, each with an error that a small flow draws."""

from __future__ import annotations

import torch
from jetgen.torch import Noise, NoiseShape
from torch import Tensor
from torch.nn import functional
from zuko.flows import NSF

from jetgen_cvae_slot_attention.encoder import TruthEncoder
from jetgen_cvae_slot_attention.layout import Layout, TrueEvents
from jetgen_cvae_slot_attention.models import AnswerModel, Encoded, middle_and_log_size, stack
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings
from jetgen_cvae_slot_attention.subsets import chosen, size_probabilities

__all__ = ["CopyModel"]


class CopyModel(AnswerModel):
    """A subset of the true particles with errors of their own.

    Each particle has a chance to be found, and an error whose distribution is a flow given what is around it.

    Arguments:
        settings: of the model.
        encoder: of true events.
        layout: of true events.
        unit: (F,), the resolution in preprocessed coordinates.
    """

    unit: Tensor

    def __init__(
        self, settings: CVAESlotAttentionSettings, encoder: TruthEncoder, layout: Layout, unit: Tensor
    ) -> None:
        super().__init__()
        self.coordinates = layout.coordinates
        self.noise = NoiseShape(layout.coordinates, layout.slots)
        self.register_buffer("unit", unit, persistent=False)
        self.encoder, width = encoder, encoder.width
        self.keep = stack(width, width, 1)
        self.error = stack(width, width, 2 * layout.coordinates)
        hidden = [settings.flow_hidden] * 2
        self.flow = NSF(layout.coordinates, width, bins=settings.flow_bins, transforms=1, hidden_features=hidden)

    def encode(self, truth: TrueEvents) -> Encoded:
        particles, whole, _ = self.encoder(truth)
        return Encoded(truth, particles, whole)

    def size_log_probs(self, encoded: Encoded) -> Tensor:
        return size_probabilities(self._logits(encoded).sigmoid(), encoded.truth.mask).log()

    def size_loss(self, encoded: Encoded, multiplicity: Tensor, found: Tensor) -> Tensor:
        """The cross-entropy of which particles have a point, a mean over the particles."""
        del multiplicity
        missed = functional.binary_cross_entropy_with_logits(self._logits(encoded), found, reduction="none")
        return (missed * encoded.truth.mask).sum() / encoded.truth.mask.sum()

    def answer(self, encoded: Encoded, mask: Tensor, noise: Noise, found: Tensor | None = None) -> Tensor:
        if found is None:
            levels = torch.special.ndtr(noise.cloud)
            found = chosen(self._logits(encoded).sigmoid(), encoded.truth.mask, mask.sum(1), levels)
        # The chosen particles first, in their order.
        source = torch.argsort(found.to(torch.int8), dim=1, descending=True, stable=True)[:, : mask.shape[1]]
        vectors = _gathered(encoded.particles, source)
        start = _gathered(encoded.truth.numbers[..., : self.coordinates], source)
        if not mask.any():
            return start
        middle, log_size = self._error(vectors[mask])
        errors = torch.zeros_like(start)
        errors[mask] = middle + log_size.exp() * self.flow(vectors[mask]).transform.inv(noise.points[mask])
        return start + errors * self.unit

    def nll(self, encoded: Encoded, points: Tensor, partner: Tensor, mask: Tensor) -> Tensor:
        """Minus the log-density of the errors of points, a mean over them, in units of the resolution.

        Arguments:
            points: (B, P, F), true answers.
            partner: int64 (B, P), the particle that each belongs to.
            mask: (B, P), True at points.
        """
        if not mask.any():  # zuko takes no empty batch
            return points.new_zeros(())
        start = _gathered(encoded.truth.numbers[..., : self.coordinates], partner)
        errors = ((points - start) / self.unit)[mask]
        vectors = _gathered(encoded.particles, partner)[mask]
        middle, log_size = self._error(vectors)
        density = self.flow(vectors).log_prob((errors - middle) * torch.exp(-log_size)) - log_size.sum(-1)
        answer: Tensor = -density.mean()
        return answer

    def _logits(self, encoded: Encoded) -> Tensor:
        """(B, T), of the chance of each particle to have a point."""
        logits: Tensor = self.keep(encoded.particles).squeeze(-1)
        return logits

    def _error(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Middle and logarithm of the size (M, F) of the errors of particles (M, width)."""
        return middle_and_log_size(self.error(vectors))


def _gathered(values: Tensor, index: Tensor) -> Tensor:
    """(B, P, D), the rows (B, T, D) at the places (B, P)."""
    return values.gather(1, index.unsqueeze(-1).expand(-1, -1, values.shape[-1]))
