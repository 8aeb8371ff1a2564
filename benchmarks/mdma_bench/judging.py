"""How choices are judged: generated jets against all true ones that are not test jets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jetgen
from jetgen import Clouds
from jetgen.metrics.efp_distance import EfpDistance
from jetgen.metrics.sliced import SlicedDistance
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance
from jetgen.notebook import DatasetHandle

__all__ = ["METRICS", "judged", "truth_to_choose_by"]

METRICS: Mapping[str, Any] = {
    "w1m": MassDistance,
    "w1p": FeatureDistance,
    "w1efp": EfpDistance,
    "sliced": SlicedDistance,
}


def truth_to_choose_by(data: DatasetHandle) -> Clouds:
    """Train and validation clouds together."""
    return Clouds.concatenate([data.train[: len(data.train)], data.val[: len(data.val)]])


def judged(truth: Clouds, fake: Clouds, spec: jetgen.CloudSpec) -> dict[str, float]:
    """The score of each of :data:`METRICS`."""
    context = jetgen.MetricContext(seed=1)
    return {name: cls.create(spec).compute(truth, fake, context).value for name, cls in METRICS.items()}
