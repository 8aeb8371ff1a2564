"""What metrics share that compare quantities of single clouds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jetgen.cloud_spec import CloudSpec
from jetgen.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.base import CloudMetric
from jetgen.physics import clip_negative_pt
from jetgen.protocols import MetricContext

__all__ = ["Measuring", "standardised", "with_legal_pt"]


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


def with_legal_pt(clouds: Clouds, spec: CloudSpec, ctx: MetricContext, metric: str) -> Clouds:
    """The clouds with negative ``ptrel`` set to 0; how many that were is reported as an event ``clipped``."""
    clipped, count = clip_negative_pt(clouds, spec.index("ptrel"))
    if count:
        ctx.report("clipped", metric=metric, points=count)
    return clipped


def standardised(
    real: NDArray[np.float64], fake: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both in units of the spread of the true ones; what is constant there, up to rounding, keeps its own units.

    Raises:
        DataError: if there are no clouds on one side.
    """
    if len(real) == 0 or len(fake) == 0:
        msg = f"a distance needs clouds on both sides; there are {len(real)} true and {len(fake)} generated ones"
        raise DataError(msg)
    mean, sd = real.mean(axis=0), real.std(axis=0)
    sd[sd <= 1e-9 * np.abs(real).max(axis=0)] = 1.0
    return (real - mean) / sd, (fake - mean) / sd
