"""What both flows do as generators: maximum likelihood, sampling, and the exact density in the units of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from jetgen import Clouds, CloudSpec, Conditions, RunContext
from jetgen.torch import Batch, Noise, TorchGenerator, TrainingData, TrainingPlan
from jetgen.torch.nn import size_numbers
from jetgen.torch.training import constant
from numpy.typing import NDArray
from torch import Tensor

from jetgen_realnvp_glow.flow import Flow
from jetgen_realnvp_glow.preprocessing import FlatPreprocessing
from jetgen_realnvp_glow.settings import FlowSettings

__all__ = ["FlowGenerator"]

AnyFlowSettings = TypeVar("AnyFlowSettings", bound=FlowSettings)

_DENSITY_BATCH = 10_000


class FlowGenerator(TorchGenerator[AnyFlowSettings, Flow]):
    """A flow of the P·F flat numbers of a cloud, given its conditioning and its multiplicity; p(n) is a table.

    Empty slots hold standard normal noise, which the flow learns with the rest and which is drawn anew at each step:
    the density of a cloud is that of all numbers over that of the noise. For tables and for clouds that fill all slots
    it is exact, for others an estimate with one draw.
    """

    padded = True
    preprocessing: FlatPreprocessing

    def __init__(self, settings: AnyFlowSettings, spec: CloudSpec) -> None:
        super().__init__(settings, spec)
        self._in_float64 = 0

    def fit_preprocessing(self, clouds: Clouds, rng: np.random.Generator) -> FlatPreprocessing:
        """Flat numbers near standard normal."""
        return FlatPreprocessing.fit(self.settings, self.spec, clouds, rng)

    def load_preprocessing(self, document: Mapping[str, Any]) -> FlatPreprocessing:
        """The preprocessing that ``to_json`` described."""
        return FlatPreprocessing.from_json(self.spec, document)

    @property
    def size(self) -> int:
        """P·F, the numbers of a cloud."""
        return self.spec.max_points * len(self.spec.features)

    def context_width(self, conditioning: int) -> int:
        """How many numbers the networks are told: the conditioning, and of clouds of many sizes the size."""
        return conditioning + (2 if self.spec.max_points > 1 else 0)

    def plan(self, model: Flow, data: TrainingData) -> TrainingPlan:
        """Maximum likelihood."""
        phase = self.phase("flow", model, data)
        if self.settings.schedule == "constant":
            phase = replace(phase, updates=tuple(replace(update, schedule=constant) for update in phase.updates))
        rows = {name: rows for name, rows in data.rows.items() if name != "offset"}
        return TrainingPlan({"flow": model}, rows, [replace(phase, uses=tuple(rows))])

    def loss(self, model: Flow, batch: Batch, rng: torch.Generator) -> Tensor:
        """The negative log-density, per number of a cloud."""
        values, _ = self._filled(batch.points, batch.mask, rng)
        return -model.log_prob(values, self._context(batch.multiplicity, batch.conditioning)).mean() / self.size

    def sample_batch(self, model: Flow, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """What the noise becomes; rows that are not finite are computed again in double precision."""
        values, again = model.decode(noise.points.flatten(1), self._context(mask.sum(1), conditioning))
        self._in_float64 += again
        return values.view(*mask.shape, -1)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds, as every :class:`jetgen.torch.TorchGenerator` samples them.

        The record ``health`` says how many clouds were computed in double precision.

        Raises:
            TrainingError: if there is no trained model.
            DataError: if the conditioning has other columns, or a multiplicity is too large.
        """
        self._in_float64 = 0
        clouds = super().sample(conditions, ctx)
        ctx.report("health", generated=conditions.n, in_float64=self._in_float64)
        return clouds

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """The sum of log p(n) and log p(points | n) (N,), points in falling order, in the units of the features.

        It is -inf for clouds that are never generated: a value outside the widened range of the training values
        (``scaling=logit``), or of a discrete column one that no training cloud has. A discrete column counts with the
        probability of its value, by one draw of the noise that makes it continuous.

        Raises:
            TrainingError: if there is no trained model.
        """
        model = self.trained().eval()
        if len(clouds) == 0:
            return np.empty(0)
        rows = self.preprocessing.rows(clouds, ctx.rng("sampling"))
        rng, parts = torch.Generator(self.device).manual_seed(ctx.torch_seed("sampling")), []
        for start in range(0, len(clouds), _DENSITY_BATCH):
            part = {
                name: rows[name][start : start + _DENSITY_BATCH].to(self.device) for name in rows if name != "offset"
            }
            with torch.inference_mode():
                batch = Batch(part)
                values, known = self._filled(batch.points, batch.mask, rng)
                found = model.log_prob(values, self._context(batch.multiplicity, batch.conditioning)) - known
            parts.append(found.double().cpu())
        counted = self.preprocessing.multiplicity.log_prob(clouds.multiplicity, clouds.conditioning)
        total = torch.cat(parts).numpy() + rows["offset"].numpy() + counted
        return np.asarray(total, np.float64)

    def _filled(self, points: Tensor, mask: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """The flat numbers (N, P·F) with noise in the empty slots, and the log-density (N,) of that noise."""
        if self.spec.max_points == 1:
            return points.flatten(1), points.new_zeros(len(points))
        points = torch.nn.functional.pad(points, (0, 0, 0, self.spec.max_points - points.shape[1]))
        empty = ~torch.nn.functional.pad(mask, (0, self.spec.max_points - mask.shape[1]))[..., None]
        noise = torch.randn(points.shape, generator=rng, device=points.device, dtype=points.dtype)
        known = (-0.5 * (noise**2 + math.log(2 * math.pi)) * empty).sum((1, 2))
        return torch.where(empty, noise, points).flatten(1), known

    def _context(self, multiplicity: Tensor, conditioning: Tensor) -> Tensor:
        if self.spec.max_points == 1:
            return conditioning
        return torch.cat([conditioning, size_numbers(multiplicity, self.spec.max_points)], 1)
