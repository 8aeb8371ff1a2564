"""What a stage leaves behind, and whether it still answers for the inputs and the code of today."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jetgen.harness.store.keys import changed_modules, digest, torch_version
from jetgen.harness.store.plan import PLAN_FORMAT, CellPlan, Plan, cell_folder
from jetgen.io.atomic import write_text
from jetgen.io.saved_model import CARD

__all__ = ["MEMORY_LIMIT", "Ledger", "StageRecord", "StageStatus", "differences"]

StageStatus = Literal["ok", "truncated", "failed", "timeout", "killed", "unloadable"]

MEMORY_LIMIT = "MemoryLimit"
"""The error type of a stage that was stopped for its memory: unlike other kills it would come again."""

# What a stage must have left in the folder of its cell.
_OUTPUTS = {"fit": f"model/{CARD}", "sample": "samples.h5"}


class StageRecord(BaseModel):
    """One finished stage. ``key`` hashes everything else that decides its outcome."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    status: StageStatus
    key: str
    inputs: dict[str, Any]
    modules: dict[str, str] = Field(description="SHA-256 of each module of the jetgen family that it loaded")
    torch: str | None
    versions: dict[str, str] = Field(default_factory=dict, description="of the distributions behind it")
    seconds: float
    peak_bytes: int
    limits: dict[str, float] = Field(default_factory=dict, description="timeout in seconds and memory in bytes")
    results: dict[str, Any] = Field(default_factory=dict)
    error_type: str | None = None
    error: str | None = None

    @property
    def done(self) -> bool:
        """Whether later stages can build on it."""
        return self.status in ("ok", "truncated")


class Ledger:
    """The stages of one cell, in order, with their records."""

    def __init__(self, run: Path, plan: Plan, cell: CellPlan) -> None:
        self.run, self.plan, self.cell = run, plan, cell
        self.folder = cell_folder(run, cell.id)

    @property
    def stages(self) -> list[str]:
        """Every stage that the cell has, each metric being one."""
        metrics = [f"metric.{metric.name}" for metric in self.cell.metrics]
        generator = self.cell.generator
        if generator is None:
            return ["prepare", *metrics]
        timing = [] if generator.baseline else ["timing"]
        return ["prepare", "fit", "sample", *metrics, *timing]

    def before(self, stage: str) -> str | None:
        """The stage whose outcome ``stage`` starts from."""
        model = self.cell.generator is not None
        table: dict[str, str | None] = {"prepare": None, "fit": "prepare", "sample": "fit", "timing": "fit"}
        return table.get(stage, "sample" if model else "prepare")

    def path(self, stage: str) -> Path:
        """Where the record of ``stage`` is."""
        return self.folder / "stages" / f"{stage}.json"

    def record(self, stage: str) -> StageRecord | None:
        """The record of ``stage``; None if it has none that can be read."""
        try:
            return StageRecord.model_validate_json(self.path(stage).read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            return None

    def write(self, record: StageRecord) -> None:
        """Keep ``record``, whole or not at all."""
        write_text(self.path(record.stage), record.model_dump_json(indent=1) + "\n")

    def forget_failures(self) -> None:
        """Remove the records of stages that did not end well, so that they are tried again."""
        for stage in self.stages:
            record = self.record(stage)
            if record is not None and record.status != "ok":
                self.path(stage).unlink()

    def inputs(self, stage: str) -> dict[str, Any]:
        """What decides the outcome of ``stage``, but for the code: canonical, comparable, hashable."""
        cell, generator = self.cell, self.cell.generator
        known: dict[str, Any] = {"format": PLAN_FORMAT, "stage": stage}
        before = self.before(stage)
        if before is not None:
            record = self.record(before)
            known["before"] = record.key if record is not None else None
        if stage == "prepare":
            known |= {"dataset": cell.dataset.target, "recipe": cell.dataset.recipe}
        elif stage == "fit" and generator is not None:
            known |= {
                "generator": generator.target,
                "api_version": generator.api_version,
                "settings": generator.settings,
                "seed": cell.seed,
                "needs": {role: self._upstream_key(upstream) for role, upstream in cell.needs.items()},
            }
        elif stage == "timing":
            known |= {"device": cell.device}
        else:
            known |= {"draws": cell.draws, "seed": cell.seed}
            metric = next((one for one in cell.metrics if stage == f"metric.{one.name}"), None)
            known["target"] = metric.target if metric is not None else None
            if metric is not None:
                known["draws"] = cell.draws_of(metric)
        return known

    def _upstream_key(self, cell_id: str) -> str | None:
        record = Ledger(self.run, self.plan, self.plan.cell(cell_id)).record("fit")
        return record.key if record is not None else None

    def outdated(self, stage: str) -> list[str]:
        """Why the record of ``stage``, good or bad, does not tell of today's inputs and code; empty if it does."""
        before = self.before(stage)
        if before is not None and (stale := self.outdated(before)):
            return [f"the stage before it, {before}, is stale: {stale[0]}"]
        record = self.record(stage)
        if record is None:
            return ["it has not run to its end"]
        found = differences(record.inputs, self.inputs(stage))
        found += [f"module {name} was edited" for name in changed_modules(record.modules)]
        if record.torch != torch_version():
            found.append(f"torch was {record.torch}, is {torch_version()}")
        output = _OUTPUTS.get(stage)
        if record.done and output is not None and not (self.folder / output).exists():
            found.append(f"{output} is missing")
        return found

    def reasons(self, stage: str) -> list[str]:
        """Why ``stage`` would run again; empty if it would not, which holds for a failure of its own too."""
        before = self.before(stage)
        if before is not None and (stale := self.reasons(before)):
            return [f"the stage before it, {before}, would run again: {stale[0]}"]
        found = self.outdated(stage)
        record = self.record(stage)
        if found or record is None:
            return found
        if record.status == "killed" and record.error_type != MEMORY_LIMIT:
            return [f"it was killed: {record.error}"]
        return self._wider_limits(record)

    def _wider_limits(self, record: StageRecord) -> list[str]:
        """What was stopped at a limit is worth another attempt under a wider one."""
        limits = {"timeout": self.cell.timeout, "memory": float(self.cell.memory_bytes)}
        stopped_by = "timeout" if record.status in ("timeout", "truncated") else "memory"
        if record.status not in ("timeout", "truncated") and record.error_type != MEMORY_LIMIT:
            return []
        was, now = record.limits.get(stopped_by, 0.0), limits[stopped_by]
        return [f"the limit {stopped_by} was {was:g}, is {now:g}"] if now > was else []

    def finished(self, stage: str) -> bool:
        """Whether ``stage`` need not run: its record answers for today's inputs and code."""
        return not self.reasons(stage)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What changed between two JSON objects, in words, with dotted names.

    >>> differences({"seed": 1, "settings": {"lr": 0.1}}, {"seed": 1, "settings": {"lr": 0.2}})
    ['settings.lr was 0.1, is 0.2']
    """
    found = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            found += differences(was, now, f"{prefix}{name}.")
        elif digest(was) != digest(now):
            found.append(f"{prefix}{name} was {_short(was)}, is {_short(now)}")
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"
