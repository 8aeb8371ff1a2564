"""The generator: multiplicity from a table, points from a flow, and the exact density of both together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jetgen import Clouds, CloudSpec, Conditions, RunContext
from jetgen.torch import Batch, Noise, TorchGenerator, TrainingData, TrainingPlan
from jetgen.torch.training import constant
from numpy.typing import NDArray
from torch import Tensor

from jetgen_rqs_flow.design import Flow, FlowPreprocessing
from jetgen_rqs_flow.places import PlacesFlow, PlacesPreprocessing
from jetgen_rqs_flow.settings import RQSFlowSettings
from jetgen_rqs_flow.talk import TalkFlow, TalkPreprocessing

__all__ = ["RQSFlow"]

_PREPROCESSING: Mapping[str, type[PlacesPreprocessing | TalkPreprocessing]] = {
    "places": PlacesPreprocessing,
    "talk": TalkPreprocessing,
}
_DENSITY_BATCH = 1024


class RQSFlow(TorchGenerator[RQSFlowSettings, Flow]):
    """A rational-quadratic-spline coupling flow on ordered points (arXiv:1906.04032). See the README of the plugin.

    The density is that of the points in falling order of momentum, p(n) p(x_1, ..., x_n | n), in the units of the
    features; as a density of unordered sets it would be smaller by log n!.
    """

    settings_class = RQSFlowSettings
    padded = True
    preprocessing: FlowPreprocessing

    def __init__(self, settings: RQSFlowSettings, spec: CloudSpec) -> None:
        super().__init__(settings, spec)
        self._health: Counter[str] = Counter()

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> Flow:
        """The flow of the chosen design."""
        del features, conditioning, mean_multiplicity
        if isinstance(self.preprocessing, PlacesPreprocessing):
            return PlacesFlow(self.settings, self.spec, self.preprocessing.representation.shared)
        return TalkFlow(self.settings, self.spec)

    def fit_preprocessing(self, clouds: Clouds, rng: np.random.Generator) -> FlowPreprocessing:
        """Ordered points as the numbers of the chosen design."""
        del rng
        return _PREPROCESSING[self.settings.design].fit(self.settings, self.spec, clouds)

    def load_preprocessing(self, document: Mapping[str, Any]) -> FlowPreprocessing:
        """The preprocessing that ``to_json`` described."""
        return _PREPROCESSING[self.settings.design].from_json(self.settings, self.spec, document)

    def plan(self, model: Flow, data: TrainingData) -> TrainingPlan:
        """Maximum likelihood; the flow of places begins by removing the correlations of the training clouds."""
        phase = self.phase("flow", model, data)
        if isinstance(model, PlacesFlow):
            some = data.train[data.train.multiplicity > 0]
            plain = self.preprocessing.rows(some, data.ctx.rng("data"), training=False)
            model.whiten(plain["values"], plain["multiplicity"])
        else:
            phase = replace(phase, updates=tuple(replace(update, schedule=constant) for update in phase.updates))
        return TrainingPlan({"flow": model}, data.rows, [phase])

    def augment(self, batch: Batch, rng: torch.Generator) -> Batch:
        """Nothing is left to do: the rows hold the mirror images."""
        del rng
        return batch

    def loss(self, model: Flow, batch: Batch, rng: torch.Generator) -> Tensor:
        """The negative log-density, per number of a cloud."""
        del rng
        return -model.log_prob(batch["values"], batch.multiplicity).mean() / model.size

    def sample_batch(self, model: Flow, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """What the noise becomes; rows that are not finite are computed again in double precision."""
        del conditioning
        flat, n = noise.points.flatten(1), mask.sum(1)
        values, again = model.decode(flat, n)
        self._health.update(in_float64=again, held=self.preprocessing.out_of_range(values))
        return values.view(*mask.shape, -1)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds, as every :class:`jetgen.torch.TorchGenerator` samples them; jets are mirrored at random.

        The record ``health`` says how many points were clipped, held in range or computed in double precision.

        Raises:
            TrainingError: if there is no trained model.
            DataError: if the conditioning has other columns, or a multiplicity is too large.
        """
        self._health = Counter(in_float64=0, held=0)
        clouds = super().sample(conditions, ctx)
        points = clouds.points.copy()
        positive = [i for i, feature in enumerate(self.spec.features) if feature.nature == "positive"]
        clipped = int((points[:, positive] < 0).any(1).sum())
        points[:, positive] = np.maximum(points[:, positive], 0)
        columns = self.preprocessing.mirrored
        sides = ctx.at("part", "mirror").rng("sampling").integers(2, size=(len(clouds), len(columns)))
        points[:, columns] *= (2.0 * sides - 1)[clouds.rows].astype(np.float32)
        ctx.report("health", generated=conditions.n, clipped=clipped, **self._health)
        return clouds.with_points(points)

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """The sum (N,) of log p(n) and log p(points | n), the points in falling order, in the units of the features.

        For the design ``talk`` this is an estimate with one draw of noise in the empty slots, which stand for p(n).

        Raises:
            TrainingError: if there is no trained model.
        """
        model = self.trained().eval()
        if len(clouds) == 0:
            return np.empty(0)
        rows = self.preprocessing.rows(clouds, ctx.rng("sampling"), training=True)
        values, n = (torch.split(rows[name].to(self.device), _DENSITY_BATCH) for name in ("values", "multiplicity"))
        with torch.inference_mode():
            parts = [model.log_prob(*pair).cpu() for pair in zip(values, n, strict=True)]
        images = (torch.cat(parts).double() + rows["offset"].double()).reshape(-1, len(clouds))
        # A sampled jet is mirrored at random: its density is the mean over the mirror images.
        total = (images.logsumexp(0) - math.log(len(images))).numpy()
        counted = self.preprocessing.multiplicity.log_prob(clouds.multiplicity)
        return total + counted if self.settings.design == "places" else total

    @classmethod
    def read_document(cls, folder: Path) -> dict[str, Any]:
        """``model.json``; what an older jetgen kept beside the preprocessing joins it."""
        document = super().read_document(folder)
        if "multiplicity" in document:
            tables = {"edges": [], "tables": {"": document["multiplicity"]}}
            document["preprocessing"] = {**document["preprocessing"], "multiplicity": tables}
            document["settings"] = {k: v for k, v in document["settings"].items() if k != "sample_batch"}
            document["mean_multiplicity"] = 0.0
        return document
