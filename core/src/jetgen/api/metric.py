"""What a metric returns, and the base classes of metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError

__all__ = ["CloudMetric", "FeatureMetric", "Measurement"]


@dataclass(frozen=True)
class Measurement:
    """The result of one comparison of generated with true clouds. All numbers are stored as plain floats.

    Arguments:
        value: the metric's own value, in the unit of its spec.
        components: further values by full name, such as ``"w1p_etarel"``.
        stderr: the uncertainty of ``value`` that the metric itself computes; None if it computes none.
        component_stderr: the same of components, by their names.
        halves: values against each of ``MetricContext.halves`` instead of all true clouds, by the full name of the
            metric or component; for a metric that has them without another comparison.

    Raises:
        DataError: if ``component_stderr`` names something that is not a component.

    >>> Measurement(0.25, {"w1p_etarel": 0.25}).named("w1p")
    {'w1p': 0.25, 'w1p_etarel': 0.25}
    """

    value: float
    components: Mapping[str, float] = field(default_factory=dict)
    stderr: float | None = None
    component_stderr: Mapping[str, float] = field(default_factory=dict)
    halves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [name for name in self.component_stderr if name not in self.components]
        if unknown:
            msg = f"component_stderr has {unknown[0]!r}, which is not among the components {', '.join(self.components)}"
            raise DataError(msg)
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "stderr", None if self.stderr is None else float(self.stderr))
        for part in ("components", "component_stderr"):
            object.__setattr__(self, part, {str(name): float(one) for name, one in getattr(self, part).items()})
        halves = {str(name): tuple(float(one) for one in values) for name, values in self.halves.items()}
        object.__setattr__(self, "halves", halves)

    def named(self, metric: str) -> dict[str, float]:
        """All values by name: that of the metric first, under the name ``metric``, then the components."""
        return {metric: self.value, **self.components}

    def named_stderr(self, metric: str) -> dict[str, float]:
        """All known uncertainties, by the names of :meth:`named`."""
        own = {} if self.stderr is None else {metric: self.stderr}
        return {**own, **self.component_stderr}


class CloudMetric:
    """Base class of metrics: keeps the spec of the clouds.

    Arguments:
        cloud_spec: features and conditioning of the clouds that will be compared.
    """

    def __init__(self, cloud_spec: CloudSpec) -> None:
        self.cloud_spec = cloud_spec

    @classmethod
    def create(cls, cloud_spec: CloudSpec) -> Self:
        """The metric for clouds of this spec."""
        return cls(cloud_spec)


class FeatureMetric(CloudMetric, ABC):
    """Base class of metrics in two steps: compute features of each cloud, then compare two sets of features.

    A subclass gives :meth:`featurise` and :meth:`compare`. Evaluations and floors then featurise every cloud once. One
    that takes the weights of generated clouds has ``compare(real, fake, ctx, weights=None)``, and says ``weighted`` in
    its spec.
    """

    @abstractmethod
    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, ...), the features of each cloud. They must not depend on the other clouds."""

    @abstractmethod
    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """The result for true and generated clouds with these features, (N, ...) and (M, ...)."""

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The comparison of the features of both sides."""
        weights = {} if fake.weights is None else {"weights": fake.weights}
        return self.compare(self.featurise(real, ctx), self.featurise(fake, ctx), ctx, **weights)
