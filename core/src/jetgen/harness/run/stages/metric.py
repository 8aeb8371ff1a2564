"""Metric: one figure of merit for every draw of a model, or its floor band."""

from __future__ import annotations

from typing import Any

from jetgen.api.protocols import Dataset, Generator, MetricContext
from jetgen.data.clouds import Clouds
from jetgen.evaluation.floors import compared, floor_draws, seen, strata
from jetgen.harness.run.stages.work import Work
from jetgen.io.cloud_file import open_clouds

__all__ = ["metric"]


def metric(work: Work) -> dict[str, Any]:
    """The values of one metric by name, one per draw, and the numbers of clouds behind them."""
    plan = next(one for one in work.cell.metrics if work.stage == f"metric.{one.name}")
    spec = work.cell.dataset.spec
    judge = work.load(plan.target).create(spec)
    dataset = work.dataset()
    test = dataset.load("test")
    train = dataset.load("train") if "train" in plan.needs else None
    work.begin()
    given = work.context
    context = MetricContext(
        seed=given.seed,
        device=given.device,
        threads=given.threads,
        listener=given.listener,
        train=train,
        model=_model(work) if "model" in plan.needs else None,
    )
    n = len(test)
    number = work.cell.draws_of(plan)
    if work.cell.generator is None:
        truth = _truth(dataset, with_train=train is None)
        n_real, n_fake, draws = floor_draws(judge, truth, n, n, number, context, strata(truth, spec))
    else:
        real, n_real, n_fake, draws = seen(judge, test[:n], context), n, n, []
        with open_clouds(work.folder / "samples.h5") as samples:
            for draw in range(number):
                at = context.at("draw", draw)
                fake = seen(judge, samples[draw * n : (draw + 1) * n], at)
                draws.append(compared(judge, real, fake, at))
                context.report("progress", done=draw + 1, total=number, unit="draws")
    values = {name: [float(draw[name]) for draw in draws] for name in draws[0]}
    return {"values": values, "n_real": n_real, "n_fake": n_fake}


def _model(work: Work) -> Generator:
    """The trained generator of the cell, for a metric that asks it."""
    return work.generator_class().load(work.folder / "model", work.cell.device)


def _truth(dataset: Dataset, *, with_train: bool) -> Clouds:
    """All clouds that a metric may take for independent truth: not the training ones if it looks at those."""
    splits = [dataset.load("val"), dataset.load("test")] + ([dataset.load("train")] if with_train else [])
    return Clouds.concatenate([source[: len(source)] for source in splits])
