"""Metric: one figure of merit for every draw of a model, or its floor band."""

from __future__ import annotations

from typing import Any

from jetgen.clouds import Clouds
from jetgen.files import open_clouds
from jetgen.harness.stages.work import Work
from jetgen.protocols import Dataset, MetricContext
from jetgen.scoring import floor_draws, score

__all__ = ["FLOOR_DRAWS", "metric"]

FLOOR_DRAWS = 30
"""Splits of the truth behind each floor band."""


def metric(work: Work) -> dict[str, Any]:
    """The values of one metric by name, one per draw, and the numbers of clouds behind them."""
    plan = next(one for one in work.cell.metrics if work.stage == f"metric.{one.name}")
    judge = work.load(plan.target).create(work.cell.dataset.spec)
    dataset = work.dataset()
    test = dataset.load("test")
    train = dataset.load("train") if "train" in plan.needs else None
    context = MetricContext(
        seed=work.context.seed, device=work.context.device, threads=work.context.threads, train=train
    )
    work.begin()
    n = len(test)
    if work.cell.generator is None:
        n_real, n_fake, draws = floor_draws(
            judge, _truth(dataset, with_train=train is None), n, n, FLOOR_DRAWS, context
        )
    else:
        real, n_real, n_fake, draws = test[:n], n, n, []
        with open_clouds(work.folder / "samples.h5") as samples:
            for draw in range(work.cell.draws):
                fake = samples[draw * n : (draw + 1) * n]
                draws.append(score(judge, real, fake, context.at("draw", draw)))
    values = {name: [float(draw[name]) for draw in draws] for name in draws[0]}
    return {"values": values, "n_real": n_real, "n_fake": n_fake}


def _truth(dataset: Dataset, *, with_train: bool) -> Clouds:
    """All clouds that a metric may take for independent truth: not the training ones if it looks at those."""
    splits = [dataset.load("val"), dataset.load("test")] + ([dataset.load("train")] if with_train else [])
    return Clouds.concatenate([source[: len(source)] for source in splits])
