"""The generator: multiplicity from a table, then all points of a cloud in one evaluation of an adversarial network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from jetgen import Clouds, CloudSource, CloudSpec, Conditions, FitReport, RunContext
from jetgen.errors import DataError, TrainingError
from jetgen.nn.jet_summary import JetSummary
from jetgen.nn.weighted_summary import WeightedSummary
from jetgen.physics import has_relative
from jetgen.shipped import asked_weights, require_same_clouds
from jetgen.training import (
    CloudCoding,
    Phase,
    Ragged,
    Update,
    fit,
    load_weights,
    mask_of,
    read_document,
    save_weights,
    seeded,
    warmup_cosine,
)
from torch import Tensor

from jetgen_mdma_gan.coding import fit_coding, mirrored_columns
from jetgen_mdma_gan.drawing import draw
from jetgen_mdma_gan.losses import Adversaries
from jetgen_mdma_gan.networks import Critic, PointGenerator, Sizes
from jetgen_mdma_gan.settings import SAMPLING, MDMAGANSettings
from jetgen_mdma_gan.validation import Validation

__all__ = ["MDMAGAN"]

# So many clouds tell the mean and the spread of a summary.
_SUMMARISED = 1000


class _Trained(NamedTuple):
    coding: CloudCoding
    network: PointGenerator
    sizes: Sizes


class MDMAGAN:
    """An adversarial network with attention to a mean field (arXiv:2305.15254, 2408.04997).

    See the README of the plugin.
    """

    def __init__(self, settings: MDMAGANSettings, spec: CloudSpec) -> None:
        self.settings, self.spec = settings, spec
        self.device = "cpu"
        self._kept: _Trained | None = None

    @classmethod
    def create(cls, settings: MDMAGANSettings, cloud_spec: CloudSpec) -> Self:
        """An untrained model."""
        return cls(settings, cloud_spec)

    @classmethod
    def pretrained(cls, settings: MDMAGANSettings) -> Self | None:
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
        """Train both networks; the generator with the best score on validation clouds is kept.

        With ``weights`` these are taken, and nothing is trained.

        Raises:
            TrainingError: if the training collapsed: the clouds of the best weights are hopeless, or all alike.
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
        sizes = Sizes(self.spec.max_points, float(clouds.counts.mean()))
        filled = clouds[clouds.counts > 0]
        rows = coding.rows(filled, rng)
        width, context = coding.points.width, coding.context.width
        with seeded(ctx.torch_seed("init")):
            network = PointGenerator(self.settings, width, context, sizes.typical)
            critic = Critic(self.settings, width, context, sizes.typical, self._observer(coding, rows))
        mirrored = mirrored_columns(self.settings, self.spec)
        judge = None
        if len(val) and len(clouds) > 1:
            judge = Validation(self.settings, coding, sizes, clouds, val[: len(val)], mirrored, ctx)
        adversaries = Adversaries(self.settings, network, critic, sizes, mirrored)
        phase = self._phase(adversaries, judge, sizes)
        modules = {"generator": network, "critic": critic}
        report = fit(modules, rows, [phase], ctx, identity=self.settings.model_dump(mode="json"))
        self._kept, self.device = _Trained(coding, network, sizes), ctx.device
        return report if judge is None else _judged(report, judge, network)

    def _observer(
        self, coding: CloudCoding, rows: Mapping[str, Tensor | Ragged]
    ) -> JetSummary | WeightedSummary | None:
        """What shows the critic a cloud as a whole; its scale is that of the training clouds."""
        if not self.settings.critic_summary:
            return None
        some = torch.arange(min(_SUMMARISED, len(rows["counts"])))
        counts, points = rows["counts"][some], rows["points"][some]
        mask = mask_of(counts, points.shape[1])
        if has_relative(self.spec):
            jet = JetSummary(self.spec, coding.points.features)
            jet.standardise(jet.raw(points, mask), mirrored=bool(mirrored_columns(self.settings, self.spec)))
            return jet
        if WeightedSummary.suits(self.spec):
            cloud = WeightedSummary(self.spec, coding.points)
            cloud.standardise(cloud.raw(points, mask))
            return cloud
        return None

    def _phase(self, adversaries: Adversaries, judge: Validation | None, sizes: Sizes) -> Phase:
        one = self.settings
        adam = partial(torch.optim.Adam, betas=one.betas, fused=True)
        schedule = warmup_cosine(one.steps, one.warmup, one.rate_floor)
        critic = Update(
            "critic",
            ("critic",),
            adversaries.critic_loss,
            partial(adam, lr=one.critic_rate),
            schedule,
            repeat=one.critic_steps,
            clip=one.clip,
        )
        generator = Update(
            "generator",
            ("generator",),
            adversaries.generator_loss,
            partial(adam, lr=one.learning_rate),
            schedule,
            clip=one.clip,
        )
        return Phase(
            "gan",
            one.steps,
            min(one.batch_size, max(4, round(one.step_points / sizes.typical))),
            (critic, generator),
            ema={"generator": one.ema} if one.ema else {},
            validate=None if judge is None else partial(judge.score, adversaries.generator),
            validate_every=one.validate_every,
            buckets="counts" if one.buckets else "",
        )

    def _adopt(self, ready: Self, device: str) -> FitReport:
        require_same_clouds(self.settings.weights, ready.spec, self.spec)
        self._kept = ready._trained()
        self._kept.network.to(device)
        self.settings, self.device = ready.settings, device
        return FitReport(sum(p.numel() for p in self._kept.network.parameters()), steps=0)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds; ``conditions.counts`` are honoured, and drawn from the training table where there are none."""
        coding, network, sizes = self._trained()
        context = conditions.columns(self.spec.context)
        counts = conditions.multiplicities(
            self.spec.max_points, lambda n: coding.sizes.draw(n, ctx.rng("sampling"), context)
        )
        network.eval()
        values = draw(
            network,
            sizes,
            counts,
            coding.context.encode(context),
            mirrored=mirrored_columns(self.settings, self.spec),
            seed=ctx.torch_seed("sampling"),
            device=self.device,
            batch_points=self.settings.batch_points,
            progress=lambda done: ctx.report("progress", done=done, total=conditions.n, unit="clouds"),
        )
        return coding.points.decode(values, counts, conditions.context)

    def save(self, folder: Path) -> None:
        """Weights of the generator in safetensors, and in model.json what is needed to build it again."""
        coding, network, sizes = self._trained()
        document: dict[str, Any] = {
            "settings": self.settings.model_dump(mode="json"),
            "cloud_spec": self.spec.to_json(),
            "representation": coding.to_json(),
            "typical": sizes.typical,
        }
        save_weights(folder, network, document)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote, on ``device``."""
        document = read_document(folder)
        settings = MDMAGANSettings.model_validate(document["settings"])
        self = cls(settings, CloudSpec.from_json(document["cloud_spec"]))
        coding = CloudCoding.from_json(self.spec, document["representation"])
        sizes = Sizes(self.spec.max_points, document["typical"])
        with seeded(0):
            network = PointGenerator(settings, coding.points.width, coding.context.width, sizes.typical)
        load_weights(folder, network, device)
        self._kept, self.device = _Trained(coding, network.eval(), sizes), device
        return self

    def _trained(self) -> _Trained:
        if self._kept is None:
            msg = "the model has not been trained; fit it first, or load a saved one"
            raise TrainingError(msg)
        return self._kept


def _judged(report: FitReport, judge: Validation, network: PointGenerator) -> FitReport:
    """The report with the parts of the score of what is kept; an error if that is nothing to keep."""
    verdict = judge.verdict(network)
    if report.stop_reason == "finished":
        failure = judge.collapse(verdict, report.history.get("gan/loss/critic", []))
        if failure is not None:
            raise TrainingError(failure)
    return replace(report, history={**report.history, **{f"kept/{name}": [value] for name, value in verdict.items()}})
