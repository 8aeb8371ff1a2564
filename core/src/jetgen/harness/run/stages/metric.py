"""Metric stage: one metric for every draw of a model, or for every draw of a floor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from jetgen.api.metric import Measurement
from jetgen.api.protocols import Dataset, Generator, MetricContext, SupportsDensity, SupportsResponse
from jetgen.api.specs import MetricSpec
from jetgen.data.clouds import Clouds
from jetgen.errors import PluginError
from jetgen.evaluation.choice import unweighted
from jetgen.evaluation.floors import answered_floor, floor_draws
from jetgen.evaluation.halves import compared_with_halves, truth_halves
from jetgen.evaluation.scorer import Scorer
from jetgen.evaluation.strata import strata
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.io.cloud_file import open_clouds

__all__ = ["metric"]


def metric(stage: StageContext) -> dict[str, Any]:
    """The results of one metric: ``values`` and ``stderr`` by name, one per draw, and the numbers of clouds compared.

    ``stderr`` has the names whose uncertainty the metric itself computes, ``halves`` those of a model that could be
    compared with halves of the truth: its first draw against each half. ``skipped`` says why there are no values.
    """
    plan = next(one for one in stage.cell.metrics if stage.name == f"metric.{one.name}")
    spec = stage.cell.dataset.spec
    scorer = Scorer(stage.load(plan.spec.target).create(spec))
    dataset = stage.dataset()
    test = dataset.load("test")
    train = dataset.load("train") if "train" in plan.spec.needs else None
    stage.begin()
    given = stage.context
    context = MetricContext(
        seed=given.seed,
        device=given.device,
        threads=given.threads,
        listener=given.listener,
        train=train,
        model=_model(stage) if "model" in plan.spec.needs else None,
        density=cast("SupportsDensity", dataset).log_prob if stage.cell.dataset.density else None,
        response=cast("SupportsResponse", dataset).response if stage.cell.dataset.response else None,
    )
    number, n_real, halves = stage.cell.draws_of(plan), len(test), dict[str, list[float]]()
    if reason := _left_out(stage, plan.spec):
        return {"values": {}, "stderr": {}, "halves": {}, "n_real": n_real, "n_fake": n_real, "skipped": reason}
    n_fake = n_real
    if stage.cell.generator is None and stage.cell.dataset.response:
        answer = cast("SupportsResponse", dataset).answer
        draws = answered_floor(scorer, test[:n_real], answer, number, context)
    elif stage.cell.generator is None:
        truth = _truth(dataset, with_train=train is None)
        n_real, n_fake, draws = floor_draws(scorer, truth, n_real, n_real, number, context, strata(truth, spec))
    else:
        draws, halves = _model_draws(stage, scorer, plan.spec, test[:n_real], number, context)
    return {
        "values": _by_name([draw.named(plan.name) for draw in draws]),
        "stderr": _by_name([draw.named_stderr(plan.name) for draw in draws]),
        "halves": halves,
        "n_real": n_real,
        "n_fake": n_fake,
    }


def _left_out(stage: StageContext, spec: MetricSpec) -> str | None:
    """Why the metric cannot judge the samples of the cell; None if it can."""
    if stage.cell.generator is None:
        return None
    with open_clouds(stage.folder / "samples.h5") as samples:
        return unweighted(spec, weights=samples.weighted)


def _model_draws(
    stage: StageContext, scorer: Scorer, spec: MetricSpec, test: Clouds, number: int, context: MetricContext
) -> tuple[list[Measurement], dict[str, list[float]]]:
    """The scores of the first draws of the cell's samples, each as large as ``test``; the first against halves too."""
    real, n, draws, halves = scorer.featurise(test, context), len(test), [], dict[str, list[float]]()
    with open_clouds(stage.folder / "samples.h5") as samples:
        for draw in range(number):
            at = context.at("draw", draw)
            fake = scorer.featurise(samples[draw * n : (draw + 1) * n], at)
            if draw == 0:
                at = replace(at, halves=truth_halves(test, stage.cell.dataset.spec))
                found, halves = compared_with_halves(scorer, spec, real, fake, at)
            else:
                found = scorer.compare(real, fake, at)
            draws.append(found)
            context.report("progress", done=draw + 1, total=number, unit="draws")
    return draws, halves


def _by_name(draws: list[dict[str, float]]) -> dict[str, list[float]]:
    odd = next((name for draw in draws for name in draw.keys() ^ draws[0].keys()), None)
    if odd is not None:
        msg = f"the draws have other components: {odd} is in some of them only"
        raise PluginError(msg)
    return {name: [draw[name] for draw in draws] for name in draws[0]}


def _model(stage: StageContext) -> Generator:
    """The trained generator of the cell, for a metric that needs it."""
    return stage.generator_class().load(stage.folder / "model", stage.cell.device)


def _truth(dataset: Dataset, *, with_train: bool) -> Clouds:
    """All independent true clouds: without the training clouds if the metric compares with these."""
    splits = [dataset.load("val"), dataset.load("test")] + ([dataset.load("train")] if with_train else [])
    return Clouds.concatenate([source[: len(source)] for source in splits])
