"""Slots that attend to a true event and become the points that answer it (2211.06406; 2006.15055)."""

from __future__ import annotations

import math
from typing import cast

import torch
from jetgen.torch import Noise, NoiseShape
from jetgen.torch.nn import TransformerBlock
from torch import Tensor, nn

from jetgen_cvae_slot_attention.encoder import CardinalityHead, TruthEncoder
from jetgen_cvae_slot_attention.layout import Layout, TrueEvents
from jetgen_cvae_slot_attention.models import AnswerModel, Encoded, stack
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings

__all__ = ["SlotModel"]

_SLOT, _KEY = 50, 30  # numbers of a slot, and of a key
_HIDDEN = (300, 200, 150, 100, 50)
_TIMES = 3
_TINY = 1e-8


class SlotAttention(nn.Module):
    """One look of the slots at the particles.

    Arguments:
        particle: numbers of a particle, those that are kept in sight included.
        whole: numbers of an event.
        skip: numbers of a particle that are part of its value as they are.
        scale: of the hidden layers.
        competitive: slots share each particle between them, instead of particles each slot.
    """

    def __init__(self, particle: int, whole: int, skip: int, scale: float, *, competitive: bool) -> None:
        super().__init__()
        hidden = [round(width * scale) for width in _HIDDEN]
        self.competitive = competitive
        self.key = stack(particle, *hidden, _KEY)
        self.query = stack(_SLOT + whole, *hidden, _KEY)
        self.value = stack(particle, *hidden, _SLOT)
        self.unit = nn.GRUCell(_SLOT + skip, _SLOT)
        self.norm = nn.LayerNorm(_SLOT)
        self.refine = stack(_SLOT, 64, _SLOT)

    def shown(self, particles: Tensor) -> Tensor:
        """(B, T, K + S), what the slots see of particles (B, T, H): keys and values."""
        return torch.cat([self.key(particles), self.value(particles)], -1)

    def forward(
        self, slots: Tensor, mask: Tensor, encoded: Encoded, shown: Tensor, skip: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The slots (B, P, S) after the look, and its weights (B, P, T), which sum to 1 over the particles."""
        whole = encoded.whole.unsqueeze(1).expand(-1, slots.shape[1], -1)
        keys, values = shown[..., :_KEY], shown[..., _KEY:]
        scores = self.query(torch.cat([slots, whole], -1)) @ keys.transpose(1, 2) / math.sqrt(_KEY)
        weights = self._weights(scores, mask, encoded.truth.mask)
        seen = weights @ torch.cat([values, skip], -1)
        update = self.unit(seen.flatten(0, 1), slots.flatten(0, 1)).view_as(slots)
        return slots + self.refine(self.norm(update)), weights

    def _weights(self, scores: Tensor, mask: Tensor, present: Tensor) -> Tensor:
        if not self.competitive:
            return scores.masked_fill(~present.unsqueeze(1), -torch.inf).softmax(-1)
        # Empty slots win nothing, but a row of only them must not be NaN.
        shares = scores.masked_fill(~mask.unsqueeze(-1), -1e4).softmax(1) * present.unsqueeze(1)
        return shares / (shares.sum(-1, keepdim=True) + _TINY)


class SlotModel(AnswerModel):
    """Slot attention from a set to a set.

    Arguments:
        settings: of the model.
        encoder: of true events.
        layout: of true events.
        most: the most points.
        unit: (F,), the resolution in preprocessed coordinates, the size of a correction to an anchor.
    """

    unit: Tensor

    def __init__(
        self, settings: CVAESlotAttentionSettings, encoder: TruthEncoder, layout: Layout, most: int, unit: Tensor
    ) -> None:
        super().__init__()
        scale, competitive = settings.scale, settings.attention == "competitive"
        self.noise = NoiseShape(_SLOT)
        self.anchored, self.coordinates = settings.anchored, layout.coordinates
        self.register_buffer("unit", unit, persistent=False)
        self.encoder = encoder
        width, skip = self.encoder.width, self.encoder.skip
        self.sizes = CardinalityHead(width, layout.slots, most, scale)
        self.starts = None if competitive else nn.Embedding(most + 1, _SLOT)
        self.common = nn.Parameter(torch.zeros(2, _SLOT)) if competitive else None
        blocks = 1 if competitive else _TIMES
        self.looks = nn.ModuleList(
            SlotAttention(width + skip, width, skip, scale, competitive=competitive) for _ in range(blocks)
        )
        self.count = nn.Embedding(most + 1, _SLOT) if settings.talk else None
        self.talks = nn.ModuleList(TransformerBlock(_SLOT, 2 * _SLOT, width, 2) for _ in range(blocks * settings.talk))
        self.head = stack(_SLOT, round(100 * scale), round(70 * scale), round(30 * scale), layout.coordinates)

    def encode(self, truth: TrueEvents) -> Encoded:
        particles, whole, skip = self.encoder(truth)
        seen = torch.cat([particles, skip], -1)
        shown = [cast("SlotAttention", look).shown(seen) for look in self.looks]
        return Encoded(truth, torch.cat([*shown, skip], -1), whole)

    def size_log_probs(self, encoded: Encoded) -> Tensor:
        log_probs: Tensor = self.sizes(encoded.whole, encoded.truth.mask)
        return log_probs

    def answer(self, encoded: Encoded, mask: Tensor, noise: Noise, found: Tensor | None = None) -> Tensor:
        del found
        return self.attend(encoded, mask, noise)[0]

    def attend(self, encoded: Encoded, mask: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
        """Preprocessed points (B, P, F), and what their slots look at in the end: weights (B, P, T) that sum to 1."""
        slots, blocks = self._started(noise.points), len(self.looks)
        *shown, skip = torch.split(encoded.particles, [_KEY + _SLOT] * blocks + [self.encoder.skip], -1)
        field = encoded.whole if self.count is None else self.count(mask.sum(1))
        for i in range(_TIMES):
            if self.count is not None:
                slots, field = self.talks[i % blocks](slots, field, mask, encoded.whole)
            slots, weights = self.looks[i % blocks](slots, mask, encoded, shown[i % blocks], skip)
        points: Tensor = self.head(slots)
        if not self.anchored:
            return points, weights
        anchors: Tensor = weights @ encoded.truth.numbers[..., : self.coordinates]
        return anchors + points * self.unit, weights

    def _started(self, noise: Tensor) -> Tensor:
        if self.common is not None:
            return self.common[0] + self.common[1].exp() * noise
        assert self.starts is not None
        return self.starts.weight[: noise.shape[1]] + noise
