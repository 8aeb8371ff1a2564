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
from jetgen_cvae_slot_attention.losses.hungarian import double_hungarian, hungarian
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
        made, unlike = self._made(batch, encoded, self.settings.draws if kind == "energy" else 1, rng)
        loss = self._of_sets(kind, made, batch, rng)
        # In units of the resolution a loss falls by orders of magnitude, while the cross-entropies beside it do not.
        return unlike + (torch.log(loss + _FLAT) if self.settings.units == "resolution" else loss)

    def _of_sets(self, kind: str, made: Tensor, batch: Batch, rng: torch.Generator) -> Tensor:
        """The loss of answers (draws, B, P, F); of replicas if each ``settings.replicas`` in a row are to one event."""
        true, sizes, replicas = batch.points, batch.multiplicity, self.settings.replicas
        if kind == "energy":
            return energy_score(made, true, batch.mask, self.units, self.settings.directions, rng)
        if kind == "hungarian":
            return hungarian(made[0], true, sizes, self.cost)
        made, true = (one.view(len(sizes) // replicas, replicas, *one.shape[1:]) for one in (made[0], true))
        return double_hungarian(made, true, sizes.view(-1, replicas), self.cost)

    def _made(self, batch: Batch, encoded: Encoded, draws: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """(draws, B, P, F), answers with as many points as the true ones, of the particles that these are of.

        Then how unlike it was of their slots to look at these particles, a mean, which is 0 for other models.
        """
        mask, found = batch.mask.repeat(draws, 1), batch["found"].bool().repeat(draws, 1)
        again = encoded.at(torch.arange(len(batch), device=batch.points.device).repeat(draws))
        noise, unlike = self._noise(batch, draws, rng), None
        if isinstance(self.model, SlotModel):
            made, unlike = self.model.attend(again, mask, noise, found)
        else:
            made = self.model.answer(again, mask, noise, found)
        made = made.view(draws, *batch.points.shape)
        return made, made.new_zeros(()) if unlike is None else (unlike * mask).sum() / mask.sum().clamp(min=1)

    def _noise(self, batch: Batch, draws: int, rng: torch.Generator) -> Noise:
        (n, most), shape, device = batch.points.shape[:2], self.model.noise, batch.points.device
        return Noise(
            torch.randn(draws * n, most, shape.point, generator=rng, device=device),
            torch.randn(draws * n, shape.cloud, generator=rng, device=device),
        )
