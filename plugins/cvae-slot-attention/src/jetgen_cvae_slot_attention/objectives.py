"""What a model descends on for a batch of answers: its points, and how many or which they are."""

from __future__ import annotations

import torch
from jetgen.torch import Batch, Noise
from torch import Tensor

from jetgen_cvae_slot_attention.copying import CopyModel
from jetgen_cvae_slot_attention.cvae import CVAE
from jetgen_cvae_slot_attention.events import AnswerPreprocessing
from jetgen_cvae_slot_attention.losses.costs import Cost
from jetgen_cvae_slot_attention.losses.energy import energy_score
from jetgen_cvae_slot_attention.losses.hungarian import attention_to, double_hungarian, hungarian
from jetgen_cvae_slot_attention.models import AnswerModel, Encoded
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings
from jetgen_cvae_slot_attention.slots import SlotModel

__all__ = ["Objectives"]

_FLAT = 1e-3  # of a loss, before its logarithm: a batch may hold no points
_WARM = 0.2  # part of the steps in which the weight of the divergence of the cvae rises to 1


class Objectives:
    """The loss of a batch, as the settings choose it.

    Arguments:
        model: that is trained.
        settings: of the loss.
        known: the coordinates.
    """

    def __init__(self, model: AnswerModel, settings: CVAESlotAttentionSettings, known: AnswerPreprocessing) -> None:
        self.model, self.settings, self.layout = model, settings, known.layout
        spread = torch.tensor(known.spread, dtype=torch.float32)
        angles = tuple(known.angles) if settings.frame == "absolute" else ()
        fine = torch.tensor(1 / known.unit, dtype=torch.float32)
        self.far = Cost(torch.ones_like(fine), angles, spread)
        self.units = fine if settings.units == "resolution" else torch.ones_like(fine)
        self.cost = Cost(self.units, angles, spread)

    def __call__(self, batch: Batch, rng: torch.Generator, done: float) -> Tensor:
        """The loss; ``done`` is the part of the training that lies behind."""
        encoded = self.model.encode(self.layout.unpack(batch.conditioning))
        points = self._points(batch, encoded, rng, done)
        return points + self.model.size_loss(encoded, batch.multiplicity, batch["found"])

    def _points(self, batch: Batch, encoded: Encoded, rng: torch.Generator, done: float) -> Tensor:
        kind, model = self.settings.trained_by, self.model
        if isinstance(model, CVAE):
            return model.bound(encoded, batch.points, batch.mask, rng, min(1.0, done / _WARM))
        if kind == "likelihood":
            assert isinstance(model, CopyModel)
            return model.nll(encoded, batch.points, batch["partner"].squeeze(-1).long(), batch.mask)
        if self._binds(done):
            return self._bound(batch, encoded, rng)
        if kind == "hungarian":
            made = self._made(batch, encoded, 1, rng)[0]
            return self._balanced(hungarian(made, batch.points, batch.multiplicity, self.cost))
        if kind == "double-hungarian":
            return self._balanced(self._of_replicas(batch, encoded, rng))
        made = self._made(batch, encoded, self.settings.draws, rng)
        score = energy_score(made, batch.points, batch.mask, self.units, self.settings.directions, rng)
        return self._balanced(score)

    def _of_replicas(self, batch: Batch, encoded: Encoded, rng: torch.Generator) -> Tensor:
        """That of a batch in which each ``settings.replicas`` answers in a row are to the same event."""
        made, replicas = self._made(batch, encoded, 1, rng)[0], self.settings.replicas
        made, true = (one.view(-1, replicas, *one.shape[1:]) for one in (made, batch.points))
        return double_hungarian(made, true, batch.multiplicity.view(-1, replicas), self.cost)

    def _balanced(self, loss: Tensor) -> Tensor:
        """A loss of sets beside a cross-entropy: its logarithm, where it falls by orders of magnitude."""
        return torch.log(loss + _FLAT) if self.settings.units == "resolution" else loss

    def _binds(self, done: float) -> bool:
        return isinstance(self.model, SlotModel) and done < self.settings.bind

    def _bound(self, batch: Batch, encoded: Encoded, rng: torch.Generator) -> Tensor:
        """That each slot looks at one particle, another one than the others do, and is somewhere near it."""
        assert isinstance(self.model, SlotModel)
        points, weights = self.model.attend(encoded, batch.mask, self._noise(batch, 1, rng))
        far = hungarian(points, batch.points, batch.multiplicity, self.far)
        return far + attention_to(weights, batch["partner"].squeeze(-1).long(), batch.multiplicity)

    def _made(self, batch: Batch, encoded: Encoded, draws: int, rng: torch.Generator) -> Tensor:
        """(draws, B, P, F), answers with as many points as the true ones, of the particles that these are of."""
        mask, found = batch.mask.repeat(draws, 1), batch["found"].bool().repeat(draws, 1)
        again = encoded.at(torch.arange(len(batch), device=batch.points.device).repeat(draws))
        made = self.model.answer(again, mask, self._noise(batch, draws, rng), found)
        return made.view(draws, *batch.points.shape)

    def _noise(self, batch: Batch, draws: int, rng: torch.Generator) -> Noise:
        (n, most), shape, device = batch.points.shape[:2], self.model.noise, batch.points.device
        return Noise(
            torch.randn(draws * n, most, shape.point, generator=rng, device=device),
            torch.randn(draws * n, shape.cloud, generator=rng, device=device),
        )
