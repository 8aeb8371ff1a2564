"""The generator: multiplicity from a table, the summary of a jet from a small flow, its points from a larger one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from jetgen import Clouds, CloudSource, FitReport, RunContext
from jetgen.torch.clouds import CloudCoding, draw_points
from jetgen.torch.clouds.cloud_coding import fit_coding, mirrored_columns
from jetgen.torch.clouds.cloud_generator import CloudGenerator, Trained, filled
from jetgen.torch.clouds.drawing import Make
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.summaries import learn_summaries, summary_phase
from jetgen.torch.nn import length_buckets
from jetgen.torch.nn.odes import Solver
from jetgen.torch.training import Phase, Ragged, Step, Update, fit, normal, seeded, warmup_cosine
from numpy.typing import NDArray
from torch import Tensor

from jetgen_mdma_flowmatch.matching import point_loss
from jetgen_mdma_flowmatch.model import Model
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["MDMAFlowMatch"]

# More clouds than this tell the best weights no better.
_VALIDATION = 2000


class MDMAFlowMatch(CloudGenerator[MDMAFlowMatchSettings, Model]):
    """Conditional flow matching (arXiv:2210.02747) with attention to a mean field (arXiv:2305.15254).

    See the README of the plugin.
    """

    settings_class = MDMAFlowMatchSettings

    def build(self, coding: CloudCoding, typical: float) -> Model:
        """The untrained velocity fields."""
        return Model(self.settings, self.spec, coding, typical)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Train the small flow, then the large one; of that the weights with the best loss on validation are kept.

        With ``weights`` these are taken, and nothing is trained.
        """
        ready = self.adopt(ctx.device)
        if ready is not None:
            return ready
        clouds, rng = train[: len(train)], ctx.rng("data")
        some = filled(clouds)
        coding = fit_coding(self.settings, self.spec, clouds, rng)
        with seeded(ctx.torch_seed("init")):
            model = self.build(coding, float(clouds.multiplicity.mean()))
        data = coding.rows(some, rng)
        if model.points.summary is not None and model.summary is not None:
            data["summary"] = learn_summaries(
                model.points.summary,
                model.summary,
                data,
                mirrored=bool(mirrored_columns(self.settings, self.spec)),
                batch_points=self.settings.batch_points,
            )
        checks = val[:_VALIDATION]
        phases = self._phases(model, coding.rows(checks[checks.multiplicity > 0], rng), ctx)
        modules = {"points": model.points} | ({} if model.summary is None else {"summary": model.summary})
        report = fit(modules, data, phases, ctx, identity=self.settings.model_dump(mode="json"))
        self.kept, self.device = Trained(coding, model, model.typical), ctx.device
        return report

    def _phases(self, model: Model, checks: dict[str, Tensor | Ragged], ctx: RunContext) -> list[Phase]:
        one, mirrored = self.settings, mirrored_columns(self.settings, self.spec)
        rows = max(1, min(one.batch_size, round(one.step_points / max(1.0, model.typical))))
        optimiser = partial(torch.optim.AdamW, lr=one.learning_rate, weight_decay=one.weight_decay, fused=True)
        phases = []
        if model.summary is not None:
            phases.append(summary_phase(model.summary, one, mirrored=bool(mirrored), weight_decay=one.weight_decay))

        def loss(step: Step) -> Tensor:
            return point_loss(model.points, step.batch, step.generator, mirrored)

        score = partial(_validation_loss, model, checks, ctx.device, self.settings.batch_points)
        update = Update(
            "points",
            ("points",),
            loss,
            optimiser,
            warmup_cosine(one.steps, one.warmup),
            clip=one.clip,
        )
        phases.append(
            Phase(
                "points",
                one.steps,
                rows,
                (update,),
                ema={"points": one.ema} if one.ema else {},
                validate=score if len(checks["counts"]) else None,
                validate_every=one.validate_every,
                buckets="counts" if one.buckets else "",
                uses=("points", "counts", "conditioning"),
            )
        )
        return phases

    def draw(
        self,
        counts: NDArray[np.int64],
        conditioning: NDArray[np.float32],
        *,
        seed: int,
        progress: Callable[[int], None],
    ) -> NDArray[np.float32]:
        """The coded points (total, W) of clouds of these sizes for an encoded conditioning, one after the other."""
        model = self.trained().model
        return draw_points(
            partial(self._begin, model),
            counts,
            conditioning,
            noise=model.points.features,
            width=model.points.features,
            seed=seed,
            device=self.device,
            batch_points=self.settings.batch_points,
            progress=progress,
        )

    def _begin(self, model: Model, counts: Tensor, conditioning: Tensor, generator: torch.Generator) -> Make:
        solver = Solver(self.settings.solver, self.settings.nfe, self.settings.tolerance)
        starts = normal([len(counts), 2 * JetSummary.size], generator)
        return lambda noise, index: model.draw(solver, noise, starts[index], counts[index], conditioning[index])

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """An estimate of log p(n) + log n! p(x_1, ..., x_n | n) in the units of the features.

        It is the density of the points in any fixed order, as the flow on ordered particles gives it; without log n! it
        would be that of the labelled points. It is a noisy estimate: the trace is Hutchinson's, one random probe per
        draw, and the summary is drawn. A mean over more ``density_draws`` lessens the noise.
        """
        coding, model, _ = self.trained()
        model.eval()
        conditioning = clouds.conditioning
        total = coding.sizes.log_prob(clouds.multiplicity, conditioning)
        factorials = np.cumsum(np.log(np.maximum(np.arange(self.spec.max_points + 1), 1)))
        total = total + factorials[clouds.multiplicity]
        slopes = np.bincount(clouds.rows, coding.points.log_det(clouds.points), minlength=len(clouds))
        rows = coding.rows(clouds, ctx.rng("data"))
        generator = torch.Generator(self.device).manual_seed(ctx.torch_seed("sampling"))
        densities, solver = np.zeros(len(clouds)), Solver("rk4", self.settings.density_nfe)
        with torch.no_grad():
            for batch in length_buckets(clouds.multiplicity, points=self.settings.batch_points):
                index = torch.from_numpy(batch)
                part = {name: each[index].to(self.device) for name, each in rows.items()}
                drawn = [model.log_density(solver, part, generator) for _ in range(self.settings.density_draws)]
                density = torch.stack(drawn).double().logsumexp(0) - math.log(len(drawn))
                densities[batch] = density.cpu().numpy()
        return np.asarray(total + slopes + np.where(clouds.multiplicity > 0, densities, 0.0))


def _validation_loss(
    model: Model, rows: dict[str, Tensor | Ragged], device: str, points: int, generator: torch.Generator
) -> float:
    """The loss of the validation clouds, a mean over their points, always with the same noise and times."""
    counts: Any = rows["counts"]
    total, weight = 0.0, 0
    for batch in length_buckets(counts.numpy(), points=points):
        index = torch.from_numpy(batch)
        part = {name: each[index].to(device) for name, each in rows.items()}
        found = int(part["counts"].sum())
        total, weight = total + float(point_loss(model.points, part, generator, [])) * found, weight + found
    return total / max(1, weight)
