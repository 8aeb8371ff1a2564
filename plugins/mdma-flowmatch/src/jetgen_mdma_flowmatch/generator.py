"""The generator: multiplicity from a table, the summary of a jet from a small flow, its points from a larger one."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSource, CloudSpec, Conditions, FitReport, RunContext
from jetgen.errors import DataError, TrainingError
from jetgen.nn import length_buckets
from jetgen.nn.jet_summary import CENTRE, JetSummary
from jetgen.shipped import asked_weights, require_same_clouds
from jetgen.training import (
    CloudCoding,
    Phase,
    Ragged,
    Step,
    Update,
    derived_seed,
    fit,
    load_weights,
    mask_of,
    read_document,
    save_weights,
    seeded,
    warmup_cosine,
)
from numpy.typing import NDArray
from torch import Tensor

from jetgen_mdma_flowmatch.coding import fit_coding, mirrored_columns
from jetgen_mdma_flowmatch.matching import normal, point_loss, summary_loss
from jetgen_mdma_flowmatch.model import Model
from jetgen_mdma_flowmatch.settings import SAMPLING, MDMAFlowMatchSettings
from jetgen_mdma_flowmatch.solver import Solver

__all__ = ["MDMAFlowMatch"]

# More clouds than this tell the best weights no better.
_VALIDATION = 2000
# Noise is drawn for so many clouds at once, whatever is computed together: the machine has no say in the answer.
_CHUNK = 4096


class MDMAFlowMatch:
    """Conditional flow matching (arXiv:2210.02747) with attention to a mean field (arXiv:2305.15254).

    See the README of the plugin.
    """

    def __init__(self, settings: MDMAFlowMatchSettings, spec: CloudSpec) -> None:
        self.settings, self.spec = settings, spec
        self.device = "cpu"
        self._coding: CloudCoding | None = None
        self._model: Model | None = None

    @classmethod
    def create(cls, settings: MDMAFlowMatchSettings, cloud_spec: CloudSpec) -> Self:
        """An untrained model."""
        return cls(settings, cloud_spec)

    @classmethod
    def pretrained(cls, settings: MDMAFlowMatchSettings) -> Self | None:
        """The model that ``settings.weights`` names; None if they name none.

        Raises:
            UsageError: if there are no such weights, or others than there were when the settings were made.
        """
        folder = asked_weights(settings)
        if folder is None:
            return None
        found = cls.load(folder, "cpu")
        found.settings = found.settings.model_copy(update={name: getattr(settings, name) for name in SAMPLING})
        return found

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Train the small flow, then the large one; of that the weights with the best loss on validation are kept.

        With ``weights`` these are taken, and nothing is trained.
        """
        ready = self.pretrained(self.settings)
        if ready is not None:
            return self._adopt(ready, ctx.device)
        clouds = train[: len(train)]
        if len(clouds.points) == 0:
            msg = f"the {len(clouds)} training clouds hold no points: there is nothing to learn"
            raise DataError(msg)
        rng = ctx.rng("data")
        coding = fit_coding(self.settings, self.spec, clouds, rng)
        with seeded(ctx.torch_seed("init")):
            model = Model(self.settings, self.spec, coding, float(clouds.counts.mean()))
        data = self._data(model, coding.rows(clouds[clouds.counts > 0], rng))
        checks = val[:_VALIDATION]
        phases = self._phases(model, coding.rows(checks[checks.counts > 0], rng), ctx)
        modules = {"points": model.points} | ({} if model.summary is None else {"summary": model.summary})
        report = fit(modules, data, phases, ctx, identity=self.settings.model_dump(mode="json"))
        self._coding, self._model, self.device = coding, model, ctx.device
        return report

    def _adopt(self, ready: Self, device: str) -> FitReport:
        require_same_clouds(self.settings.weights, ready.spec, self.spec)
        self._coding, model = ready._trained()
        self._model, self.device = model.to(device), device
        self.settings = ready.settings
        return FitReport(sum(p.numel() for p in model.parameters()), steps=0)

    def _data(self, model: Model, rows: dict[str, Tensor | Ragged]) -> dict[str, Tensor | Ragged]:
        """The rows of the training clouds, with their summaries."""
        observer = model.points.summary
        if observer is not None and model.scores is not None:
            counts: Any = rows["counts"]
            raw = torch.zeros(len(counts), observer.size)
            for batch in length_buckets(counts.numpy(), points=self.settings.batch_points):
                index = torch.from_numpy(batch)
                points = rows["points"][index]
                raw[index] = observer.raw(points, mask_of(counts[index], points.shape[1]))
            mirrored = bool(mirrored_columns(self.settings, self.spec))
            observer.standardise(raw, mirrored=mirrored)
            model.scores.fit(raw, CENTRE if mirrored else [])
            rows["summary"] = model.scores(raw)[0]
        return rows

    def _phases(self, model: Model, checks: dict[str, Tensor | Ragged], ctx: RunContext) -> list[Phase]:
        one, mirrored = self.settings, mirrored_columns(self.settings, self.spec)
        rows = max(1, min(one.batch_size, round(one.step_points / max(1.0, model.typical))))
        optimiser = partial(torch.optim.AdamW, weight_decay=one.weight_decay, fused=True)
        phases = []
        if model.summary is not None:
            field, centre = model.summary, CENTRE if mirrored else []

            def small_loss(step: Step) -> Tensor:
                return summary_loss(field, step.batch, step.generator, centre)

            schedule = warmup_cosine(one.summary_steps, min(one.warmup, one.summary_steps // 10))
            update = Update("summary", ("summary",), small_loss, partial(optimiser, lr=one.summary_rate), schedule)
            ema = {"summary": one.ema} if one.ema else {}
            uses = ("summary", "counts", "context")
            phases.append(Phase("summary", one.summary_steps, one.summary_batch, (update,), ema=ema, uses=uses))

        def loss(step: Step) -> Tensor:
            return point_loss(model.points, step.batch, step.generator, mirrored)

        score = partial(_validation_loss, model, checks, ctx.device, self.settings.batch_points)
        update = Update(
            "points",
            ("points",),
            loss,
            partial(optimiser, lr=one.learning_rate),
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
                uses=("points", "counts", "context"),
            )
        )
        return phases

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds; ``conditions.counts`` are honoured, and drawn from the training table where there are none."""
        coding, model = self._trained()
        context = conditions.columns(self.spec.context)
        counts = conditions.multiplicities(
            self.spec.max_points, lambda n: coding.sizes.draw(n, ctx.rng("sampling"), context)
        )
        known = coding.context.encode(context)
        parts = [np.empty((0, coding.points.width), np.float32)]
        model.eval()
        for number, start in enumerate(range(0, conditions.n, _CHUNK)):
            rows = slice(start, start + _CHUNK)
            seed = derived_seed(ctx.torch_seed("sampling"), "chunk", number)
            parts.append(self._flow(model, counts[rows], known[rows], torch.Generator(self.device).manual_seed(seed)))
            ctx.report("progress", done=min(start + _CHUNK, conditions.n), total=conditions.n, unit="clouds")
        return coding.clouds(np.concatenate(parts), counts, conditions.context)

    @torch.inference_mode()
    def _flow(
        self, model: Model, counts: NDArray[np.int64], context: NDArray[np.float32], generator: torch.Generator
    ) -> NDArray[np.float32]:
        """The coded points (total, W) of the clouds, one after the other."""
        solver = Solver(self.settings.solver, self.settings.nfe, self.settings.tolerance)
        sizes = torch.from_numpy(counts).to(self.device)
        noise = Ragged.of(normal([int(counts.sum()), model.points.features], generator), sizes)
        starts = normal([len(counts), 2 * JetSummary.size], generator)
        known = torch.from_numpy(context).to(self.device)
        answer = Ragged(torch.empty_like(noise.values), noise.offsets)
        for batch in length_buckets(counts, points=self.settings.batch_points):
            index = torch.from_numpy(batch).to(self.device)
            answer[index] = model.draw(solver, noise[index], starts[index], sizes[index], known[index])
        return answer.values.cpu().numpy()

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """An estimate of log p(n) + log n! p(x_1, ..., x_n | n) in the units of the features.

        It is the density of the points in any fixed order, as the flow on ordered particles gives it; without log n! it
        would be that of the labelled points. It is a noisy estimate: the trace is Hutchinson's, one random probe per
        draw, and the summary is drawn. A mean over more ``density_draws`` lessens the noise.
        """
        coding, model = self._trained()
        model.eval()
        context = clouds.context
        total = coding.sizes.log_prob(clouds.counts, context)
        factorials = np.cumsum(np.log(np.maximum(np.arange(self.spec.max_points + 1), 1)))
        total = total + factorials[clouds.counts]
        slopes = np.bincount(clouds.rows, coding.points.log_det(clouds.points), minlength=len(clouds))
        rows = coding.rows(clouds, ctx.rng("data"))
        generator = torch.Generator(self.device).manual_seed(ctx.torch_seed("sampling"))
        densities, solver = np.zeros(len(clouds)), Solver("rk4", self.settings.density_nfe)
        with torch.no_grad():
            for batch in length_buckets(clouds.counts, points=self.settings.batch_points):
                index = torch.from_numpy(batch)
                part = {name: each[index].to(self.device) for name, each in rows.items()}
                drawn = [model.log_density(solver, part, generator) for _ in range(self.settings.density_draws)]
                density = torch.stack(drawn).double().logsumexp(0) - math.log(len(drawn))
                densities[batch] = density.cpu().numpy()
        return np.asarray(total + slopes + np.where(clouds.counts > 0, densities, 0.0))

    def save(self, folder: Path) -> None:
        """Weights in safetensors, and in model.json what is needed to build the networks again."""
        coding, model = self._trained()
        document = {
            "settings": self.settings.model_dump(mode="json"),
            "cloud_spec": self.spec.to_json(),
            "representation": coding.to_json(),
            "typical": model.typical,
        }
        save_weights(folder, model, document)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote, on ``device``."""
        document = read_document(folder)
        settings = MDMAFlowMatchSettings.model_validate(document["settings"])
        self = cls(settings, CloudSpec.from_json(document["cloud_spec"]))
        self._coding = CloudCoding.from_json(self.spec, document["representation"])
        with seeded(0):
            self._model = Model(settings, self.spec, self._coding, document["typical"])
        load_weights(folder, self._model, device)
        self.device = device
        return self

    def _trained(self) -> tuple[CloudCoding, Model]:
        if self._coding is None or self._model is None:
            msg = "the model has not been trained; fit it first, or load a saved one"
            raise TrainingError(msg)
        return self._coding, self._model


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
