"""From the records of a cell's stages to its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jetgen.evaluation.choice import clash
from jetgen.evaluation.floors import band
from jetgen.harness.store.keys import metric_modules
from jetgen.harness.store.plan import PLAN_FORMAT, CellPlan, MetricPlan
from jetgen.harness.store.provenance import machine, versions
from jetgen.harness.store.row import CostRecord, Row, Score, Status, read_row
from jetgen.harness.store.stage_record import StageRecord
from jetgen.harness.store.stages import StageStore
from jetgen.io.json_objects import digest

__all__ = ["ended_row", "is_whole", "make_row", "row_without_run"]


_WELL = {"status": "ok", "phase": None, "error_type": None, "error": None}


def ended_row(
    cell: CellPlan, status: Status, error: str, *, phase: str | None = None, error_type: str | None = None
) -> Row:
    """The row of a cell that did not get as far as a record."""
    return Row(**_identity(cell), status=status, phase=phase, error_type=error_type, error=error)


def row_without_run(store: StageStore) -> Row | None:
    """The row of a cell that must not run; None if it may.

    The plan skips it, its plugin cannot be loaded, or a cell that it needs has not ended well.
    """
    run, plan, cell = store.run, store.plan, store.cell
    if cell.unloadable is not None:
        return ended_row(cell, "unloadable", cell.unloadable, phase="load")
    if cell.skip is not None:
        return ended_row(cell, "skipped", cell.skip)
    for upstream in cell.needs.values():
        row = read_row(run, plan.cell(upstream))
        if row is not None and not row.scored:
            return ended_row(cell, "skipped", f"upstream failed: {upstream} is {row.status}")
        if row is None or not store.of(upstream).finished("fit"):
            return ended_row(cell, "skipped", f"upstream {upstream} has not run")
    return None


def make_row(store: StageStore, *, timing: bool = True) -> Row:
    """The row that the records of the cell amount to. It is ok only if every stage has a record of today.

    Arguments:
        timing: False if the timing stage is still to come.
    """
    cell, records = store.cell, store.current()
    fit = records.get("fit")
    left_out = _left_out(cell, records)
    judged = [metric for metric in cell.metrics if metric.name not in left_out]
    scores = {name: score for metric in judged for name, score in _scores(metric, records).items()}
    return Row(
        **_identity(cell),
        **_outcome(store, records, timing=timing),
        keys={stage: record.key for stage, record in records.items()},
        metrics={metric.name: metric.spec for metric in cell.metrics},
        metric_versions=_metric_versions(cell, records),
        scores=scores,
        checksum=_checksum(scores),
        skipped_metrics={**cell.metrics_skipped, **left_out},
        counts=records["sample"].results.get("counts", {}) if "sample" in records else {},
        cost=_cost(store, records),
        strays=tuple(name for record in records.values() for name in record.strays),
        provenance={
            **machine(),
            **store.plan.environment,
            "versions": fit.versions if fit is not None else versions(),
        },
    )


def _outcome(store: StageStore, records: Mapping[str, StageRecord], *, timing: bool) -> dict[str, Any]:
    """The status of the row, and what went wrong."""
    bad = next((record for record in records.values() if not record.done), None)
    if bad is not None:
        return {"status": bad.status, "phase": bad.stage, "error_type": bad.error_type, "error": bad.error}
    missing = next((stage for stage in store.stages if stage not in records and (timing or stage != "timing")), None)
    if missing is not None:
        reason = next(iter(store.reasons(missing)), "it has not run")
        error = f"there is no result of {missing} for the code and data of today ({reason}); run the same command again"
        return {"status": "failed", "phase": missing, "error_type": "Outdated", "error": error}
    truncated = any(record.status == "truncated" for record in records.values())
    return {"status": "truncated" if truncated else "ok"}


def is_whole(row: Row, store: StageStore) -> bool:
    """Whether ``row`` was made from the records that the cell has now, for the plan that it has now."""
    cell, records = store.cell, store.current()
    identity = _identity(cell)
    return (
        row.keys == {stage: record.key for stage, record in records.items()}
        and row.cost.seconds == {stage: record.seconds for stage, record in records.items()}
        and row.checksum == _checksum(row.scores)
        and {**_WELL, **_outcome(store, records, timing=True)} == row.model_dump(include=set(_WELL))
        and row.metrics == {metric.name: metric.spec for metric in cell.metrics}
        and row.metric_versions == _metric_versions(cell, records)
        and row.skipped_metrics == {**cell.metrics_skipped, **_left_out(cell, records)}
        and digest(row.model_dump(mode="json", include=set(identity))) == digest(identity)
    )


def _failed_metrics(records: Mapping[str, StageRecord]) -> dict[str, str]:
    """Why a metric has no score, for each whose stage did not end well."""
    return {
        record.stage.removeprefix("metric."): f"{record.status}: {record.error}"
        for record in records.values()
        if not record.done and record.stage.startswith("metric.")
    }


def _identity(cell: CellPlan) -> dict[str, Any]:
    """The fields of a row that the plan decides."""
    generator, dataset = cell.generator, cell.dataset
    of_generator = ("shown_as", "distribution", "version", "preset", "settings", "overrides", "baseline")
    return {
        "format": PLAN_FORMAT,
        **{name: getattr(cell, name) for name in ("id", "kind", "seed", "draws", "device", "threads", "needs")},
        "dataset": dataset.name,
        "size": dataset.size,
        "data": dataset.identity,
        "generator": None if generator is None else generator.name,
        **{name: getattr(generator, name) for name in of_generator if generator is not None},
    }


def _checksum(scores: Mapping[str, Score]) -> str:
    return digest({name: vars(score) for name, score in scores.items()})


def _metric_versions(cell: CellPlan, records: Mapping[str, StageRecord]) -> dict[str, str]:
    """By metric, which version of it has computed the scores."""
    found = {metric.name: (metric, records.get(f"metric.{metric.name}")) for metric in cell.metrics}
    return {
        name: f"{metric.distribution} {metric.version} {digest(metric_modules(metric, record.modules))[:12]}"
        for name, (metric, record) in found.items()
        if record is not None and record.done
    }


def _left_out(cell: CellPlan, records: Mapping[str, StageRecord]) -> dict[str, str]:
    """Why a metric has no score, for each whose stage failed or left it out or whose names are those of another."""
    found = _failed_metrics(records)
    names, seen = {metric.name for metric in cell.metrics}, set[str]()
    for metric in cell.metrics:
        record = records.get(f"metric.{metric.name}")
        results = record.results if record is not None and record.done else {"values": {}}
        given = results["values"]
        if reason := results.get("skipped") or clash(metric.name, given, names, seen):
            found[metric.name] = reason
        else:
            seen.update(given)
    return found


def _scores(metric: MetricPlan, records: Mapping[str, StageRecord]) -> dict[str, Score]:
    record = records.get(f"metric.{metric.name}")
    if record is None or not record.done:
        return {}
    found = {}
    every_stderr = record.results["stderr"]
    for name, values in record.results["values"].items():
        stderr = float(np.mean(every_stderr[name])) if name in every_stderr else None
        of_draws = band(values, stderr)
        found[name] = Score(
            metric=metric.name,
            values=values,
            mean=of_draws.mean,
            spread=float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
            low=of_draws.low,
            high=of_draws.high,
            stderr=stderr,
            halves=record.results.get("halves", {}).get(name, []),
            n_real=record.results["n_real"],
            n_fake=record.results["n_fake"],
        )
    return found


def _cost(store: StageStore, records: Mapping[str, StageRecord]) -> CostRecord:
    fit = records["fit"].results if "fit" in records else {}
    timing = records["timing"].results if "timing" in records else {}
    inherited = _inherited(store)
    cost = CostRecord(
        parameters=fit.get("parameters"),
        steps=fit.get("steps"),
        fit_seconds=fit.get("fit_seconds"),
        inherited_fit_seconds=inherited,
        sample_seconds=records["sample"].seconds if "sample" in records else None,
        microseconds_per_cloud=_micro(timing.get("generator_seconds")),
        simulator_microseconds_per_cloud=_micro(timing.get("simulator_seconds")),
        simulator_ratio=timing.get("ratio"),
        microseconds_by_batch={n: seconds * 1e6 for n, seconds in timing.get("seconds_by_batch", {}).items()},
        timing_device=timing.get("device"),
        timing_threads=timing.get("threads"),
        precision=timing.get("precision"),
        peak_bytes={stage: record.peak_bytes for stage, record in records.items()},
        seconds={stage: record.seconds for stage, record in records.items()},
    )
    return cost.model_copy(update={"break_even_clouds": _break_even(cost, store.cell.dataset.counts)})


def _break_even(cost: CostRecord, counts: tuple[int, int, int]) -> float | None:
    """Clouds after which the training, and the simulation of its data, have paid; None if they never do."""
    ours, theirs = cost.microseconds_per_cloud, cost.simulator_microseconds_per_cloud
    if ours is None or theirs is None or cost.fit_seconds is None or ours >= theirs:
        return None
    data_seconds = (counts[0] + counts[1]) * theirs * 1e-6
    return (cost.fit_seconds + cost.inherited_fit_seconds + data_seconds) / ((theirs - ours) * 1e-6)


def _inherited(store: StageStore) -> float:
    total = 0.0
    for upstream in store.cell.needs.values():
        row = read_row(store.run, store.plan.cell(upstream))
        if row is not None:
            total += (row.cost.fit_seconds or 0.0) + row.cost.inherited_fit_seconds
    return total


def _micro(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e6
