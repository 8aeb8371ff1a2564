"""The classifier two-sample test as a metric: in a profile of a minute, in a slow one and in the published sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.c2st.inputs import Encoder, Inputs
from jetgen.metrics.c2st.profiles import FAST, PAPER, SLOW, Profile, Trees
from jetgen.metrics.c2st.splitting import Folds, Samples
from jetgen.metrics.c2st.trees import combined, tree_outputs
from jetgen.metrics.c2st.verdict import Logits, Verdict, mean_score
from jetgen.metrics.observables.high_level import high_level_names

__all__ = ["ClassifierTest", "FastClassifierTest", "PaperClassifierTest"]

_FEWEST = 50


class ClassifierTest(CloudMetric):
    """``c2st``: how well a classifier separates generated from true clouds (1610.06545, 2106.05285).

    Boosted trees judge by high-level features, which for jets include tau21, tau32 and D2; ``c2st_hl`` is the area
    under their ROC curve, ``c2st_hl_jsd`` the lower bound of the Jensen-Shannon divergence in bits that it implies.
    ``c2st`` and ``c2st_jsd`` are the same of the trees and a network of sets together, by logistic regression on their
    two outputs. Rows of a table are judged by trees on the columns and the ratios of positive ones, and have ``c2st``
    only. 0.5 and 0 mean that nothing was found, 1 and 1 that the classes are separated perfectly. All are computed on
    clouds that nothing was trained on, after an isotonic calibration on the selection clouds; a divergence can be
    slightly negative if there is nothing to find.

    Each class is cut at random to the size of the smaller one and split into five parts. Each training learns on three
    of them, is selected and calibrated on the fourth, and reports on the fifth, which no other training reports on.
    Values are means over the trainings, and ``stderr`` is their standard error (:func:`.verdict.mean_score`). Where
    there is nothing to find, an AUC from n clouds a class has the error sqrt((2 n + 1) / 12) / n, with n all the clouds
    reported on: 0.0053 for three parts of 2,000.

    Clouds without high-level features, such as points with nothing but categories, have no ``c2st_hl``.

    Generated clouds with weights count by them in the training, the calibration and the scores. Both classes keep the
    same sum of weights in every part, so that 0.5 and 0 still mean that nothing was found.

    Copies of single clouds among the generated ones are found, because they are in all parts. Copies of other true
    clouds, such as training clouds of the generator, cannot be found.
    """

    name: ClassVar[str] = "c2st"
    profile: ClassVar[Profile] = SLOW

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """Areas and divergences, those of the set classifier first.

        The areas against ``ctx.halves`` of the truth are those of the same trainings: of the true clouds that they
        report on, the ones in the half.

        Raises:
            DataError: if one side has fewer than 50 clouds.
            TrainingError: if a loss or a gradient is not finite.
        """
        found: dict[str, list[Verdict]] = {}
        for name, verdict in self.verdicts(real, fake, ctx):
            found.setdefault(name, []).append(verdict)
        halves = {name: _areas_against(ctx.halves, verdicts) for name, verdicts in found.items()}
        return replace(_summary(self.name, found), halves={name: areas for name, areas in halves.items() if areas})

    def verdicts(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Iterator[tuple[str, Verdict]]:
        """What each training says of the clouds that it reports on: with the points, then by observables alone.

        Yields:
            The name of the value that it belongs to, ``c2st`` or ``c2st_hl``, and the verdict.

        Raises:
            DataError: if one side has fewer than 50 clouds.
            TrainingError: if a loss or a gradient is not finite.
        """
        fewest = min(len(real), len(fake))
        if fewest < _FEWEST:
            msg = f"{self.name} splits each side in five and needs {_FEWEST} clouds or more there, not {fewest}"
            raise DataError(msg)
        most = self.profile.clouds if self._has_points else self.profile.rows
        folds = Folds.of(real, fake, most, ctx.rng("metric"))
        done, total = 0, self.profile.trainings * (2 if self._has_points and self._has_observables else 1)
        for number in range(self.profile.trainings):
            for one in self._training(folds.samples(number), ctx.at("training", number)):
                done += 1
                ctx.report("progress", done=done, total=total, unit="trainings")
                yield one

    @property
    def _has_points(self) -> bool:
        """Whether clouds are more than the rows of a table."""
        return self.cloud_spec.max_points > 1

    @property
    def _has_observables(self) -> bool:
        return len(high_level_names(self.cloud_spec)) > 0

    def _training(self, samples: Samples, ctx: MetricContext) -> Iterator[tuple[str, Verdict]]:
        """The verdicts after a training on one split."""
        encoder = Encoder(samples.learn.clouds, self.cloud_spec, self.profile.points)
        inputs = [encoder(one.clouds) for one in samples]
        if not self._has_points:
            yield self.name, Verdict.of(samples, _by_trees(self.profile.columns, inputs, samples))
            return
        found = self._by_set_network(inputs, samples, ctx)
        if not self._has_observables:
            yield self.name, Verdict.of(samples, found)
            return
        of_observables = self._by_observables(inputs, samples, ctx)
        yield self.name, Verdict.of(samples, combined(samples.select, found, of_observables))
        yield f"{self.name}_hl", Verdict.of(samples, of_observables)

    def _by_set_network(self, inputs: Sequence[Inputs], samples: Samples, ctx: MetricContext) -> Logits:
        from jetgen.metrics.c2st.training import set_classifier, trained_outputs
        from jetgen.torch.training import seeded

        with seeded(ctx.torch_seed("metric")):
            network = set_classifier(inputs[0], self.profile.set_width, self.profile.pairs)
        return trained_outputs(network, inputs, samples, self.profile.set_recipe, ctx)

    def _by_observables(self, inputs: Sequence[Inputs], samples: Samples, ctx: MetricContext) -> Logits:
        if isinstance(self.profile.high_level, Trees):
            return _by_trees(self.profile.high_level, inputs, samples)
        from jetgen.metrics.c2st.networks import HighLevelClassifier
        from jetgen.metrics.c2st.training import trained_outputs
        from jetgen.torch.training import seeded

        perceptron, inputs = self.profile.high_level, [one.without_points() for one in inputs]
        with seeded(ctx.torch_seed("metric")):
            network = HighLevelClassifier(inputs[0].whole.shape[1], perceptron.width)
        return trained_outputs(network, inputs, samples, perceptron.recipe, ctx)


def _by_trees(trees: Trees, inputs: Sequence[Inputs], samples: Samples) -> Logits:
    return tree_outputs([one.whole for one in inputs], samples, trees)


def _summary(metric: str, found: Mapping[str, list[Verdict]]) -> Measurement:
    """The means over the trainings with their standard errors, area and divergence of each classifier."""
    scores = {}
    for name, verdicts in found.items():
        scores[name] = mean_score([verdict.auc for verdict in verdicts])
        scores[f"{name}_jsd"] = mean_score([verdict.jsd for verdict in verdicts])
    values = {name: score.value for name, score in scores.items()}
    errors = {name: score.stderr for name, score in scores.items()}
    return Measurement(values.pop(metric), values, errors.pop(metric), errors)


def _areas_against(halves: Sequence[NDArray[np.int64]], verdicts: Sequence[Verdict]) -> tuple[float, ...]:
    """The mean area over the trainings against each half of the truth; empty if one of them reports on none of it."""
    areas = [[verdict.area_against(half) for verdict in verdicts] for half in halves]
    known = [[area for area in each if area is not None] for each in areas]
    return tuple(fmean(each) for each in known) if known == areas else ()


class FastClassifierTest(ClassifierTest):
    """``c2st_fast``: the same with one training of fewer epochs, for every table: half a minute for 10,000 clouds.

    It finds a little less than ``c2st``, and its error is larger: 0.0091 where there is nothing to find among 2,000
    reported clouds of a class.
    """

    name = "c2st_fast"
    profile = FAST


class PaperClassifierTest(ClassifierTest):
    """``c2st_paper``: the same with up to 100,000 clouds a class, 50 epochs and five trainings (2410.21611)."""

    name = "c2st_paper"
    profile = PAPER
