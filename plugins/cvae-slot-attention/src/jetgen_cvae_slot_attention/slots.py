"""Slots that attend to a true event and become the points that answer it (2211.06406; 2006.15055)."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from jetgen.torch import Noise, NoiseShape
from jetgen.torch.nn import TransformerBlock
from torch import Tensor, nn

from jetgen_cvae_slot_attention.encoder import CardinalityHead, TruthEncoder
from jetgen_cvae_slot_attention.layout import Layout, TrueEvents
from jetgen_cvae_slot_attention.losses.costs import assigned, on_host
from jetgen_cvae_slot_attention.models import AnswerModel, Encoded, middle_and_log_size, stack
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings

__all__ = ["SlotModel"]

_SLOT, _KEY = 50, 30  # numbers of a slot, and of a key
_HIDDEN = (300, 200, 150, 100, 50)
_TIMES = 3
_TINY = 1e-8
_NEVER = 1e9  # the cost of looking at a particle that can have no point


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

    def forward(self, slots: Tensor, weights: Tensor, shown: Tensor, skip: Tensor) -> Tensor:
        """The slots (B, P, S) after they saw of particles what these weights (B, P, T) say."""
        seen = weights @ torch.cat([shown[..., _KEY:], skip], -1)
        update = self.unit(seen.flatten(0, 1), slots.flatten(0, 1)).view_as(slots)
        changed: Tensor = slots + self.refine(self.norm(update))
        return changed

    def weights(self, slots: Tensor, mask: Tensor, encoded: Encoded, shown: Tensor) -> Tensor:
        """(B, P, T), how much of each particle slots (B, P, S) see, which sums to 1 over the particles."""
        whole, present = encoded.whole.unsqueeze(1).expand(-1, slots.shape[1], -1), encoded.truth.mask
        scores: Tensor = self.query(torch.cat([slots, whole], -1)) @ shown[..., :_KEY].transpose(1, 2) / math.sqrt(_KEY)
        if not self.competitive:
            return scores.masked_fill(~present.unsqueeze(1), -torch.inf).softmax(-1)
        # Empty slots win nothing, but a row of only them must not be NaN.
        shares: Tensor = scores.masked_fill(~mask.unsqueeze(-1), -1e4).softmax(1) * present.unsqueeze(1)
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
        self.anchored, self.coordinates = settings.anchored, layout.coordinates
        self.noise = NoiseShape(_SLOT + layout.slots * self.anchored)
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
        inputs, outputs = (width, 2 * layout.coordinates) if self.anchored else (0, layout.coordinates)
        self.head = stack(_SLOT + inputs, round(100 * scale), round(70 * scale), round(30 * scale), outputs)

    def encode(self, truth: TrueEvents) -> Encoded:
        particles, whole, skip = self.encoder(truth)
        seen = torch.cat([particles, skip], -1)
        shown = [cast("SlotAttention", look).shown(seen) for look in self.looks]
        return Encoded(truth, torch.cat([*shown, particles, skip], -1), whole)

    def size_log_probs(self, encoded: Encoded) -> Tensor:
        log_probs: Tensor = self.sizes(encoded.whole, encoded.truth.mask)
        return log_probs

    def answer(self, encoded: Encoded, mask: Tensor, noise: Noise, found: Tensor | None = None) -> Tensor:
        return self.attend(encoded, mask, noise, found)[0]

    def attend(
        self, encoded: Encoded, mask: Tensor, noise: Noise, found: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Preprocessed points (B, P, F), and of anchored ones how unlike their slots it was to take their particles.

        That is, (B, P), minus the logarithm of the weight that a slot had for the particle.
        """
        slots, blocks, unlike = self._started(noise.points[..., :_SLOT]), len(self.looks), None
        widths = [_KEY + _SLOT] * blocks + [self.encoder.width, self.encoder.skip]
        *shown, particles, skip = torch.split(encoded.particles, widths, -1)
        field = encoded.whole if self.count is None else self.count(mask.sum(1))
        for i in range(_TIMES):
            if self.count is not None:
                slots, field = self.talks[i % blocks](slots, field, mask, encoded.whole)
            look = cast("SlotAttention", self.looks[i % blocks])
            weights = look.weights(slots, mask, encoded, shown[i % blocks])
            if self.anchored and i == _TIMES - 1:
                weights, unlike = self._own(weights, mask, encoded.truth.mask, found, noise)
            slots = look(slots, weights, shown[i % blocks], skip)
        if not self.anchored:
            return self.head(slots), None
        return self._about(slots, weights, particles, encoded, noise), unlike

    def _about(self, slots: Tensor, weights: Tensor, particles: Tensor, encoded: Encoded, noise: Noise) -> Tensor:
        """Points (B, P, F) about the particle of each slot: normal errors with the middle and size that the slot says.

        The slot started from the same noise, so that the errors may become any others.
        """
        anchors = weights @ encoded.truth.numbers[..., : self.coordinates]
        middle, log_size = middle_and_log_size(self.head(torch.cat([slots, weights @ particles], -1)))
        errors = log_size.exp() * (noise.points[..., : self.coordinates] + middle)
        points: Tensor = anchors + errors * self.unit
        return points

    def _own(
        self, weights: Tensor, mask: Tensor, present: Tensor, found: Tensor | None, noise: Noise
    ) -> tuple[Tensor, Tensor]:
        """Each slot looks at one particle, another one than the others do: weights of 0 and 1.

        Beside them, (B, P), minus the logarithm of what the weight was. Which particles are left out is chance, unless
        it is told.
        """
        unlike = -(weights + _TINY).log()
        costs = unlike.detach()
        if found is None:
            # With Gumbel noise a slot that were alone would take each particle as often as its weight says.
            levels = torch.special.log_ndtr(noise.points[..., _SLOT : _SLOT + costs.shape[2]])
            costs = costs + torch.log(-levels)
        possible = (present if found is None else found).unsqueeze(1)
        sizes, every = mask.sum(1).cpu().numpy(), np.full(len(mask), costs.shape[2])
        index = assigned(on_host(costs.masked_fill(~possible, _NEVER)), sizes, every)
        own = torch.from_numpy(index).to(weights.device).unsqueeze(-1)
        return torch.zeros_like(weights).scatter(2, own, 1.0), unlike.gather(2, own).squeeze(-1)

    def _started(self, noise: Tensor) -> Tensor:
        if self.common is not None:
            return self.common[0] + self.common[1].exp() * noise
        assert self.starts is not None
        return self.starts.weight[: noise.shape[1]] + noise
