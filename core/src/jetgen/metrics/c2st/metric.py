"""The classifier two-sample test as a metric, in a profile of minutes and in one of the published sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.c2st.calibration import Separation, separation
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.profiles import FAST, PAPER, Profile
from jetgen.metrics.c2st.splitting import Folds, Sample

__all__ = ["ClassifierTest", "PaperClassifierTest"]

_FEWEST = 50


class ClassifierTest(CloudMetric):
    """``c2st``: how well a classifier separates generated from true clouds (1610.06545, 2106.05285).

    ``c2st`` is the area under the ROC curve of a classifier of sets, ``c2st_jsd`` the lower bound of the Jensen-Shannon
    divergence in bits that it implies; ``c2st_hl`` and ``c2st_hl_jsd`` are the same of a classifier of high-level
    features. 0.5 and 0 mean that nothing was found, 1 and 1 that the classes are separated perfectly. Both are computed
    on clouds that the classifier was not trained on, after an isotonic calibration on the selection clouds; a
    divergence can be slightly negative if there is nothing to find.

    Each class is cut at random to the size of the smaller one and split into five parts. Each training learns on three
    of them, is selected and calibrated on the fourth, and reports on the fifth, which no other training reports on.
    Values are means over the trainings. ``stderr`` is the standard deviation of a single training; divide by the square
    root of the number of trainings for that of the mean. Where there is nothing to find, an AUC from n clouds a class
    has the error sqrt((2 n + 1) / 12) / n, with n all the clouds reported on: 0.0053 for three parts of 2,000.

    Copies of single clouds among the generated ones are found, because they are in all parts. Copies of other true
    clouds, such as training clouds of the generator, cannot be found.
    """

    name: ClassVar[str] = "c2st"
    profile: ClassVar[Profile] = FAST

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """Areas and divergences, those of the set classifier first.

        Raises:
            DataError: if one side has fewer than 50 clouds.
            TrainingError: if a loss or a gradient is not finite.
        """
        from jetgen.torch.training import torch_threads

        fewest = min(len(real), len(fake))
        if fewest < _FEWEST:
            msg = f"{self.name} splits each side in five and needs {_FEWEST} clouds or more there, not {fewest}"
            raise DataError(msg)
        folds = Folds.of(real, fake, self.profile.clouds, ctx.rng("metric"))
        found: dict[str, list[Separation]] = {self.name: [], f"{self.name}_hl": []}
        done, total = 0, len(found) * self.profile.trainings
        with torch_threads(ctx.threads):
            for number in range(self.profile.trainings):
                for name, one in zip(
                    found, self._train(folds.samples(number), ctx.at("training", number)), strict=True
                ):
                    found[name].append(one)
                    done += 1
                    ctx.report("progress", done=done, total=total, unit="trainings")
        return _summary(self.name, found)

    def _train(self, samples: tuple[Sample, Sample, Sample], ctx: MetricContext) -> Iterator[Separation]:
        """One training of the set classifier, then one of the classifier of high-level features, on the same split."""
        from jetgen.metrics.c2st.networks import HighLevelClassifier, SetClassifier
        from jetgen.metrics.c2st.training import Part, outputs_after_training
        from jetgen.torch.training import seeded

        learn, select, test = samples
        profile = self.profile
        encoder = Encoder(learn.clouds, self.cloud_spec, profile.points)
        inputs = [(encoder(one.clouds), one.labels) for one in samples]
        points, whole = inputs[0][0].points.shape[1], inputs[0][0].whole.shape[1]
        with seeded(ctx.torch_seed("metric")):
            set_classifier = SetClassifier(points, whole, profile.set_width).to(ctx.device)
            high_level_classifier = HighLevelClassifier(whole, profile.high_level_width).to(ctx.device)
        for network, recipe in (
            (set_classifier, profile.set_recipe),
            (high_level_classifier, profile.high_level_recipe),
        ):
            if network is high_level_classifier:
                inputs = [(one.without_points(), labels) for one, labels in inputs]
            first, second, third = (Part(one, labels, ctx.device) for one, labels in inputs)
            outputs = outputs_after_training(network, (first, second, third), recipe, ctx)
            yield separation((outputs[0], select.labels), (outputs[1], test.labels))


def _summary(metric: str, found: dict[str, list[Separation]]) -> Measurement:
    """The means over the trainings, and the standard deviations of a single training."""
    columns: dict[str, list[float]] = {}
    for name, each in found.items():
        columns |= {name: [one.auc for one in each], f"{name}_jsd": [one.jsd for one in each]}
    means = {name: float(np.mean(values)) for name, values in columns.items()}
    stderr = {name: float(np.std(values, ddof=1)) for name, values in columns.items()}
    return Measurement(means.pop(metric), means, stderr.pop(metric), stderr)


class PaperClassifierTest(ClassifierTest):
    """``c2st_paper``: the same with up to 100,000 clouds a class, 50 epochs and five trainings (2410.21611)."""

    name = "c2st_paper"
    profile = PAPER
