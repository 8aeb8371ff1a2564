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

__all__ = ["METRICS", "judged", "seen", "shown", "truth_to_choose_by"]

METRICS: Mapping[str, Any] = {
    "w1m": MassDistance,
    "w1p": FeatureDistance,
    "w1efp": EfpDistance,
    "sliced": SlicedDistance,
}


SEEN = {"delta_r_5": "5th ΔR", "delta_r_hardest": "ΔR hardest", "tau32": "τ32", "delta_r_largest_1": "largest ΔR"}
"""Observables of jets that our models get wrong, and what the table calls them."""


def truth_to_choose_by(data: DatasetHandle) -> Clouds:
    """Train and validation clouds together."""
    return Clouds.concatenate([data.train[: len(data.train)], data.val[: len(data.val)]])


def judged(truth: Clouds, fake: Clouds, spec: jetgen.CloudSpec) -> dict[str, float]:
    """The score of each of :data:`METRICS`."""
    context = jetgen.MetricContext(seed=1)
    return {name: cls.create(spec).compute(truth, fake, context).value for name, cls in METRICS.items()}


def seen(truth: Clouds, fake: Clouds, spec: jetgen.CloudSpec) -> dict[str, float]:
    """What the fast judge says, and the AUC of the best classifier of each observable of :data:`SEEN` alone."""
    found = jetgen.explain(truth, fake, spec, progress=False)
    high_level = found.judge.high_level
    assert high_level is not None
    alone = {one.observable.name: one.alone.value for one in found.findings if one.observable.name in SEEN}
    return {"judge": found.judge.auc.value, "judge_hl": high_level.value, **alone}


def shown(row: Mapping[str, Any]) -> str:
    """The second line of a row that :func:`seen` has a part in; empty for others."""
    if "judge" not in row:
        return ""
    alone = ", ".join(f"{title} {row[name]:.3f}" for name, title in SEEN.items())
    return f"\n    judge {row['judge']:.3f} ({row['judge_hl']:.3f} high-level); alone {alone}"
