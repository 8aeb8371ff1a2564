"""The generator: multiplicity from a table, a jet as a whole from a small flow, its points in one evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from jetgen.evaluation.validation import Validation
from jetgen.torch import Noise, NoiseShape, TorchGenerator, TrainingData, TrainingPlan
from jetgen.torch.clouds import CloudPreprocessing, JetSummary, WeightedSummary
from jetgen.torch.clouds.adversarial import adversarial_phase
from jetgen.torch.clouds.preprocessing import mirrored_columns
from jetgen.torch.clouds.summaries import summary_training
from jetgen.torch.clouds.training import report_unchanged, some_padded
from jetgen.torch.training import Phase, Rows
from torch import Tensor, nn

from jetgen_mdma_gan.losses import Adversaries
from jetgen_mdma_gan.model import Model
from jetgen_mdma_gan.networks import Critic, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["MDMAGAN"]


class MDMAGAN(TorchGenerator[MDMAGANSettings, Model]):
    """An adversarial network with attention to a mean field (arXiv:2305.15254, 2408.04997).

    See the README of the plugin.
    """

    settings_class = MDMAGANSettings
    preprocessing: CloudPreprocessing

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> Model:
        """The networks that are kept: all but the critic."""
        observer = self._jet() if self.settings.summary else None
        sizes = Sizes(self.spec.max_points, mean_multiplicity, self.settings.published_form)
        mirrored = mirrored_columns(self.settings, self.spec)
        return Model(self.settings, features, conditioning, sizes, observer, mirrored)

    def noise_shape(self, model: Model) -> NoiseShape:
        """For each point, and for each cloud as a whole."""
        return model.noise_shape

    def sample_batch(self, model: Model, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """The points of clouds, in one evaluation of the network."""
        return model.draw(noise, mask, conditioning)

    def plan(self, model: Model, data: TrainingData) -> TrainingPlan:
        """The small flow, then generator and critic in turn; the training fails if it collapsed."""
        rows, one = dict(data.rows), self.settings
        modules: dict[str, nn.Module] = {"generator": model.points}
        phases: list[Phase] = []
        if model.summary is not None and model.points.observer is not None:
            rows, phase = summary_training(model.points.observer, model.summary, one, self.spec, rows)
            phases, modules["summary"] = [phase], model.summary
        known = self.preprocessing
        observer = self._observer(model, rows)
        critic = Critic(one, known.features, known.conditioning.width, model.sizes, observer)
        losses = Adversaries(one, model.points, critic, model.sizes, model.mirrored)
        judge = Validation.of(self, model, data)
        phases.append(adversarial_phase(one, losses, data, None if judge is None else judge.score))
        finish = report_unchanged if judge is None else judge.judged
        return TrainingPlan({**modules, "critic": critic}, rows, phases, finish)

    def _jet(self) -> JetSummary | None:
        return JetSummary.of(self.spec, self.preprocessing, self.settings.summary_momentum)

    def _observer(self, model: Model, rows: Mapping[str, Rows]) -> JetSummary | WeightedSummary | None:
        """What shows the critic a cloud as a whole: what jets are rescaled by, or one fitted to the training clouds."""
        if not self.settings.critic_summary or model.points.observer is not None:
            return model.points.observer if self.settings.critic_summary else None
        points, mask = some_padded(rows)
        jet = self._jet()
        if jet is not None:
            jet.fit(jet.raw(points, mask), mirrored=bool(model.mirrored))
            return jet
        if WeightedSummary.suits(self.spec):
            cloud = WeightedSummary(self.spec, self.preprocessing.points)
            cloud.fit(cloud.raw(points, mask))
            return cloud
        return None
