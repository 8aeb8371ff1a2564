"""The resolution of each true particle: whether generated replicas are measured as wrongly as true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.answers.events import common_events
from jetgen.metrics.answers.matching import Coordinates, Matches, matched, resolution_of

__all__ = ["FEWEST", "Moments", "Resolution"]

Float64 = NDArray[np.float64]

FEWEST = 20
"""Replicas of a particle on either side: a variance from fewer says little."""

_NARROWEST = 1e-12  # of a generated variance, in units of the true one


class Resolution(CloudMetric):
    """``resolution``: how wrong the variance of the residuals of a true particle is over its replicas (2211.06406).

    Points are matched with the particles of their event (:func:`.matching.matched`). For each particle with 20 matched
    replicas or more on both sides, ln(s2 generated / s2 true) is formed of each feature; ``resolution`` is its root
    mean square over particles and features. From R replicas a side truth has sqrt(4 / (R - 1)).

    Components: ``resolution_pull``, the root mean square of (mean generated - mean true) in units of its error, which
    is 1 where nothing is biased; of each feature the median of the logarithm, ``resolution_pt`` and so on, negative
    where the generated residuals are too narrow, and its interquartile range, ``resolution_pt_iqr``; and
    ``resolution_correlation``, of the logarithms of both variances over the particles, mean over the features.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The figures over all particles that have enough replicas.

        Raises:
            DataError: if the sides do not answer the same true events, no particle has enough replicas, or points and
                particles cannot be compared.
        """
        del ctx
        given, true_event, made_event = common_events(real, fake, "resolution")
        coordinates = Coordinates(self.cloud_spec)
        width = resolution_of(real, true_event, given, coordinates)
        sides = [
            Moments.of(matched(clouds, event, given, coordinates, width), len(given.points))
            for clouds, event in ((real, true_event), (fake, made_event))
        ]
        enough = np.minimum(sides[0].count, sides[1].count) >= FEWEST
        if not enough.any():
            most = int(np.minimum(sides[0].count, sides[1].count).max(initial=0))
            msg = f"resolution needs true particles with {FEWEST} replicas or more on both sides; the most are {most}"
            raise DataError(msg)
        return _figures(sides[0].some(enough), sides[1].some(enough), coordinates.names)


@dataclass(frozen=True)
class Moments:
    """What the matched points of each particle have in common.

    Arguments:
        count: int64 (P,), how many there are.
        mean, variance: float64 (P, F), of their residuals.
    """

    count: NDArray[np.int64]
    mean: Float64
    variance: Float64

    @classmethod
    def of(cls, matches: Matches, particles: int) -> Moments:
        """Those of all ``particles``; of one without points they are 0."""
        count = np.bincount(matches.particle, minlength=particles)
        divisor = np.maximum(count, 1)[:, None]
        mean = _sums(matches.particle, matches.residual, particles) / divisor
        apart = np.square(matches.residual - mean[matches.particle])
        return cls(count, mean, _sums(matches.particle, apart, particles) / np.maximum(count - 1, 1)[:, None])

    def some(self, chosen: NDArray[np.bool_]) -> Moments:
        """Those of the chosen particles (P,)."""
        return Moments(self.count[chosen], self.mean[chosen], self.variance[chosen])


def _sums(particle: NDArray[np.int64], values: Float64, particles: int) -> Float64:
    return np.stack([np.bincount(particle, column, minlength=particles) for column in values.T], axis=1)


def _figures(true: Moments, made: Moments, names: list[str]) -> Measurement:
    least = np.where(true.variance > 0, _NARROWEST * true.variance, 1.0)
    logs = np.log(np.maximum(made.variance, least)), np.log(np.maximum(true.variance, least))
    ratio = logs[0] - logs[1]
    error = np.sqrt(np.maximum(made.variance, least) / made.count[:, None] + true.variance / true.count[:, None])
    pull = (made.mean - true.mean) / error
    components = {"resolution_pull": float(np.sqrt(np.square(pull).mean()))}
    for name, column in zip(names, ratio.T, strict=True):
        low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
        components |= {f"resolution_{name}": float(middle), f"resolution_{name}_iqr": float(high - low)}
    components["resolution_correlation"] = float(
        np.mean([_correlation(*pair) for pair in zip(*(each.T for each in logs), strict=True)])
    )
    return Measurement(float(np.sqrt(np.square(ratio).mean())), components)


def _correlation(first: Float64, second: Float64) -> float:
    """Of two samples; 0 where one is constant."""
    spread = first.std() * second.std()
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread) if spread > 0 else 0.0
