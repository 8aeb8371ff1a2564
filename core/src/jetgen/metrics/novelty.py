"""Novelty: whether generated clouds are new, or copies of training clouds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.metrics.nearest import TrainingVectors, nearest

__all__ = ["Novelty"]

_LEAST = 2_000
_WORK = 12_000_000  # numbers in the training vectors that every cloud can be compared with in seconds
_COPY = 1e-3


class Novelty(FeatureMetric):
    """``novelty``: the distance of generated clouds to the nearest training cloud, over that of test clouds.

    A cloud becomes a vector (:class:`jetgen.metrics.nearest.Embedding`). The value is the median Euclidean distance
    from a generated cloud to its nearest training cloud, divided by the same for test clouds. It is 1 for clouds as new
    as the truth and 0 for copies. A bad model is far from everything and has more than 1, so the metric is never
    ranked.

    ``novelty_copies`` is the fraction of generated clouds with a training cloud nearer than a thousandth of that
    median test distance: 1 for a replay in any order of the points, 0 for new clouds. (In one dimension some true
    clouds are as near by chance; the floor shows how many.)

    Every cloud is compared with *all* training clouds, so a model that memorised a few of them is found. Where the
    training vectors have more than 12 million numbers (124,000 clouds of 33 points with three features), only a share
    of the clouds is compared, inversely proportional to these numbers and not fewer than 2,000 clouds, chosen by
    ``ctx.rng("metric")``.
    """

    def __init__(self, cloud_spec: CloudSpec) -> None:
        super().__init__(cloud_spec)
        self._training = TrainingVectors("novelty", cloud_spec)

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N,), the distance of each cloud to the nearest training cloud; NaN if it is not compared.

        Raises:
            DataError: if there are no training clouds or no points in them.
        """
        embed, known = self._training.of(ctx.train, clouds)
        number = min(len(clouds), max(_LEAST, round(len(clouds) * _WORK / known.size)))
        chosen = np.sort(ctx.rng("metric").permutation(len(clouds))[:number])
        distances = np.full(len(clouds), np.nan)
        distances[chosen] = nearest(embed(clouds[chosen]), known)[0]
        return distances

    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """The ratio of the medians, and the fraction of copies.

        Raises:
            DataError: if there are no clouds on one side, or most test clouds are copies of training clouds.
        """
        del ctx
        real, fake = (side[~np.isnan(side)] for side in (real, fake))
        if len(real) == 0 or len(fake) == 0:
            msg = f"novelty needs clouds on both sides; there are {len(real)} true and {len(fake)} generated ones"
            raise DataError(msg)
        unit = float(np.median(real))
        if unit == 0.0:
            msg = "most test clouds are copies of training clouds themselves: novelty needs test clouds that are new"
            raise DataError(msg)
        return Measurement(float(np.median(fake)) / unit, {"novelty_copies": float(np.mean(fake < _COPY * unit))})
