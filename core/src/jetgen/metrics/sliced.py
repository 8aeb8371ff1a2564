"""The sliced Wasserstein distance between the high-level observables of clouds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.legal import legal_high_level, required_names, standardised
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["DIRECTIONS", "SlicedDistance", "directions", "sliced_wasserstein"]

_Array = NDArray[np.float64]

DIRECTIONS = 256
"""Of sliced metrics."""

_SEED = 2409_16336
_BLOCK = 32  # directions at a time: 50,000 clouds then take tens of megabytes


def directions(n: int, dimension: int) -> _Array:
    """float64 (n, dimension), unit vectors, uniformly distributed over the sphere and the same in every call.

    >>> directions(256, 3).shape, float(np.linalg.norm(directions(2, 3)[0]).round(12))
    ((256, 3), 1.0)
    """
    vectors = np.random.default_rng(_SEED).normal(size=(n, dimension))
    unit: _Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def sliced_wasserstein(first: _Array, second: _Array, along: _Array, weights: _Array | None = None) -> float:
    """The mean over the directions ``along`` of the one-dimensional distance of two samples (N, D) (2409.16336).

    Arguments:
        weights: (M,), those of ``second``.
    """
    blocks = [along[start : start + _BLOCK] for start in range(0, len(along), _BLOCK)]
    pairs = (pair for block in blocks for pair in zip(block @ first.T, block @ second.T, strict=True))
    return float(np.mean([wasserstein(a, b, weights) for a, b in pairs]))


class SlicedDistance(FeatureMetric):
    """``sliced``: sliced W1 between the observables of :func:`jetgen.metrics.observables.high_level.high_level`.

    Both sides are standardised by the mean and the standard deviation of the true clouds, then projected on 256
    directions that are the same for all models and all draws of a floor. The components are the distances of the
    single standardised observables: ``sliced_mass`` and so on.
    """

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> _Array:
        """float64 (N, D), the observables of each cloud."""
        return legal_high_level(clouds, self.cloud_spec, ctx, "sliced")

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext, weights: _Array | None = None) -> Measurement:
        """The sliced distance, then that of each observable.

        Raises:
            DataError: if there are no clouds on one side, or all features are categorical.
        """
        del ctx
        names = required_names(self.cloud_spec, "sliced")
        if len(real) == 0 or len(fake) == 0:
            msg = f"sliced needs clouds on both sides; there are {len(real)} true and {len(fake)} generated ones"
            raise DataError(msg)
        real, fake = standardised(real, fake)
        each = {f"sliced_{name}": wasserstein(real[:, i], fake[:, i], weights) for i, name in enumerate(names)}
        return Measurement(sliced_wasserstein(real, fake, directions(DIRECTIONS, len(names)), weights), each)
