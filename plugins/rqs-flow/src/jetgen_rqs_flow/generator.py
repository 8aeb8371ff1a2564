"""The generator: multiplicity from a table, points from a flow, and the exact density of both together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSource, CloudSpec, Conditions, FitReport, RunContext
from jetgen.data.multiplicity import Multiplicity
from jetgen.data.ordering import ordered as canonically_ordered
from jetgen.errors import DataError, TrainingError
from jetgen.torch.training import (
    Phase,
    Step,
    Update,
    constant,
    derived_seed,
    fit,
    load_weights,
    read_document,
    save_weights,
    seeded,
    warmup_cosine,
)
from numpy.typing import NDArray
from torch import Tensor

from jetgen_rqs_flow.design import Design
from jetgen_rqs_flow.places import Places
from jetgen_rqs_flow.settings import RQSFlowSettings
from jetgen_rqs_flow.talk import Talk

__all__ = ["RQSFlow", "ordered"]


_DESIGNS: Mapping[str, type[Places | Talk]] = {"places": Places, "talk": Talk}
# More clouds than this tell the best weights no better.
_VALIDATION = 5000
_DENSITY_BATCH = 1024


class RQSFlow:
    """A rational-quadratic-spline coupling flow on ordered points (arXiv:1906.04032). See the README of the plugin.

    The density is that of the representation in falling order of momentum, p(n) p(x_1, ..., x_n | n), in the units of
    the features; as a density of unordered sets it would be smaller by log n!.
    """

    def __init__(self, settings: RQSFlowSettings, spec: CloudSpec) -> None:
        self.settings, self.spec = settings, spec
        self.device = "cpu"
        self._design: Design | None = None
        self._multiplicity: Multiplicity | None = None

    @classmethod
    def create(cls, settings: RQSFlowSettings, cloud_spec: CloudSpec) -> Self:
        """An untrained flow."""
        return cls(settings, cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Maximum likelihood; the weights with the best likelihood of the validation clouds are kept."""
        clouds = train[: len(train)]
        points, counts = ordered(clouds, self.spec)
        if counts.max(initial=0) == 0:
            msg = f"the {len(clouds)} training clouds hold no points: there is nothing to learn"
            raise DataError(msg)
        with seeded(ctx.torch_seed("init")):
            design = _DESIGNS[self.settings.design].fit(self.settings, self.spec, points, counts)
        rng = ctx.rng("training")
        data = design.tensors(points, counts, rng, mirrored=True)
        checks = design.tensors(*ordered(val[:_VALIDATION], self.spec), rng, mirrored=False)
        checks = {name: tensor.to(ctx.device) for name, tensor in checks.items()}
        self._design, self._multiplicity, self.device = design, Multiplicity.of(counts), ctx.device
        numbers = self.spec.max_points * len(self.spec.features)

        def loss(step: Step) -> Tensor:
            return -design.log_density(step.batch).mean() / numbers

        def validate(_generator: torch.Generator) -> float:
            return -float(_log_density(design, checks).mean()) / numbers

        phase = self._phase(loss, validate)
        return fit({"flow": design.network}, data, [phase], ctx, identity=self.settings.model_dump(mode="json"))

    def _phase(self, loss: Any, validate: Any) -> Phase:
        one = self.settings
        schedule = warmup_cosine(one.steps, one.warmup) if one.design == "places" else constant
        optimiser = partial(torch.optim.AdamW, lr=one.learning_rate, weight_decay=one.weight_decay, fused=True)
        update = Update("flow", ("flow",), loss, optimiser, schedule, clip=one.clip)
        return Phase(
            "flow",
            one.steps,
            one.batch_size,
            (update,),
            ema={"flow": one.ema} if one.ema else {},
            validate=validate,
            validate_every=one.validate_every,
        )

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds; ``conditions.multiplicity`` are honoured, or drawn from the training table."""
        design, multiplicity = self._trained()
        counts = conditions.chosen_multiplicity(
            self.spec.max_points, lambda n: multiplicity.draw(n, ctx.rng("sampling"))
        )
        design.network.eval()
        health: dict[str, int] = {"generated": conditions.n, "clipped": 0}
        parts = [np.empty((0, self.spec.max_points, len(self.spec.features)))]
        for number, start in enumerate(range(0, conditions.n, self.settings.sample_batch)):
            batch = counts[start : start + self.settings.sample_batch]
            # Each batch has a seed of its own, and its size is a setting: the machine has no say in the answer.
            seed = derived_seed(ctx.torch_seed("sampling"), "batch", number)
            generator = torch.Generator(self.device).manual_seed(seed)
            with torch.inference_mode():
                points, accidents = design.decode(batch, generator)
            accidents["clipped"] = self._clip(points, batch)
            for name, count in accidents.items():
                health[name] = health.get(name, 0) + count
            parts.append(points)
        ctx.report("health", **health)
        points = np.concatenate(parts)
        return Clouds.from_padded(points.astype(np.float32), np.arange(self.spec.max_points) < counts[:, None])

    def _clip(self, points: NDArray[np.float64], counts: NDArray[np.int64]) -> int:
        """Positive features are made so in place; how many points of the clouds were not."""
        present = np.arange(points.shape[1]) < counts[:, None]
        columns = [i for i, feature in enumerate(self.spec.features) if feature.nature == "positive"]
        negative = points[..., columns] < 0
        points[..., columns] = np.maximum(points[..., columns], 0)
        return int((negative.any(-1) & present).sum())

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """The sum of log p(n) and log p(points | n), the points in falling order, in the units of the features.

        For the design ``talk`` this is an estimate with one draw of noise in the empty places, which stand for p(n).
        """
        design, multiplicity = self._trained()
        design.network.eval()
        points, counts = ordered(clouds, self.spec)
        if len(counts) == 0:
            return np.empty(0)
        tensors = design.tensors(points, counts, ctx.rng("sampling"), mirrored=True)
        with torch.inference_mode():
            density = _log_density(design, {name: tensor.to(self.device) for name, tensor in tensors.items()})
        images = (density.double().cpu() + tensors["offset"].double()).reshape(-1, len(counts))
        # A sampled jet is mirrored at random: its density is the mean over the mirror images.
        total = (images.logsumexp(0) - math.log(len(images))).numpy()
        return total + multiplicity.log_prob(counts) if self.settings.design == "places" else total

    def save(self, folder: Path) -> None:
        """Weights in safetensors, and in model.json what is needed to build the flow again."""
        design, multiplicity = self._trained()
        document = {
            "settings": self.settings.model_dump(mode="json"),
            "cloud_spec": self.spec.to_json(),
            "multiplicity": multiplicity.to_json(),
            "preprocessing": design.to_json(),
        }
        save_weights(folder, design.network, document)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The flow that :meth:`save` wrote, on ``device``."""
        document = read_document(folder)
        settings = RQSFlowSettings.model_validate(document["settings"])
        self = cls(settings, CloudSpec.from_json(document["cloud_spec"]))
        with seeded(0):
            design = _DESIGNS[settings.design].from_json(settings, self.spec, document["preprocessing"])
        load_weights(folder, design.network, device)
        self._design, self._multiplicity = design, Multiplicity.from_json(document["multiplicity"])
        self.device = device
        return self

    def _trained(self) -> tuple[Design, Multiplicity]:
        if self._design is None or self._multiplicity is None:
            msg = "the flow has not been trained; fit it first, or load a saved one"
            raise TrainingError(msg)
        return self._design, self._multiplicity


def _log_density(design: Design, tensors: Mapping[str, Tensor]) -> Tensor:
    """Of all rows, batch by batch."""
    rows = len(next(iter(tensors.values())))
    starts = range(0, rows, _DENSITY_BATCH)
    return torch.cat(
        [design.log_density({k: tensor[i : i + _DENSITY_BATCH] for k, tensor in tensors.items()}) for i in starts]
    )


def ordered(clouds: Clouds, spec: CloudSpec) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Padded points (N, P, F) in float64 in canonical order (:mod:`jetgen.data.ordering`), and multiplicities (N,)."""
    points, _ = canonically_ordered(clouds, spec).padded(spec.max_points)
    return points.astype(np.float64), clouds.multiplicity
