"""The base class of generators written in torch: an author says what the model is, its loss, and noise to points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen.api.context import RunContext
from jetgen.api.pretrained import asked_weights, require_same_clouds
from jetgen.api.protocols import CloudSource, FitReport
from jetgen.api.torch_settings import TorchSettings
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, TrainingError
from jetgen.io.reading import reading
from jetgen.torch.clouds.noise import Noise, NoiseShape, generate
from jetgen.torch.clouds.preprocessing import CloudPreprocessing, Preprocessing, mirrored_columns
from jetgen.torch.clouds.training import Batch, BatchLoss, TrainingData, TrainingPlan, mean_loss
from jetgen.torch.training import (
    Phase,
    Step,
    Update,
    fit,
    load_weights,
    mirror_signs,
    read_document,
    save_weights,
    seeded,
    torch_threads,
    warmup_cosine,
)

__all__ = ["TorchGenerator"]

AnySettings = TypeVar("AnySettings", bound=TorchSettings)
AnyModule = TypeVar("AnyModule", bound=nn.Module)

# More clouds than this tell the best weights no better.
_VALIDATION = 2000


class _Trained(NamedTuple, Generic[AnyModule]):
    model: AnyModule
    mean_multiplicity: float


class TorchGenerator(ABC, Generic[AnySettings, AnyModule]):
    """A generator of clouds by a torch module. It owns everything but the model.

    A subclass names its settings class, and writes :meth:`build`, :meth:`loss` and :meth:`sample_batch`. Preprocessing,
    multiplicities, conditioning, seeds, threads, deadlines, resuming, averages of the weights, the choice of the best
    ones, files and shipped weights are done here. More modules or phases: override :meth:`plan`. Other numbers for a
    point: override :meth:`fit_preprocessing` and :meth:`load_preprocessing`.

    Arguments:
        settings: all of them.
        spec: the meaning of the clouds.
    """

    settings_class: ClassVar[type[TorchSettings]]

    padded: ClassVar[bool] = False
    """True for a model of arrays of one size: a batch of :meth:`sample_batch` then has ``spec.max_points`` slots."""

    learns_from_empty: ClassVar[bool] = False
    """True for a model that learns from clouds without points, too, such as how many points a cloud has."""

    preprocessing: Preprocessing
    """Fitted before :meth:`build` is called."""

    def __init__(self, settings: AnySettings, spec: CloudSpec) -> None:
        self.settings, self.spec = settings, spec
        self.device = "cpu"
        self._trained: _Trained[AnyModule] | None = None

    # What an author writes.

    @abstractmethod
    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> AnyModule:
        """An untrained module, its weights from torch's global generator, which is seeded.

        Arguments:
            features: W, the numbers of a preprocessed point.
            conditioning: C, the numbers of the encoded conditioning of a cloud; 0 for none.
            mean_multiplicity: of the training clouds.
        """

    def loss(self, model: AnyModule, batch: Batch, rng: torch.Generator) -> Tensor:
        """A scalar to descend on, a mean over the points of ``batch``; ``rng`` draws every random number.

        It is needed unless :meth:`plan` is overridden with losses of its own.

        Raises:
            TypeError: if a subclass has neither a loss nor a plan of its own.
        """
        del model, batch, rng
        msg = f"{type(self).__name__} has neither a loss nor a plan of its own"
        raise TypeError(msg)

    @abstractmethod
    def sample_batch(self, model: AnyModule, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """Preprocessed points (B, P, W): a pure function of its arguments, row by row.

        Arguments:
            noise: standard normal numbers, see :meth:`noise_shape`; what stands in empty slots must not matter.
            mask: (B, P), True at points; ``mask.sum(1)`` is the multiplicity.
            conditioning: (B, C), encoded.
        """

    # What an author may override.

    def noise_shape(self, model: AnyModule) -> NoiseShape:
        """How many numbers :meth:`sample_batch` takes; by default W for a point and none for a cloud."""
        del model
        return NoiseShape(self.preprocessing.features)

    def plan(self, model: AnyModule, data: TrainingData) -> TrainingPlan:
        """Modules and phases; by default one phase that trains the whole model on :meth:`loss`."""
        return TrainingPlan({"model": model}, data.rows, [self.phase("model", model, data)])

    def augment(self, batch: Batch, rng: torch.Generator) -> Batch:
        """A training batch as the loss sees it; by default each jet is mirrored in etarel and phirel, or not."""
        columns = mirrored_columns(self.settings, self.spec)
        signs = mirror_signs(len(batch), batch.points.shape[2], columns, rng)
        return Batch({**batch.rows, "points": batch.points * signs})

    def known(self, conditions: Conditions) -> NDArray[np.float32]:
        """(n, C), what the model is told of each cloud that is asked for; by default its encoded conditioning."""
        return self.preprocessing.conditioning.encode(conditions.columns(self.spec.conditioning))

    def draw_multiplicity(
        self, model: AnyModule, conditions: Conditions, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """(n,), how many points each cloud gets; by default as many as training clouds of such a conditioning have."""
        del model
        conditioning = conditions.columns(self.spec.conditioning)
        return self.preprocessing.multiplicity.draw(conditions.n, rng, conditioning)

    def fit_preprocessing(self, clouds: Clouds, rng: np.random.Generator) -> Preprocessing:
        """The preprocessing that suits the training clouds."""
        return CloudPreprocessing.fit(self.settings, self.spec, clouds, rng)

    def mean_multiplicity(self, clouds: Clouds) -> float:
        """Of the training clouds, as :meth:`build` is told."""
        return float(clouds.multiplicity.mean())

    def load_preprocessing(self, document: Mapping[str, Any]) -> Preprocessing:
        """The preprocessing that ``to_json`` described."""
        return CloudPreprocessing.from_json(self.spec, document)

    # What is done for every author.

    @classmethod
    def create(cls, settings: AnySettings, cloud_spec: CloudSpec) -> Self:
        """An untrained generator."""
        return cls(settings, cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Train; the weights with the best validation are kept. With the setting ``weights`` nothing is trained.

        Raises:
            DataError: if the training clouds hold no points, or the weights are for other clouds.
            TrainingError: if a loss is not finite, or the plan finds that the training has failed.
        """
        with torch_threads(ctx.threads):
            return self._load_pretrained(ctx.device) or self._fit(train, val, ctx)

    def _fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        clouds, rng = train[: len(train)], ctx.rng("data")
        if len(clouds.points) == 0:
            msg = f"the {len(clouds)} training clouds hold no points: there is nothing to learn"
            raise DataError(msg)
        checks = val[: len(val)]
        self.preprocessing, self.device = self.fit_preprocessing(clouds, rng), ctx.device
        mean = self.mean_multiplicity(clouds)
        with seeded(ctx.torch_seed("init")):
            model = self._build(mean)
            few = checks[:_VALIDATION]
            data = TrainingData(
                clouds,
                checks,
                self.preprocessing.rows(self._learnt_from(clouds), rng, training=True),
                self.preprocessing.rows(self._learnt_from(few), rng, training=False),
                ctx,
                mean,
            )
            plan = self.plan(model, data)
        report = fit(plan.modules, plan.rows, plan.phases, ctx, identity=self.settings.model_dump(mode="json"))
        self._trained = _Trained(model.eval(), mean)
        return plan.finish(report)

    def _learnt_from(self, clouds: Clouds) -> Clouds:
        return clouds if self.learns_from_empty else clouds[clouds.multiplicity > 0]

    def phase(
        self,
        name: str,
        model: AnyModule,
        data: TrainingData,
        *,
        loss: BatchLoss | None = None,
    ) -> Phase:
        """A phase of training on a loss, validated by it, as the settings say.

        Arguments:
            name: of the phase, and of the module in the plan that it trains.
            model: what :meth:`loss` is given.
            loss: instead of :meth:`loss`; it is told which part of the phase is done, 1 in a validation.
        """
        one = self.settings
        score: BatchLoss = loss or (lambda batch, rng, _: self.loss(model, batch, rng))

        def learn(step: Step) -> Tensor:
            return score(self.augment(Batch(step.batch), step.generator), step.generator, step.number / step.of)

        def validate(rng: torch.Generator) -> float:
            def final(batch: Batch, rng: torch.Generator) -> Tensor:
                return score(batch, rng, 1.0)

            return mean_loss(final, data.checks, rng, device=data.ctx.device, batch_points=one.batch_points)

        optimiser = partial(torch.optim.AdamW, lr=one.learning_rate, weight_decay=one.weight_decay, fused=True)
        update = Update(name, (name,), learn, optimiser, warmup_cosine(one.steps, one.warmup), clip=one.clip)
        return Phase(
            name,
            one.steps,
            max(1, min(one.batch_size, round(one.step_points / max(1.0, data.mean_multiplicity)))),
            (update,),
            ema={name: one.ema} if one.ema else {},
            validate=validate if len(data.checks["multiplicity"]) else None,
            validate_every=one.validate_every,
            buckets="multiplicity" if one.buckets else "",
            uses=tuple(data.rows),
        )

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds. Cloud i depends on the seed, on i and on its row of ``conditions`` alone.

        Raises:
            TrainingError: if there is no trained model.
            DataError: if the conditioning has other columns, or a multiplicity is too large.
        """
        model = self.trained()
        with torch_threads(ctx.threads):
            multiplicity = conditions.chosen_multiplicity(
                self.spec.max_points, lambda _: self.draw_multiplicity(model, conditions, ctx.rng("sampling"))
            )
            return self.draw(
                model,
                replace(conditions, multiplicity=multiplicity),
                seed=ctx.torch_seed("sampling"),
                progress=lambda done: ctx.report("progress", done=done, total=conditions.n, unit="clouds"),
            )

    def draw(
        self,
        model: AnyModule,
        conditions: Conditions,
        *,
        seed: int,
        progress: Callable[[int], None] | None = None,
    ) -> Clouds:
        """The clouds of a model, trained or not yet, for ``conditions`` with multiplicities."""
        assert conditions.multiplicity is not None
        values = generate(
            partial(self.sample_batch, model.eval()),
            conditions.multiplicity,
            self.known(conditions),
            shape=self.noise_shape(model),
            width=self.preprocessing.features,
            slots=self.spec.max_points,
            seed=seed,
            device=self.device,
            batch_points=self.settings.batch_points,
            padded=self.padded,
            progress=progress,
        )
        return self.preprocessing.decode(values, conditions)

    def trained(self) -> AnyModule:
        """The model that :meth:`fit` or :meth:`load` left.

        Raises:
            TrainingError: if there was neither.
        """
        if self._trained is None:
            msg = "the model has not been trained; fit it first, or load a saved one"
            raise TrainingError(msg)
        return self._trained.model

    def save(self, folder: Path) -> None:
        """Weights in ``weights.safetensors``, and in ``model.json`` what is needed to build the module again.

        Raises:
            TrainingError: if there is no trained model.
        """
        model = self.trained()
        assert self._trained is not None
        document = {
            "settings": self.settings.model_dump(mode="json"),
            "cloud_spec": self.spec.to_json(),
            "preprocessing": self.preprocessing.to_json(),
            "mean_multiplicity": self._trained.mean_multiplicity,
        }
        save_weights(folder, model, document)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote, on ``device``.

        Raises:
            DataError: if a file is missing, damaged or of another model.
        """
        with reading(folder, "saved model", "train it again, or install the version of the plugin that saved it"):
            document = cls.read_document(folder)
            settings = cls.settings_class.of_saved(document["settings"])
            spec = CloudSpec.from_json(document["cloud_spec"])
            self = cls(settings, spec)  # type: ignore[arg-type]  # it is that class
            self.preprocessing = self.load_preprocessing(document["preprocessing"])
            mean = float(document["mean_multiplicity"])
            with seeded(0):
                model = self._build(mean)
            load_weights(folder, model, device)
        self._trained, self.device = _Trained(model.eval(), mean), device
        return self

    @classmethod
    def read_document(cls, folder: Path) -> dict[str, Any]:
        """``model.json``, with the names of today in one that an older jetgen wrote."""
        former = {"representation": "preprocessing", "typical": "mean_multiplicity"}
        return {former.get(name, name): value for name, value in read_document(folder).items()}

    @classmethod
    def pretrained(cls, settings: AnySettings) -> Self | None:
        """The model that ``settings.weights`` names, with what the settings say of sampling; None if they name none.

        Raises:
            UsageError: if there are no such weights, or others than there were when the settings were made.
        """
        folder = asked_weights(settings)
        if folder is None:
            return None
        found = cls.load(folder, "cpu")
        asked = {name: getattr(settings, name) for name in settings.sampling}
        found.settings = found.settings.model_copy(update=asked)
        return found

    def _load_pretrained(self, device: str) -> FitReport | None:
        """Take the weights that the settings ask for instead of a training; None if they ask for none."""
        found = self.pretrained(self.settings)
        if found is None:
            return None
        require_same_clouds(self.settings.weights, found.spec, self.spec)
        vars(self).update(vars(found))  # whatever a subclass keeps beside the model
        self.device = device
        model = self.trained().to(device)
        return FitReport(sum(parameter.numel() for parameter in model.parameters()), steps=0)

    def _build(self, mean_multiplicity: float) -> AnyModule:
        known = self.preprocessing
        return self.build(known.features, known.conditioning.width, mean_multiplicity)
