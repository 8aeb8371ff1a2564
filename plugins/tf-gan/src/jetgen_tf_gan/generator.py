"""The generator: jets of a base, moved particle by particle by a network that a critic has trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jetgen import Clouds, Conditions, FitReport, RunContext
from jetgen.api.protocols import CloudSource
from jetgen.errors import UsageError
from jetgen.evaluation.validation import Validation
from jetgen.registry.base import Base
from jetgen.torch import Noise, NoiseShape, TorchGenerator, TrainingData, TrainingPlan
from jetgen.torch.clouds import CloudPreprocessing, JetSummary
from jetgen.torch.clouds.adversarial import adversarial_phase
from jetgen.torch.clouds.noise import cloud_noise
from jetgen.torch.clouds.preprocessing import mirrored_columns
from jetgen.torch.clouds.training import some_padded
from jetgen.torch.nn.buckets import length_buckets
from jetgen.torch.training import Phase, Ragged, mask_of
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen_tf_gan.dropout import cloud_keys
from jetgen_tf_gan.losses import Adversaries
from jetgen_tf_gan.marginals import Marginals
from jetgen_tf_gan.networks import Critic, Refiner
from jetgen_tf_gan.schedules import schedule_of
from jetgen_tf_gan.settings import GAUSSIAN, TFGANSettings

__all__ = ["TFGAN", "Model"]

_BASE = "base"
_SOME = 20_000  # jets whose features are enough for a curve

_Given = tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]
"""Drafts (B, P, W), their mask, conditioning and sides, and the keys of dropout."""


class Model(nn.Module):
    """What is kept: the refiner, the units in which jets as a whole are seen, and the curves of the features.

    Arguments:
        settings: whether there are curves, and what a jet keeps of its draft.
        refiner: the network that is trained.
        observer: of jets as a whole.
        features: numbers of a preprocessed particle.
    """

    def __init__(self, settings: TFGANSettings, refiner: Refiner, observer: JetSummary, features: int) -> None:
        super().__init__()
        self.refiner, self.observer = refiner, observer
        self.marginals = Marginals(features) if settings.true_marginals else None
        self.keeps = settings.keeps_summary

    def forward(self, draft: Tensor, mask: Tensor, conditioning: Tensor, sides: Tensor, keys: Tensor | None) -> Tensor:
        """Jets (B, P, W) of drafts, each mirrored by its ``sides`` (B, 1, W), refined, and mirrored back."""
        return self.curved(self.refined(draft, mask, conditioning, sides, keys), draft, mask)

    def refined(self, draft: Tensor, mask: Tensor, conditioning: Tensor, sides: Tensor, keys: Tensor | None) -> Tensor:
        """What the curves are given."""
        refined: Tensor = sides * self.refiner(sides * draft, mask, conditioning, keys)
        return refined

    def curved(self, refined: Tensor, draft: Tensor, mask: Tensor) -> Tensor:
        """Refined jets with the true distribution of each feature; what they keep of their draft stays."""
        if self.marginals is None:
            return refined
        curved: Tensor = self.marginals(refined) * mask.unsqueeze(-1)
        return self.observer.rescaled(curved, mask, self.observer.raw(draft, mask))[0] if self.keeps else curved


class TFGAN(TorchGenerator[TFGANSettings, Model]):
    """A transformer that refines the jets of a frozen base, trained against a transformer (arXiv:2211.13623).

    See the README of the plugin.
    """

    settings_class = TFGANSettings
    preprocessing: CloudPreprocessing
    base: Base | None = None

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> Model:
        """The refiner; the critic is not kept."""
        del mean_multiplicity
        observer = JetSummary(self.spec, self.preprocessing.points.features, self.settings.summary_momentum)
        refiner = Refiner(self.settings, features, conditioning, self.spec.max_points, observer)
        return Model(self.settings, refiner, observer, features)

    def _fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        if self.settings.base != GAUSSIAN:
            if _BASE not in ctx.upstream:
                msg = f"the refiner needs a trained {self.settings.base}, the model called base: nobody has given one"
                raise UsageError(msg)
            self.base = Base.load(ctx.upstream[_BASE], ctx.device, self.spec)
        return super()._fit(train, val, ctx)

    def plan(self, model: Model, data: TrainingData) -> TrainingPlan:
        """Drafts of the base for all training jets, then refiner and critic in turn; it fails if they collapsed."""
        known = self.preprocessing
        (points, mask), mirrored = some_padded(data.rows), mirrored_columns(self.settings, self.spec)
        model.observer.fit(model.observer.raw(points, mask), mirrored=bool(mirrored))
        critic = Critic(self.settings, known.features, known.conditioning.width, self.spec.max_points, model.observer)
        if self.base is not None:
            data = replace(data, rows={**data.rows, "drafts": self._drafts(data, self.settings.drafts)})
        judge = Validation.of(self, model, data)

        def finish(report: FitReport) -> FitReport:
            self._fit_marginals(model, data)
            return report if judge is None else judge.judged(report)

        losses = Adversaries(self.settings, model.refiner, critic, mirrored)
        optimiser = torch.optim.RMSprop if self.settings.optimiser == "rmsprop" else None
        score = None if judge is None else judge.score
        phase = adversarial_phase(self.settings, losses, data, score, schedule_of(self.settings), optimiser)
        modules = {"generator": model.refiner, "critic": critic}
        phases = [*_critic_alone(phase, self.settings.critic_first), phase]
        return TrainingPlan(modules, data.rows, phases, finish=finish)

    def _drafts(self, data: TrainingData, number: int) -> Ragged:
        """For each training jet with particles ``number`` jets of its multiplicity, side by side: (total, number W)."""
        train = data.train[data.train.multiplicity > 0]
        asked = replace(Conditions.like(train), multiplicity=train.multiplicity)
        columns = [self._encoded(asked, data.ctx.at("draft", i).torch_seed("sampling")) for i in range(number)]
        return Ragged.of(np.concatenate(columns, 1), train.multiplicity)

    @torch.inference_mode()
    def _fit_marginals(self, model: Model, data: TrainingData) -> None:
        """Fit the last curves of the refiner, to what it makes of one draft for each of some training jets."""
        rows, marginals = data.rows, model.marginals
        if marginals is None:
            return
        drafts, points = rows["drafts"] if "drafts" in rows else self._drafts(data, 1), rows["points"]
        conditioning = rows["conditioning"]
        assert isinstance(drafts, Ragged)
        assert isinstance(points, Ragged)
        assert isinstance(conditioning, Tensor)
        given = self._given(drafts, conditioning, data.ctx.torch_seed("training"))
        made = []
        for batch in length_buckets(drafts.lengths[:_SOME].cpu().numpy(), points=self.settings.batch_points):
            inputs = given(batch)
            made.append((model.refined(*inputs), *inputs[:2]))
        marginals.fit(
            torch.cat([refined[mask] for refined, _, mask in made]),
            lambda: torch.cat([model.curved(*each)[each[2]] for each in made]),
            points.values,
            mirrored_columns(self.settings, self.spec),
        )

    def _encoded(self, conditions: Conditions, seed: int) -> NDArray[np.float32]:
        """Preprocessed particles (total, W) of the base, or noise."""
        sizes = conditions.multiplicity
        assert sizes is not None
        if self.base is None:
            width, slots = self.preprocessing.features, self.spec.max_points
            rows = np.concatenate(list(cloud_noise(len(sizes), NoiseShape(width), slots, seed, sizes)))
            return rows.reshape(len(sizes), slots, width)[np.arange(slots) < sizes[:, None]]
        ctx = RunContext(seed=seed, device=self.device, threads=torch.get_num_threads())
        clouds = self.base.clouds_of_sizes(conditions, ctx)
        return self.preprocessing.points.encode(clouds, ctx.rng("sampling"))

    def sample_batch(self, model: Model, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """The refined jets of ``noise.points``, which are drafts here."""
        refined: Tensor = model.refiner(noise.points, mask, conditioning)
        return refined

    @torch.inference_mode()
    def draw(
        self,
        model: Model,
        conditions: Conditions,
        *,
        seed: int,
        progress: Callable[[int], None] | None = None,
    ) -> Clouds:
        """Jets of the base, each mirrored at random, refined, and mirrored back: no side is preferred."""
        sizes = conditions.multiplicity
        assert sizes is not None
        drafts = Ragged.of(self._encoded(conditions, seed), sizes).to(self.device)
        conditioning = torch.from_numpy(self.known(conditions))
        given = self._given(drafts, conditioning, seed)
        model.eval()
        done = 0
        for batch in length_buckets(sizes, points=self.settings.batch_points):
            if sizes[batch[0]]:
                drafts[torch.from_numpy(batch)] = model(*given(batch))
            done += len(batch)
            if progress is not None:
                progress(done)
        return self.preprocessing.decode(drafts.values.cpu().numpy(), conditions)

    def _given(self, drafts: Ragged, conditioning: Tensor, seed: int) -> Callable[[NDArray[np.int64]], _Given]:
        """A function of the numbers of some drafts: what the model is given for them, on its device.

        Arguments:
            drafts: (total, W) or more columns, of which the first W count.
            seed: of the sides, and of dropout in generation if there is any.
        """
        signs = self._signs(len(drafts), seed)
        keys = cloud_keys(len(drafts), seed) if self.settings.dropout_in_generation else None

        def of(batch: NDArray[np.int64]) -> _Given:
            index = torch.from_numpy(batch)
            draft = drafts[index][..., : self.preprocessing.features].to(self.device)
            mask = mask_of(drafts.lengths[index], draft.shape[1]).to(self.device)
            key = None if keys is None else keys[index].to(self.device)
            return draft, mask, conditioning[index].to(self.device), signs[index].to(self.device), key

        return of

    def _signs(self, n: int, seed: int) -> Tensor:
        """1 or -1 (n, 1, W) for the columns of each jet; those that are mirrored are drawn."""
        columns, signs = mirrored_columns(self.settings, self.spec), np.ones((n, 1, self.preprocessing.features))
        rng = RunContext(seed=seed).at("part", "mirror").rng("sampling")
        signs[:, 0, columns] = 2 * rng.integers(2, size=(n, len(columns))) - 1
        return torch.from_numpy(signs.astype(np.float32))

    def save(self, folder: Path) -> None:
        """The refiner, and its base in a folder of its own.

        Raises:
            TrainingError: if there is no trained model.
        """
        super().save(folder)
        if self.base is not None:
            self.base.save(folder / _BASE)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """What :meth:`save` wrote, on ``device``.

        Raises:
            DataError: if a file is missing, damaged or of another model.
            PluginError: if the generator of the base is not installed.
        """
        self = super().load(folder, device)
        if self.settings.base != GAUSSIAN:
            self.base = Base.load(folder / _BASE, device, self.spec)
        return self


def _critic_alone(phase: Phase, steps: int) -> list[Phase]:
    """A phase before the other one, in which the critic learns to tell the drafts from truth."""
    critic = replace(phase.updates[0], repeat=1)
    return [replace(phase, name="critic", steps=steps, updates=(critic,), ema={}, validate=None)] if steps else []
