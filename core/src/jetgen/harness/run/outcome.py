"""From the records of a cell's stages to its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jetgen.evaluation.floors import SPREAD, band
from jetgen.harness.store.plan import PLAN_FORMAT, CellPlan, MetricPlan
from jetgen.harness.store.provenance import machine, versions
from jetgen.harness.store.records import Ledger, StageRecord
from jetgen.harness.store.row import Cost, Row, Score, Status, read_row

__all__ = ["ended_row", "make_row"]


def ended_row(
    cell: CellPlan, status: Status, error: str, *, phase: str | None = None, error_type: str | None = None
) -> Row:
    """The row of a cell that did not get as far as a record."""
    return Row(**_identity(cell), status=status, phase=phase, error_type=error_type, error=error)


def make_row(ledger: Ledger) -> Row:
    """The row that the records of the cell amount to."""
    cell = ledger.cell
    records = {
        stage: record
        for stage in ledger.stages
        if (record := ledger.record(stage)) is not None and not ledger.outdated(stage)
    }
    bad = next((record for record in records.values() if not record.done), None)
    truncated = any(record.status == "truncated" for record in records.values())
    failed_metrics = {
        record.stage.removeprefix("metric."): f"{record.status}: {record.error}"
        for record in records.values()
        if not record.done and record.stage.startswith("metric.")
    }
    fit = records.get("fit")
    return Row(
        **_identity(cell),
        status="truncated" if bad is None and truncated else "ok" if bad is None else bad.status,
        phase=bad.stage if bad is not None else None,
        error_type=bad.error_type if bad is not None else None,
        error=bad.error if bad is not None else None,
        keys={stage: record.key for stage, record in records.items()},
        scores={name: score for metric in cell.metrics for name, score in _scores(metric, records).items()},
        skipped_metrics={**cell.metrics_skipped, **failed_metrics},
        counts=records["sample"].results.get("counts", {}) if "sample" in records else {},
        cost=_cost(ledger, records),
        provenance={
            **machine(),
            **ledger.plan.environment,
            "versions": fit.versions if fit is not None else versions(),
        },
    )


def _identity(cell: CellPlan) -> dict[str, Any]:
    generator = cell.generator
    return {
        "format": PLAN_FORMAT,
        "id": cell.id,
        "kind": cell.kind,
        "generator": generator.name if generator is not None else None,
        "distribution": generator.distribution if generator is not None else None,
        "version": generator.version if generator is not None else None,
        "preset": generator.preset if generator is not None else None,
        "settings": generator.settings if generator is not None else {},
        "overrides": generator.overrides if generator is not None else {},
        "baseline": generator.baseline if generator is not None else False,
        "dataset": cell.dataset.name,
        "size": cell.dataset.size,
        "seed": cell.seed,
        "draws": cell.draws,
        "device": cell.device,
        "threads": cell.threads,
        "needs": cell.needs,
    }


def _scores(metric: MetricPlan, records: Mapping[str, StageRecord]) -> dict[str, Score]:
    record = records.get(f"metric.{metric.name}")
    if record is None or not record.done:
        return {}
    found = {}
    every = record.results["values"]
    for name, values in every.items():
        if name.endswith(SPREAD):
            continue
        own = float(np.mean(every[name + SPREAD])) if name + SPREAD in every else None
        of_draws = band(values, own)
        found[name] = Score(
            metric=metric.name,
            values=values,
            mean=of_draws.mean,
            spread=float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
            low=of_draws.low,
            high=of_draws.high,
            own_spread=own,
            n_real=record.results["n_real"],
            n_fake=record.results["n_fake"],
            unit=metric.unit,
            direction=metric.direction,
            ranked=metric.ranked,
            smallest_n=metric.smallest_n,
        )
    return found


def _cost(ledger: Ledger, records: Mapping[str, StageRecord]) -> Cost:
    fit = records["fit"].results if "fit" in records else {}
    timing = records["timing"].results if "timing" in records else {}
    inherited = _inherited(ledger)
    cost = Cost(
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
    return cost.model_copy(update={"break_even_clouds": _break_even(cost, ledger.cell.dataset.counts)})


def _break_even(cost: Cost, counts: tuple[int, int, int]) -> float | None:
    """Clouds after which the training, and the simulation of its data, have paid; None if they never do."""
    ours, theirs = cost.microseconds_per_cloud, cost.simulator_microseconds_per_cloud
    if ours is None or theirs is None or cost.fit_seconds is None or ours >= theirs:
        return None
    data_seconds = (counts[0] + counts[1]) * theirs * 1e-6
    return (cost.fit_seconds + cost.inherited_fit_seconds + data_seconds) / ((theirs - ours) * 1e-6)


def _inherited(ledger: Ledger) -> float:
    total = 0.0
    for upstream in ledger.cell.needs.values():
        row = read_row(ledger.run, ledger.plan.cell(upstream))
        if row is not None:
            total += (row.cost.fit_seconds or 0.0) + row.cost.inherited_fit_seconds
    return total


def _micro(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e6
