"""The generator: multiplicity from a table, a jet as a whole from a small flow, its points in one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from jetgen import CloudSource, FitReport, RunContext
from jetgen.data.jets import has_relative
from jetgen.errors import TrainingError
from jetgen.torch.clouds import CloudCoding
from jetgen.torch.clouds.cloud_coding import fit_coding
from jetgen.torch.clouds.cloud_generator import CloudGenerator, Trained, filled
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.summaries import summary_phase
from jetgen.torch.clouds.weighted_summary import WeightedSummary
from jetgen.torch.training import Phase, Ragged, Update, fit, mask_of, seeded, warmup_cosine
from numpy.typing import NDArray
from torch import Tensor

from jetgen_mdma_gan.losses import Adversaries
from jetgen_mdma_gan.model import Model
from jetgen_mdma_gan.networks import Critic, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings
from jetgen_mdma_gan.validation import Validation

__all__ = ["MDMAGAN"]

# So many clouds tell the mean and the spread of a summary.
_SUMMARISED = 1000


class MDMAGAN(CloudGenerator[MDMAGANSettings, Model]):
    """An adversarial network with attention to a mean field (arXiv:2305.15254, 2408.04997).

    See the README of the plugin.
    """

    settings_class = MDMAGANSettings

    def build(self, coding: CloudCoding, typical: float) -> Model:
        """The untrained networks but for the critic."""
        return Model(self.settings, coding, Sizes(self.spec.max_points, typical))

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Train both networks; the generator with the best score on validation clouds is kept.

        With ``weights`` these are taken, and nothing is trained.

        Raises:
            TrainingError: if the training collapsed: the clouds of the best weights are hopeless, or all alike.
        """
        ready = self.adopt(ctx.device)
        if ready is not None:
            return ready
        clouds, rng = train[: len(train)], ctx.rng("data")
        some = filled(clouds)
        coding = fit_coding(self.settings, self.spec, clouds, rng)
        rows, typical = coding.rows(some, rng), float(clouds.multiplicity.mean())
        with seeded(ctx.torch_seed("init")):
            model = self.build(coding, typical)
            rows |= model.learnt(rows)
            observer = self._observer(model, coding, rows)
            critic = Critic(self.settings, coding.points.width, coding.conditioning.width, typical, observer)
        judge = None
        if len(val) and len(clouds) > 1:
            judge = Validation(model, coding, clouds, val[: len(val)], ctx)
        modules = {"generator": model.points, "critic": critic}
        adversaries = Adversaries(self.settings, model.points, critic, model.sizes, model.mirrored)
        phases = [self._phase(adversaries, judge, typical)]
        if model.summary is not None:
            modules["summary"] = model.summary
            phases.insert(0, summary_phase(model.summary, self.settings, mirrored=bool(model.mirrored)))
        report = fit(modules, rows, phases, ctx, identity=self.settings.model_dump(mode="json"))
        self.kept, self.device = Trained(coding, model, typical), ctx.device
        return report if judge is None else _judged(report, judge)

    def _observer(
        self, model: Model, coding: CloudCoding, rows: Mapping[str, Tensor | Ragged]
    ) -> JetSummary | WeightedSummary | None:
        """What shows the critic a cloud as a whole: what jets are moved by, or one scaled to the training clouds."""
        if not self.settings.critic_summary or model.points.observer is not None:
            return model.points.observer if self.settings.critic_summary else None
        some = torch.arange(min(_SUMMARISED, len(rows["counts"])))
        counts, points = rows["counts"][some], rows["points"][some]
        mask = mask_of(counts, points.shape[1])
        if has_relative(self.spec):
            jet = JetSummary(self.spec, coding.points.features)
            jet.standardise(jet.raw(points, mask), mirrored=bool(model.mirrored))
            return jet
        if WeightedSummary.suits(self.spec):
            cloud = WeightedSummary(self.spec, coding.points)
            cloud.standardise(cloud.raw(points, mask))
            return cloud
        return None

    def _phase(self, adversaries: Adversaries, judge: Validation | None, typical: float) -> Phase:
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
            min(one.batch_size, max(4, round(one.step_points / typical))),
            (critic, generator),
            ema={"generator": one.ema} if one.ema else {},
            validate=None if judge is None else judge.score,
            validate_every=one.validate_every,
            buckets="counts" if one.buckets else "",
            uses=("points", "counts", "conditioning"),
        )

    def draw(
        self,
        counts: NDArray[np.int64],
        conditioning: NDArray[np.float32],
        *,
        seed: int,
        progress: Callable[[int], None],
    ) -> NDArray[np.float32]:
        """The coded points (total, W) of clouds of these sizes for an encoded conditioning, one after the other."""
        model, points = self.trained().model, self.settings.batch_points
        return model.draw(counts, conditioning, seed=seed, device=self.device, batch_points=points, progress=progress)


def _judged(report: FitReport, judge: Validation) -> FitReport:
    """The report with the parts of the score of what is kept; an error if that is nothing to keep."""
    verdict = judge.verdict()
    if report.stop_reason == "finished":
        failure = judge.collapse(verdict, report.history.get("gan/loss/critic", []))
        if failure is not None:
            raise TrainingError(failure)
    return replace(report, history={**report.history, **{f"kept/{name}": [value] for name, value in verdict.items()}})
