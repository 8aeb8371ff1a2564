"""Fit: the generator is trained, or goes on training after a kill, and is saved."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

from jetgen.api.loading import first_line
from jetgen.api.pretrained import require_same_clouds
from jetgen.api.protocols import FitReport, Generator
from jetgen.api.settings import Settings
from jetgen.errors import DataError, PluginError, UsageError
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.harness.store.keys import changed_modules
from jetgen.harness.store.log_records import OURS, read_log
from jetgen.harness.store.plan import GeneratorPlan, cell_folder
from jetgen.io.atomic import make_folder, writing
from jetgen.io.content import content_digest
from jetgen.io.saved_model import save_model

__all__ = ["fit"]

_BEGIN, _END = f"{OURS}fit", f"{OURS}fit_end"
_LARGEST = 2**63  # what the table of results can hold


def fit(stage: StageContext) -> dict[str, Any]:
    """Train and save; what an earlier attempt with the same inputs and code left behind is used.

    A generator that declares ``"SupportsPretrained"`` is asked first for the model that its settings name. There is
    nothing to train where it has one.

    Raises:
        PluginError: if the cell has no generator, or if its class or its report is not what the protocols say.
        DataError: if the pretrained model is for clouds of another meaning than those of the dataset, or if a file that
            the settings name has changed since the run was planned.
    """
    cls, plan = stage.generator_class(), stage.generator
    settings = stage.load(plan.settings_target).model_validate(plan.settings)
    _require_same_inputs(settings, plan)
    generator = _pretrained(stage, cls, settings)
    report = None
    if generator is None:
        generator = cls.create(settings, stage.cell.dataset.spec)
        report = _train(stage, generator)
    card = {
        "generator": plan.model_dump(mode="json"),
        "cloud_spec": stage.cell.dataset.cloud_spec,
        "dataset": stage.cell.dataset.label,
        "seed": stage.cell.seed,
    }
    _save(stage, generator, card)
    if report is None or report.stop_reason == "finished":  # else a longer limit may go on from here
        shutil.rmtree(stage.folder / "training", ignore_errors=True)
    results = _report_of_weights(stage.folder / "model") if report is None else asdict(report)
    # What was not trained has no time of training: a dash in the table, not a number.
    return {**results, "fit_seconds": None if report is None else _fit_seconds(stage.folder / "events.jsonl")}


def _save(stage: StageContext, generator: Generator, card: Mapping[str, Any]) -> None:
    """Save the model. What is in its place and no model, such as a damaged one, is kept beside it."""
    place = stage.folder / "model"
    try:
        save_model(generator, place, card)
    except UsageError:
        kept = next(path for n in count(1) if not (path := place.with_name(f"model.kept{n}")).exists())
        with writing(kept):
            place.rename(kept)
        stage.context.report("warning", text=f"what was called {place.name} and is no saved model is now {kept}")
        save_model(generator, place, card)


def _pretrained(stage: StageContext, cls: Any, settings: Any) -> Generator | None:
    """The model that the settings name, if the generator supports that and they name one."""
    if "SupportsPretrained" not in stage.generator.capabilities:
        return None
    model = cls.pretrained(settings)
    if model is None:
        return None
    weights = getattr(settings, "weights", None) or f"of {stage.generator.name}"
    require_same_clouds(weights, model.spec, stage.cell.dataset.spec)
    stage.begin()
    stage.context.report(_BEGIN, anew=True)
    generator: Generator = model
    return generator


def _report_of_weights(folder: Path) -> dict[str, Any]:
    """What a report says where nothing was trained; the parameters are counted in the weights that were saved."""
    return {"parameters": _parameters(folder), "steps": 0, "stop_reason": "pretrained", "history": {}}


def _require_same_inputs(settings: Settings, plan: GeneratorPlan) -> None:
    """What the settings name still holds what it held when the run was planned."""
    for name, path in settings.inputs().items():
        if content_digest(path) != plan.inputs.get(name):
            msg = f"{path}, which the setting {name} names, has changed since the run was planned; plan it anew"
            raise DataError(msg)


def _train(stage: StageContext, generator: Generator) -> FitReport:
    """Call ``fit`` with the checkpoint of an earlier attempt if that is still valid; its report, checked."""
    cell, dataset = stage.cell, stage.dataset()
    train, val = dataset.load("train"), dataset.load("val")
    training = stage.folder / "training"
    anew = not _same_beginning(stage)
    if anew:
        shutil.rmtree(training, ignore_errors=True)
    make_folder(training)
    stage.begin()
    stage.context.report(_BEGIN, anew=anew)
    upstream = {role: cell_folder(stage.run, upstream_id) / "model" for role, upstream_id in cell.needs.items()}
    context = replace(stage.context, out=training, deadline=time.time() + cell.timeout, upstream=upstream)
    report = _checked(generator.fit(train, val, context), stage.generator.name)
    stage.context.report(_END)
    return report


def _checked(report: object, owner: str) -> FitReport:
    if not isinstance(report, FitReport):
        msg = f"fit of {owner} returned {type(report).__name__}, not a FitReport"
        raise PluginError(msg)
    found: dict[str, Any] = vars(report)
    for name in ("parameters", "steps"):
        if type(found[name]) is not int or not 0 <= found[name] < _LARGEST:
            msg = f"the FitReport of {owner} has {name} = {found[name]!r}; an integer from 0 to 2**63 - 1 is needed"
            raise PluginError(msg)
    if not isinstance(found["stop_reason"], str):
        msg = f"the FitReport of {owner} has stop_reason = {found['stop_reason']!r}; a string is needed"
        raise PluginError(msg)
    try:
        json.dumps(asdict(report), allow_nan=False)
    except (TypeError, ValueError) as error:
        msg = f"the FitReport of {owner} is not plain finite JSON ({error})"
        raise PluginError(msg) from error
    return report


def _parameters(folder: Path) -> int | None:
    """The number of weights that a model folder keeps as safetensors; None if it keeps none."""
    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        return None
    from safetensors import SafetensorError, safe_open

    total = 0
    for path in files:
        try:
            with safe_open(path, framework="numpy") as file:
                total += sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys())  # noqa: SIM118 (no dict)
        except (OSError, SafetensorError) as error:
            msg = f"the generator saved {path.name}, which is no file of safetensors ({first_line(error)})"
            raise PluginError(msg) from error
    return total


def _same_beginning(stage: StageContext) -> bool:
    """Whether the attempt before this one had the same inputs and code; only then its checkpoint may be used."""
    try:
        begun = json.loads(stage.beginning.read_text(encoding="utf-8"))
        return bool(begun["inputs"] == dict(stage.inputs)) and not changed_modules(begun["modules"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # absent, or damaged: it begins anew
        return False


def _fit_seconds(log: Path) -> float:
    """Seconds of training over all attempts since it began anew, from the times of their log records."""
    total = begun = last = 0.0
    for record in read_log(log):
        when = record.get("time")
        if not isinstance(when, (int, float)) or not math.isfinite(when):
            continue  # a plugin may report what it likes
        if record.get("kind") == _BEGIN:
            total = 0.0 if record.get("anew") else total + last - begun
            begun = last = when
        elif begun and record.get("kind") in ("progress", "health", _END):
            last = max(last, when)
    return total + last - begun
