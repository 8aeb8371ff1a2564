"""The base class of two-sample tests: equal numbers of clouds, high-level features, relabellings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.legal import legal_high_level, required_names, standardised
from jetgen.metrics.two_sample.permutations import FEWEST, measurement, relabellings

__all__ = ["HighLevelTest"]

_Array = NDArray[np.float64]

_FURTHEST = 100.0


class HighLevelTest(FeatureMetric, ABC):
    """Base class: are the observables of two samples drawn from one distribution?

    The observables are those of :func:`jetgen.metrics.observables.high_level.high_level`, in units of the mean and the
    standard deviation of the true clouds, as in ``sliced``; values beyond 100 of them are set to 100, so that one
    absurd cloud cannot hide the others. They contain no conditioning: what is tested is its average. The larger side
    is cut at random to the size of the smaller one, and both to ``most`` clouds.

    The null distribution is that of random relabellings of the pooled clouds. Its only assumption is that the clouds
    are independent. The units alone do not take part in it, which makes no difference beyond some tens of clouds.
    A generator that was given the conditioning of the test clouds resembles them a little more than independent truth
    would, so p is then on the safe side.
    """

    name: ClassVar[str]
    most: ClassVar[int]
    relabellings: ClassVar[int]

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> _Array:
        """float64 (N, D), the observables of each cloud."""
        return legal_high_level(clouds, self.cloud_spec, ctx, self.name)

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext) -> Measurement:
        """The statistic with its p-value.

        Raises:
            DataError: if there are fewer than 10 clouds on one side, or all features are categorical.
        """
        required_names(self.cloud_spec, self.name)
        if min(len(real), len(fake)) < FEWEST:
            msg = (
                f"{self.name} needs {FEWEST} clouds or more on each side; "
                f"there are {len(real)} true and {len(fake)} generated ones"
            )
            raise DataError(msg)
        rng, n = ctx.rng("metric"), min(len(real), len(fake), self.most)
        real, fake = (side.clip(-_FURTHEST, _FURTHEST) for side in standardised(real, fake))
        real, fake = (side[rng.permutation(len(side))[:n]] for side in (real, fake))
        pooled = np.concatenate([real, fake])
        statistics, stderr = self.statistics(pooled, relabellings(n, self.relabellings, rng), rng)
        return measurement(self.name, statistics, stderr, n)

    @abstractmethod
    def statistics(self, pooled: _Array, labels: NDArray[np.bool_], rng: np.random.Generator) -> tuple[_Array, float]:
        """float64 (1 + P,), the statistic of each row of labels, and the standard error of the first.

        Arguments:
            pooled: float64 (2 n, D), true clouds and then generated ones.
            labels: bool (1 + P, 2 n), those of :func:`jetgen.metrics.two_sample.permutations.relabellings`.
            rng: the source of any further randomness.
        """
