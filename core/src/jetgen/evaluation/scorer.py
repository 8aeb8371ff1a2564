"""A metric as evaluations use it: every sample is featurised once and compared as often as needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import Measurement
from jetgen.api.protocols import Metric, MetricContext, SupportsFeatures
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.registry.plugin import legal_name

__all__ = ["Features", "Sample", "Scorer"]


@dataclass(frozen=True)
class Features:
    """The features (N, ...) of some clouds, and the weights (N,) of the clouds if they have any."""

    values: NDArray[np.float64]
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: slice | NDArray[Any]) -> Features:
        return Features(self.values[key], None if self.weights is None else self.weights[key])


Sample = Clouds | Features
"""What is compared, one entry per cloud: features, or the clouds themselves if a metric has no features."""


class Scorer:
    """One form for both kinds of metrics: with :class:`jetgen.api.protocols.SupportsFeatures` and without.

    Arguments:
        metric: the metric. If it has no features of single clouds, the clouds themselves are compared.
    """

    def __init__(self, metric: Metric) -> None:
        self.name = type(metric).__name__
        self._featurise: Callable[[Clouds, MetricContext], Any] | None = None
        self._compare: Callable[..., Any] = metric.compute
        if isinstance(metric, SupportsFeatures):
            self._featurise, self._compare = metric.featurise, metric.compare

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> Sample:
        """What :meth:`compare` needs of these clouds; entries can be selected by cloud.

        Raises:
            DataError: if the number of feature rows is not the number of clouds.
        """
        if self._featurise is None:
            return clouds
        features = np.asarray(self._featurise(clouds, ctx))
        if features.shape[:1] != (len(clouds),):
            msg = f"{self.name} returned features of shape {features.shape} for {len(clouds)} clouds"
            raise DataError(msg)
        return Features(features, clouds.weights)

    def compare(self, real: Sample, fake: Sample, ctx: MetricContext) -> Measurement:
        """The measurement of two samples, as :meth:`featurise` returned them or a selection of their clouds.

        Raises:
            DataError: if the metric returns no :class:`jetgen.Measurement`, a number that is not finite, or a component
                with a name that no plugin could have.
        """
        if isinstance(real, Features) and isinstance(fake, Features):
            weights = {} if fake.weights is None else {"weights": fake.weights}
            found = self._compare(real.values, fake.values, ctx, **weights)
        else:
            found = self._compare(real, fake, ctx)
        if not isinstance(found, Measurement):
            msg = f"{self.name} returned {type(found).__name__}; a metric returns jetgen.Measurement(value, components)"
            raise DataError(msg)
        for name in found.components:
            if not legal_name(name):
                msg = f"{self.name} returned a component called {name!r}; use letters, digits and . _ + - ! ~"
                raise DataError(msg)
        halves = {f"{name} of half {i}": one for name, values in found.halves.items() for i, one in enumerate(values)}
        for label, number in {**found.named("value"), **found.named_stderr("stderr"), **halves}.items():
            if not math.isfinite(number):
                msg = f"{self.name}: {label} is {number} for {len(fake)} generated against {len(real)} true clouds"
                raise DataError(msg)
        return found

    def score(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The measurement of one sample of generated clouds.

        Raises:
            DataError: as :meth:`featurise` and :meth:`compare`.
        """
        return self.compare(self.featurise(real, ctx), self.featurise(fake, ctx), ctx)
