"""The generator: answers to true events, by one of three models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jetgen import Clouds, Conditions
from jetgen.torch import Batch, Noise, NoiseShape, TorchGenerator, TrainingData, TrainingPlan
from jetgen.torch.training import Phase
from numpy.typing import NDArray
from torch import Tensor

from jetgen_cvae_slot_attention.copying import CopyModel
from jetgen_cvae_slot_attention.cvae import CVAE
from jetgen_cvae_slot_attention.encoder import PairEncoder, SumEncoder, TruthEncoder
from jetgen_cvae_slot_attention.events import AnswerPreprocessing, check_sizes, true_events
from jetgen_cvae_slot_attention.mirroring import mirrored
from jetgen_cvae_slot_attention.models import AnswerModel
from jetgen_cvae_slot_attention.objectives import Objectives
from jetgen_cvae_slot_attention.replicas import Replicas
from jetgen_cvae_slot_attention.schedules import halved
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings
from jetgen_cvae_slot_attention.slots import SlotModel

__all__ = ["CVAESlotAttention"]


class CVAESlotAttention(TorchGenerator[CVAESlotAttentionSettings, AnswerModel]):
    """Clouds that answer true ones, set to set (arXiv:2211.06406). See the README of the plugin."""

    settings_class = CVAESlotAttentionSettings
    learns_from_empty = True
    preprocessing: AnswerPreprocessing

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> AnswerModel:
        """The model that the settings choose."""
        del features, conditioning, mean_multiplicity
        settings, known, most = self.settings, self.preprocessing, self.spec.max_points
        unit, encoder = torch.tensor(known.unit, dtype=torch.float32), self._encoder()
        if settings.model == "cvae":
            return CVAE(settings, encoder, known.layout, most)
        if settings.model == "slot":
            return SlotModel(settings, encoder, known.layout, most, unit)
        return CopyModel(settings, encoder, known.layout, unit)

    def _encoder(self) -> TruthEncoder:
        settings, known = self.settings, self.preprocessing
        if settings.encoder == "sums":
            return SumEncoder(known.layout, settings.scale)
        spread = torch.tensor(known.spread, dtype=torch.float32)
        return PairEncoder(known.layout, settings.width, settings.blocks, known.directions, spread)

    def sample_batch(self, model: AnswerModel, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """Answers to the true events that the rows of ``conditioning`` describe."""
        # The answers to one event share what the model sees of it.
        events, place = torch.unique(conditioning, dim=0, return_inverse=True)
        encoded = model.encode_by_size(self.preprocessing.layout.unpack(events))
        return model.answer(encoded.at(place), mask, noise)

    def noise_shape(self, model: AnswerModel) -> NoiseShape:
        """As the model says."""
        return model.noise

    def known(self, conditions: Conditions) -> NDArray[np.float32]:
        """The true event of each cloud.

        Raises:
            DataError: if there is none, or more points are asked for than it has particles.
        """
        given, event = true_events(conditions.given, conditions.event)
        if conditions.multiplicity is not None:
            check_sizes(conditions.multiplicity, given, event)
        return self.preprocessing.known(given, event)

    @torch.inference_mode()
    def draw_multiplicity(
        self, model: AnswerModel, conditions: Conditions, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Numbers of points as the model thinks probable for each true event."""
        given, event = true_events(conditions.given, conditions.event)
        asked, place = np.unique(event, return_inverse=True)
        rows = torch.from_numpy(self.preprocessing.known(given, asked)).to(self.device)
        parts = [np.empty((0, self.spec.max_points + 1))]
        for some in torch.split(rows, max(1, self.settings.batch_points // self.preprocessing.layout.slots)):
            log_probs = model.size_log_probs(model.encode_by_size(self.preprocessing.layout.unpack(some)))
            parts.append(log_probs.double().exp().cumsum(1).cpu().numpy())
        below = np.concatenate(parts)[place]
        # Rounding must not give a number that has no probability.
        level = np.minimum(rng.random(conditions.n)[:, None], np.nextafter(below[:, -1:], 0))
        return np.asarray((level >= below).sum(1), np.int64)

    def augment(self, batch: Batch, rng: torch.Generator) -> Batch:
        """Events and answers mirrored, or not; those of replicas are mirrored where they are looked up."""
        if not self.settings.mirroring or self.settings.trained_by == "double-hungarian":
            return batch
        return mirrored(batch, self.preprocessing, rng)

    def fit_preprocessing(self, clouds: Clouds, rng: np.random.Generator) -> AnswerPreprocessing:
        """Coordinates in the frame that the settings choose."""
        del rng
        return AnswerPreprocessing.fit(self.spec, self.settings.frame, clouds)

    def load_preprocessing(self, document: Mapping[str, Any]) -> AnswerPreprocessing:
        """What was saved."""
        return AnswerPreprocessing.from_json(self.spec, document)

    def plan(self, model: AnswerModel, data: TrainingData) -> TrainingPlan:
        """One phase on the loss that the settings choose; of replicas, if it matches these."""
        objectives = Objectives(model, self.settings, self.preprocessing)
        if self.settings.trained_by != "double-hungarian":
            return TrainingPlan(
                {"model": model}, data.rows, [self._timed(self.phase("model", model, data, loss=objectives))]
            )
        replicas = Replicas(data, self.settings, self.preprocessing, objectives)
        phase = replace(
            self.phase("model", model, data, loss=replicas.loss),
            batch_size=max(1, self.settings.batch_size // self.settings.replicas),
            validate=replicas.validate if replicas.can_validate else None,
            buckets="",
            uses=("replicas",),
        )
        return TrainingPlan({"model": model}, replicas.rows, [self._timed(phase)])

    def _timed(self, phase: Phase) -> Phase:
        if not self.settings.halvings:
            return phase
        return replace(
            phase, updates=tuple(replace(one, schedule=halved(self.settings.halvings)) for one in phase.updates)
        )
