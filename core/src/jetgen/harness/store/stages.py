"""What a stage leaves behind, and whether its inputs and code are still those of today."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jetgen.harness.store.keys import CodeOfToday, torch_version
from jetgen.harness.store.outputs import edited, missing
from jetgen.harness.store.plan import PLAN_FORMAT, CellPlan, DatasetPlan, Plan, cell_folder
from jetgen.harness.store.stage_record import MEMORY_LIMIT, STORAGE, StageRecord, read_record, write_record
from jetgen.io.json_objects import digest

__all__ = ["Snapshot", "StageStore", "dataset_folder", "differences"]


class Snapshot:
    """Records and code as they are at one moment: each file is read once, however many cells ask for it."""

    def __init__(self) -> None:
        self._code = CodeOfToday()
        self._records: dict[Path, StageRecord | None] = {}
        self._torch = torch_version()
        self.changes: dict[Path, list[str]] = {}  # of the records that were compared with their inputs already

    def record(self, path: Path) -> StageRecord | None:
        """The record at ``path``; None if there is none that can be read."""
        if path not in self._records:
            self._records[path] = read_record(path)
        return self._records[path]

    def changed_code(self, record: StageRecord) -> list[str]:
        """What is different in the code since ``record`` was written, in words."""
        found = [f"module {name} was edited" for name in self._code.changed(record.modules)]
        if record.torch != self._torch:
            found.append(f"torch was {record.torch}, is {self._torch}")
        return found


class StageStore:
    """The stages of one cell, in order, with their records.

    Arguments:
        snapshot: answers for one moment, shared by many cells; without it every question looks at the files again.
    """

    def __init__(self, run: Path, plan: Plan, cell: CellPlan, snapshot: Snapshot | None = None) -> None:
        self.run, self.plan, self.cell = run, plan, cell
        self.folder = cell_folder(run, cell.id)
        self.dataset_folder = dataset_folder(run, cell.dataset)
        self._snapshot = snapshot
        self._paths: dict[str, Path] = {}
        self._reasons: dict[str, list[str]] = {}

    def of(self, cell_id: str) -> StageStore:
        """The stages of another cell of the run, at the same moment."""
        return StageStore(self.run, self.plan, self.plan.cell(cell_id), self._snapshot)

    def at_once(self) -> StageStore:
        """The same stages at this moment: every file is read once."""
        return StageStore(self.run, self.plan, self.cell, Snapshot())

    @property
    def stages(self) -> list[str]:
        """Every stage that the cell has, each metric being one."""
        metrics = [f"metric.{metric.name}" for metric in self.cell.metrics]
        generator = self.cell.generator
        if generator is None:
            return ["prepare", *metrics]
        timing = ["timing"] if generator.timed else []
        return ["prepare", "fit", "sample", *metrics, *timing]

    def before(self, stage: str) -> str | None:
        """The stage whose outcome ``stage`` starts from."""
        model = self.cell.generator is not None
        table: dict[str, str | None] = {"prepare": None, "fit": "prepare", "sample": "fit", "timing": "fit"}
        return table.get(stage, "sample" if model else "prepare")

    def path(self, stage: str) -> Path:
        """Where the record of ``stage`` is. All cells of one dataset share the record of ``prepare``."""
        if stage not in self._paths:
            folder = self.dataset_folder if stage == "prepare" else self.folder / "stages"
            self._paths[stage] = folder / f"{stage}.json"
        return self._paths[stage]

    def record(self, stage: str) -> StageRecord | None:
        """The record of ``stage``; None if it has none that can be read."""
        return self._now().record(self.path(stage))

    def current(self) -> dict[str, StageRecord]:
        """The records, good or bad, whose inputs and code are those of today."""
        records = {stage: self.record(stage) for stage in self.stages}
        return {stage: record for stage, record in records.items() if record is not None and not self.outdated(stage)}

    def write(self, record: StageRecord) -> None:
        """Keep ``record``, whole or not at all."""
        write_record(self.path(record.stage), record)

    def forget_edited(self) -> list[str]:
        """Remove the records of stages whose outputs are not as they were written, so that they are made again.

        Every output is read to its end. The words say what was found.
        """
        found = []
        for stage in self.stages:
            record = self.record(stage)
            if record is not None and record.done and (changes := edited(self.folder, record.outputs)):
                self.path(stage).unlink(missing_ok=True)
                found += changes
        return found

    def forget_failures(self) -> None:
        """Remove the records of stages that did not end well, so that they are tried again."""
        for stage in self.stages:
            record = self.record(stage)
            if record is not None and record.status != "ok":
                self.path(stage).unlink(missing_ok=True)

    def inputs(self, stage: str) -> dict[str, Any]:
        """What decides the outcome of ``stage``, except the code: a JSON object."""
        known: dict[str, Any] = {"format": PLAN_FORMAT, "stage": stage}
        before = self.before(stage)
        if before is not None:
            record = self.record(before)
            known["before"] = record.key if record is not None else None
        return {**known, **self._own_inputs(stage)}

    def _own_inputs(self, stage: str) -> dict[str, Any]:
        cell, generator = self.cell, self.cell.generator
        if stage == "prepare":
            return {"dataset": cell.dataset.target, "recipe": cell.dataset.recipe}
        if stage == "fit" and generator is not None:
            return {
                "generator": generator.target,
                "api_version": generator.api_version,
                "settings": generator.settings,
                **({"inputs": generator.inputs} if generator.inputs else {}),
                "seed": cell.seed,
                "needs": {role: self._upstream_key(upstream) for role, upstream in cell.needs.items()},
            }
        if stage == "timing":
            return {"device": cell.device}
        metric = next((one for one in cell.metrics if stage == f"metric.{one.name}"), None)
        if metric is None:
            return {"draws": cell.draws, "seed": cell.seed, "target": None}
        known = {name: True for name in ("density", "response") if getattr(cell.dataset, name)}
        return {"draws": cell.draws_of(metric), "seed": cell.seed, "target": metric.spec.target, **known}

    def _upstream_key(self, cell_id: str) -> str | None:
        record = self.of(cell_id).record("fit")
        return record.key if record is not None else None

    def outdated(self, stage: str) -> list[str]:
        """Why the inputs or the code of ``stage`` are not those of its record, good or bad; empty if they are."""
        before = self.before(stage)
        if before is not None and (stale := self.outdated(before)):
            return [f"the stage before it, {before}, is stale: {stale[0]}"]
        return self._changes(stage)

    def of_other_source(self, stage: str) -> bool:
        """Whether ``stage`` has run with other inputs or other code than today's, whatever became of its outputs."""
        record = self.record(stage)
        return record is not None and bool(self._other_source(stage, record, self._now()))

    def reasons(self, stage: str) -> list[str]:
        """Why ``stage`` would run again; empty if it would not, which holds for a failure of its own too."""
        if self._snapshot is None:
            return self.at_once().reasons(stage)
        if stage not in self._reasons:
            self._reasons[stage] = self._reasons_now(stage)
        return self._reasons[stage]

    def _reasons_now(self, stage: str) -> list[str]:
        before = self.before(stage)
        if before is not None and (stale := self.reasons(before)):
            return [f"the stage before it, {before}, would run again: {stale[0]}"]
        found = self._changes(stage)
        record = self.record(stage)
        if found or record is None:
            return found
        if record.status == "killed" and record.error_type != MEMORY_LIMIT:
            return [f"it was killed: {record.error}"]
        if record.error_type == STORAGE:
            return [f"it could not write: {record.error}"]
        return self._wider_limits(record)

    def finished(self, stage: str) -> bool:
        """Whether ``stage`` need not run: the inputs and the code of its record are those of today."""
        return not self.reasons(stage)

    def due(self) -> list[str]:
        """The stages that are not finished and could start now. If there are none, a run of the cell does nothing."""
        return [stage for stage in self.stages if not self.finished(stage) and self.can_start(stage)]

    def can_start(self, stage: str) -> bool:
        """Whether the stage before ``stage`` has ended well."""
        before = self.before(stage)
        if before is None:
            return True
        record = self.record(before)
        return record is not None and record.done and self.finished(before)

    def _changes(self, stage: str) -> list[str]:
        """What is different for ``stage`` itself since its record was written."""
        now, path = self._now(), self.path(stage)
        if path not in now.changes:
            now.changes[path] = self._compared(stage, now.record(path), now)
        return now.changes[path]

    def _compared(self, stage: str, record: StageRecord | None, now: Snapshot) -> list[str]:
        if record is None:
            there = self.path(stage).exists()
            return ["its record is damaged or was edited" if there else "it has not run to its end"]
        found = self._other_source(stage, record, now)
        return found + (missing(self.folder, record.outputs) if record.done else [])

    def _other_source(self, stage: str, record: StageRecord, now: Snapshot) -> list[str]:
        return differences(record.inputs, self.inputs(stage)) + now.changed_code(record)

    def _wider_limits(self, record: StageRecord) -> list[str]:
        """What was stopped at a limit is worth another attempt under a wider one."""
        limits = {"timeout": self.cell.timeout, "memory": float(self.cell.memory_bytes)}
        stopped_by = "timeout" if record.status in ("timeout", "truncated") else "memory"
        if record.status not in ("timeout", "truncated") and record.error_type != MEMORY_LIMIT:
            return []
        was, now = record.limits.get(stopped_by, 0.0), limits[stopped_by]
        return [f"the limit {stopped_by} was {was:g}, is {now:g}"] if now > was else []

    def _now(self) -> Snapshot:
        return self._snapshot or Snapshot()


def dataset_folder(run: Path, dataset: DatasetPlan) -> Path:
    """Where the run keeps the record of ``prepare`` for a dataset; other data of the same name have another folder."""
    label = dataset.label.encode()[:200].decode(errors="ignore")  # a file system takes 255 bytes
    return run / "datasets" / f"{label}-{dataset.identity[:8]}"


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What changed between two JSON objects, in words, with dotted names.

    >>> differences({"seed": 1, "settings": {"lr": 0.1}}, {"seed": 1, "settings": {"lr": 0.2}})
    ['settings.lr was 0.1, is 0.2']
    """
    if digest(old) == digest(new):
        return []
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
