"""What a trained classifier says of clouds that it was not trained on, and how sure its scores are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.metrics.c2st.calibration import (
    Calibration,
    Float64,
    Labels,
    area_under_curve,
    area_variance,
    mean_variance,
    shannon_divergence,
)
from jetgen.metrics.c2st.splitting import Samples

__all__ = ["Logits", "Score", "Verdict", "mean_score"]


@dataclass(frozen=True)
class Score:
    """A value and its standard error."""

    value: float
    stderr: float


class Logits(NamedTuple):
    """The outputs of a classifier on clouds that it has not learnt from; large for true ones.

    Arguments:
        select: float64 (N,), of the clouds that it was selected by.
        report: float64 (N,), of those to report on.
    """

    select: Float64
    report: Float64


@dataclass(frozen=True)
class Verdict:
    """The calibrated outputs of one classifier on the clouds that it reports on, equally many of both classes.

    Arguments:
        probabilities: float64 (N,), that a cloud is a true one.
        labels: True for true clouds.
        rows: int64 (N,), the number of each cloud among the true or among the generated ones.
        weights: float64 (N,), of mean 1 in each class; None if all clouds count alike.
    """

    probabilities: Float64
    labels: Labels
    rows: NDArray[np.int64]
    weights: Float64 | None = None

    @classmethod
    def of(cls, samples: Samples, logits: Logits) -> Self:
        """The verdict on the clouds to report on; the outputs are calibrated by the selection clouds."""
        select, report = samples.select, samples.report
        calibration = Calibration(logits.select, select.labels, select.weights)
        return cls(calibration(logits.report), report.labels, report.rows, report.weights)

    @property
    def auc(self) -> Score:
        """The area under the ROC curve; its error is that of the clouds reported on (DeLong 1988)."""
        variance = area_variance(self.probabilities, self.labels, self.weights)
        return Score(area_under_curve(self.probabilities, self.labels, self.weights), math.sqrt(variance))

    def area_against(self, half: NDArray[np.int64]) -> float | None:
        """The area with no other true clouds than those whose numbers are in ``half``; None if it reports on none."""
        inside = np.isin(self.rows, half)
        if not inside[self.labels].any():
            return None
        kept = inside | ~self.labels
        weights = None if self.weights is None else self.weights[kept]
        return area_under_curve(self.probabilities[kept], self.labels[kept], weights)

    @property
    def jsd(self) -> Score:
        """The lower bound of the Jensen-Shannon divergence in bits."""
        logs = np.log2(np.where(self.labels, self.probabilities, 1.0 - self.probabilities))
        error = math.sqrt(mean_variance(logs, self.weights))
        return Score(shannon_divergence(self.probabilities, self.labels, self.weights), error)


def mean_score(scores: list[Score]) -> Score:
    """The mean of the scores of trainings that report on different clouds.

    Its error comes from the clouds, or from the spread of the trainings if that is larger: two trainings differ by
    more than what they report on.

    >>> mean_score([Score(0.6, 0.03), Score(0.6, 0.04)]).stderr
    0.025
    """
    values = [score.value for score in scores]
    of_clouds = math.sqrt(sum(score.stderr**2 for score in scores)) / len(scores)
    of_trainings = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Score(float(np.mean(values)), max(of_clouds, of_trainings))
