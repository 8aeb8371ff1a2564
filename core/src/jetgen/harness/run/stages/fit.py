"""Fit: the generator is trained, or goes on training after a kill, and is saved."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jetgen.api.protocols import FitReport, Generator
from jetgen.errors import PluginError
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.harness.store.keys import changed_modules
from jetgen.harness.store.log_records import read_log
from jetgen.harness.store.plan import cell_folder
from jetgen.io.saved_model import save_model

__all__ = ["fit"]


def fit(stage: StageContext) -> dict[str, Any]:
    """Train and save; what an earlier attempt with the same inputs and code left behind is used."""
    cell, generator_plan = stage.cell, stage.cell.generator
    cls = stage.generator_class()
    if generator_plan is None:
        msg = f"{cell.id} has no generator to train"
        raise PluginError(msg)
    settings = stage.load(generator_plan.settings_target).model_validate(generator_plan.settings)
    generator: Generator = cls.create(settings, cell.dataset.spec)
    dataset = stage.dataset()
    train, val = dataset.load("train"), dataset.load("val")
    training = stage.folder / "training"
    anew = not _same_beginning(stage)
    if anew:
        shutil.rmtree(training, ignore_errors=True)
    training.mkdir(parents=True, exist_ok=True)
    stage.begin()
    stage.context.report("fit", anew=anew)
    upstream = {role: cell_folder(stage.run, upstream_id) / "model" for role, upstream_id in cell.needs.items()}
    context = replace(stage.context, out=training, deadline=time.time() + cell.timeout, upstream=upstream)
    report: object = generator.fit(train, val, context)
    if not isinstance(report, FitReport):
        msg = f"fit of {generator_plan.name} returned {type(report).__name__}, not a FitReport"
        raise PluginError(msg)
    try:
        json.dumps(asdict(report), allow_nan=False)
    except (TypeError, ValueError) as error:
        msg = f"the FitReport of {generator_plan.name} is not plain finite JSON ({error})"
        raise PluginError(msg) from error
    stage.context.report("fit_end")
    card = {
        "target": generator_plan.target,
        "generator": generator_plan.model_dump(mode="json"),
        "cloud_spec": cell.dataset.cloud_spec,
        "dataset": cell.dataset.label,
        "seed": cell.seed,
    }
    save_model(generator, stage.folder / "model", card)
    if report.stop_reason == "finished":  # else a longer limit may go on from here
        shutil.rmtree(training, ignore_errors=True)
    return {**asdict(report), "fit_seconds": _fit_seconds(stage.folder / "events.jsonl")}


def _same_beginning(stage: StageContext) -> bool:
    """Whether the attempt before this one had the same inputs and code; only then its checkpoint may be used."""
    try:
        begun = json.loads(stage.beginning.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return begun["inputs"] == dict(stage.inputs) and not changed_modules(begun["modules"])


def _fit_seconds(events: Path) -> float:
    """Seconds of training over all attempts since it began anew, from the times of their events."""
    total = begun = last = 0.0
    for event in read_log(events):
        if event["kind"] == "fit":
            total = 0.0 if event["anew"] else total + last - begun
            begun = last = event["time"]
        elif begun and event["kind"] in ("progress", "health", "fit_end"):
            last = max(last, event["time"])
    return total + last - begun
