"""Rows made by hand, for tests of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jetgen.api.specs import MetricSpec
from jetgen.harness.store.plan import PLAN_FORMAT
from jetgen.harness.store.row import Row, Score

_HALF = {"direction": "half"}
_DIRECTIONS = {"c2st": _HALF, "c2st_fast": _HALF}


def score(mean: float, *, n: int = 10_000, metric: str = "w1m", halves: Iterable[float] = ()) -> Score:
    """A score of three draws around a mean."""
    values = [mean * 0.99, mean, mean * 1.01]
    return Score(
        metric=metric,
        halves=list(halves),
        values=values,
        mean=mean,
        spread=mean * 0.01,
        low=values[0],
        high=values[-1],
        n_real=n,
        n_fake=n,
    )


def row(
    generator: str | None,
    seed: int,
    scores: dict[str, Score],
    *,
    status: str = "ok",
    baseline: bool = False,
    preset: str = "quick",
    origin: str = "test",
    facts: Mapping[str, Any] | None = None,
    **more: Any,
) -> Row:
    """A row; ``facts`` are what the specs of its metrics say otherwise than usual."""
    usual = {"summary": "", "target": "m:C", "kinds": ("jets",), "smallest_n": 1000}
    metrics = {
        name: MetricSpec(name=name, **{**usual, **_DIRECTIONS.get(name, {}), **(facts or {})})
        for name in (one.metric for one in scores.values())
    }
    return Row(
        format=PLAN_FORMAT,
        id=f"{generator}.{seed}",
        kind="model" if generator else "floor",
        status=status,
        generator=generator,
        distribution=f"jetgen-{origin}",
        version="1",
        preset=preset if generator else None,
        baseline=baseline,
        dataset="jets",
        size="small",
        seed=seed,
        draws=3,
        device="cpu",
        threads=1,
        metrics=metrics,
        scores=scores,
        **more,
    )
