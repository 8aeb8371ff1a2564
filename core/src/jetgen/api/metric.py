"""What every metric of ours starts from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec

__all__ = ["CloudMetric", "Measuring"]


class CloudMetric:
    """It remembers what the clouds mean."""

    def __init__(self, cloud_spec: CloudSpec) -> None:
        self.cloud_spec = cloud_spec

    @classmethod
    def create(cls, cloud_spec: CloudSpec) -> Self:
        """The metric for clouds of this meaning."""
        return cls(cloud_spec)


class Measuring(CloudMetric, ABC):
    """A metric in two steps: measure each cloud, then compare the measurements.

    A subclass gives :meth:`measure` and :meth:`compare`; harness and floors measure each cloud once.
    """

    @abstractmethod
    def measure(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, ...), the quantities of each cloud."""

    @abstractmethod
    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Mapping[str, float]:
        """The values for clouds with these quantities, the metric's own first."""

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Mapping[str, float]:
        """What :meth:`compare` says of the measurements of both sides."""
        return self.compare(self.measure(real, ctx), self.measure(fake, ctx), ctx)
