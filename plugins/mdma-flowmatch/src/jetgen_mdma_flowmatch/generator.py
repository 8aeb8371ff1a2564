"""The generator: multiplicity from a table, the summary of a jet from a small flow, its points from a larger one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from jetgen import Clouds, CloudSource, FitReport, RunContext
from jetgen.api.pretrained import require_same_clouds
from jetgen.errors import UsageError
from jetgen.torch import Batch, Noise, NoiseShape, TorchGenerator, TrainingData, TrainingPlan
from jetgen.torch.clouds import CloudPreprocessing, JetSummary
from jetgen.torch.clouds.preprocessing import Preprocessing
from jetgen.torch.clouds.summaries import summary_training
from jetgen.torch.nn import length_buckets
from jetgen.torch.nn.flow_map import TARGETS, Jumps
from jetgen.torch.nn.odes import Solver
from jetgen.torch.training import Phase, Rows, warmup_cosine
from numpy.typing import NDArray
from torch import Tensor

from jetgen_mdma_flowmatch.matching import jump_loss, point_loss
from jetgen_mdma_flowmatch.model import Model
from jetgen_mdma_flowmatch.settings import JUMPS, VELOCITY, MDMAFlowMatchSettings
from jetgen_mdma_flowmatch.ways import travelled, way_loss

__all__ = ["MDMAFlowMatch"]


class MDMAFlowMatch(TorchGenerator[MDMAFlowMatchSettings, Model]):
    """Conditional flow matching (arXiv:2210.02747) with attention to a mean field (arXiv:2305.15254).

    See the README of the plugin.
    """

    settings_class = MDMAFlowMatchSettings
    preprocessing: CloudPreprocessing

    _velocity: MDMAFlowMatch | None = None

    def _fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        if self.settings.flow_map != "none":
            self._take_velocity(ctx)
        return super()._fit(train, val, ctx)

    def _take_velocity(self, ctx: RunContext) -> None:
        """Be like the model that knows the velocity, but for what is said of jumps and sampling."""
        if VELOCITY not in ctx.upstream:
            msg = "jumps are learnt by a trained mdma-flowmatch, the model called velocity: nobody has given one"
            raise UsageError(msg)
        found, one = self.load(ctx.upstream[VELOCITY], ctx.device), self.settings
        require_same_clouds(one.velocity_weights or "of the velocity", found.spec, self.spec)
        own = {name: getattr(one, name) for name in (*JUMPS, *one.sampling)}
        self._velocity, self.settings = found, found.settings.model_copy(update=own)

    def fit_preprocessing(self, clouds: Clouds, rng: np.random.Generator) -> Preprocessing:
        """That of the model that knows the velocity, if there is one."""
        if self._velocity is not None:
            return self._velocity.preprocessing
        return super().fit_preprocessing(clouds, rng)

    def mean_multiplicity(self, clouds: Clouds) -> float:
        """As the network of the velocity knows it."""
        if self._velocity is not None:
            return self._velocity.trained().points.mean_multiplicity
        return super().mean_multiplicity(clouds)

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> Model:
        """The velocity field of the points, and that of the summaries of jets."""
        one = self.settings
        summary = JetSummary.of(self.spec, self.preprocessing, one.summary_momentum) if one.summary else None
        positions = self.preprocessing.points.positions
        return Model(one, features, conditioning, self.spec.max_points, mean_multiplicity, summary, positions)

    def loss(self, model: Model, batch: Batch, rng: torch.Generator) -> Tensor:
        """The squared error of the velocity of the points."""
        return point_loss(model.points, batch, rng)

    def augment(self, batch: Batch, rng: torch.Generator) -> Batch:
        """Where the network takes noise is not mirrored: it takes mirrored noise elsewhere."""
        return batch if "ways" in batch.rows else super().augment(batch, rng)

    def noise_shape(self, model: Model) -> NoiseShape:
        """A starting point for each point; for a jet that of its summary, and the noise on its conditioning."""
        return NoiseShape(model.points.features, 0 if model.summary is None else 2 * model.summary.size)

    def sample_batch(self, model: Model, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """The points that the noise flows to."""
        return model.draw(self._solver(), noise, mask, conditioning)

    def _solver(self) -> Solver | Jumps:
        one = self.settings
        if one.solver != "jumps":
            return Solver(one.solver, one.nfe, one.tolerance)
        if one.flow_map == "none":
            msg = "the model has not learnt jumps; take another solver, or train it with a flow_map"
            raise UsageError(msg)
        return Jumps(one.nfe)

    def plan(self, model: Model, data: TrainingData) -> TrainingPlan:
        """The small flow is trained first, then the large one; or, where both are there, jumps of the large one."""
        if self._velocity is not None:
            model.take(self._velocity.trained())
            data = replace(data, rows=self._taught(self._velocity.trained(), data))
            return TrainingPlan({"points": model.points}, data.rows, [self._jumps(model, data)])
        points = self.phase("points", model, data)
        if model.summary is None or model.points.summary is None:
            return TrainingPlan({"points": model.points}, data.rows, [points])
        rows, summary = summary_training(model.points.summary, model.summary, self.settings, self.spec, data.rows)
        return TrainingPlan({"points": model.points, "summary": model.summary}, rows, [summary, points])

    def _taught(self, velocity: Model, data: TrainingData) -> Mapping[str, Rows]:
        """The rows that jumps are learnt from: those of the training, with ways of the network where these teach."""
        one = self.settings
        if one.flow_map in TARGETS:
            return data.rows
        return travelled(velocity.points, data.rows, one.map_ways, one.batch_points, data.ctx.torch_seed("training"))

    def _jumps(self, model: Model, data: TrainingData) -> Phase:
        """Its last average is kept: no loss of jumps says which weights make the best jets."""
        one = self.settings

        def loss(batch: Batch, rng: torch.Generator, done: float) -> Tensor:
            if one.flow_map in TARGETS:
                return jump_loss(model.points, batch, rng, done)
            return way_loss(model.points, batch, rng)

        phase = self.phase("points", model, data, loss=loss)
        schedule = warmup_cosine(one.map_steps, min(one.warmup, one.map_steps // 10))
        optimiser = partial(torch.optim.AdamW, lr=one.map_rate, weight_decay=one.weight_decay, fused=True)
        update = replace(phase.updates[0], optimiser=optimiser, schedule=schedule)
        return replace(phase, name="jumps", steps=one.map_steps, updates=(update,), validate=None)

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """An estimate (N,) of log p(n) + log n! p(x_1, ..., x_n | n) in the units of the features.

        It is the density of the points in any fixed order, as a flow on ordered particles gives it; without log n! it
        would be that of the labelled points. The estimate is noisy: the trace is Hutchinson's, with one random probe
        per draw, and the summary is drawn. More ``density_draws`` lessen the noise.

        Raises:
            TrainingError: if there is no trained model.
        """
        model, known = self.trained().eval(), self.preprocessing
        n = clouds.multiplicity
        factorials = np.cumsum(np.log(np.maximum(np.arange(self.spec.max_points + 1), 1)))
        total = known.multiplicity.log_prob(n, clouds.conditioning) + factorials[n]
        total += np.bincount(clouds.rows, known.points.log_det(clouds.points), minlength=len(clouds))
        rows = known.rows(clouds, ctx.rng("data"))
        rng = torch.Generator(self.device).manual_seed(ctx.torch_seed("sampling"))
        densities, solver = np.zeros(len(clouds)), Solver("rk4", self.settings.density_nfe)
        with torch.no_grad():
            for index in length_buckets(n, points=self.settings.batch_points):
                chosen = torch.from_numpy(index)
                batch = Batch({name: each[chosen].to(self.device) for name, each in rows.items()})
                drawn = [model.log_density(solver, batch, rng) for _ in range(self.settings.density_draws)]
                density = torch.stack(drawn).double().logsumexp(0) - math.log(len(drawn))
                densities[index] = density.cpu().numpy()
        return np.asarray(total + np.where(n > 0, densities, 0.0))
