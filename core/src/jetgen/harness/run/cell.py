"""Run one cell to its row: an idempotent command that any engine can start."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from jetgen.errors import RunFolderError
from jetgen.harness.run.outcome import ended_row, make_row
from jetgen.harness.run.stage import result_path
from jetgen.harness.run.supervise import Child, Ending, hold_on, start, supervise
from jetgen.harness.store.events import EventLog
from jetgen.harness.store.keys import digest, torch_version
from jetgen.harness.store.plan import CellPlan, Plan, read_plan
from jetgen.harness.store.records import MEMORY_LIMIT, Ledger, StageRecord, StageStatus
from jetgen.harness.store.row import Row, read_row, write_row

__all__ = ["CellRun", "run_cell"]

_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
_LOCK_PATIENCE = 10.0  # seconds: the processes of a driver that was just killed are still going


def run_cell(run: Path, cell_id: str, *, timing: bool = True) -> Row:
    """Bring a cell to its row: run the stages that are stale, and only those.

    Arguments:
        timing: False leaves the timing stage to a later call, when nothing else uses the machine.

    Raises:
        UsageError: if the run has no such cell.
        RunFolderError: if the folder is none, or another process works on the cell.
    """
    plan = read_plan(run)
    cell = plan.cell(cell_id)
    ledger = Ledger(run, plan, cell)
    try:
        (ledger.folder / "stages").mkdir(parents=True, exist_ok=True)
        lock = FileLock(ledger.folder / "lock")
        lock.acquire(timeout=_LOCK_PATIENCE)
    except Timeout:
        msg = f"the cell {cell_id} of {run} is being run by another process; wait for it or stop it"
        raise RunFolderError(msg) from None
    except OSError as error:
        msg = f"{ledger.folder} cannot be written ({error.strerror or error}); choose another folder with --out"
        raise RunFolderError(msg) from error
    with lock:
        row = _not_to_run(run, plan, cell)
        if row is None:
            CellRun(ledger).run(timing=timing)
            row = make_row(ledger)
        write_row(run, row)
    return row


def _not_to_run(run: Path, plan: Plan, cell: CellPlan) -> Row | None:
    """The row of a cell that the plan skips, that cannot be loaded, or whose upstream did not end well."""
    if cell.unloadable is not None:
        return ended_row(cell, "unloadable", cell.unloadable, phase="load")
    if cell.skip is not None:
        return ended_row(cell, "skipped", cell.skip)
    for upstream in cell.needs.values():
        row = read_row(run, plan.cell(upstream))
        if row is not None and not row.scored:
            return ended_row(cell, "skipped", f"upstream failed: {upstream} is {row.status}")
        if row is None or not Ledger(run, plan, plan.cell(upstream)).finished("fit"):
            return ended_row(cell, "skipped", f"upstream {upstream} has not run")
    return None


class CellRun:
    """The stages of a cell, each started as a process, watched and recorded."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cell = ledger.cell
        self._child: Child | None = None
        self._events = EventLog(ledger.folder / "events.jsonl", ledger.cell.id)
        hold_on(self._abandon)

    def run(self, *, timing: bool) -> None:
        """Run what is stale, in order; what builds on a stage that did not end well is left."""
        ledger = self._ledger
        stages = [stage for stage in ledger.stages if timing or stage != "timing"]
        stale = [stage for stage in stages if not ledger.finished(stage)]
        if not stale:
            return
        if "prepare" not in stale:
            self._ensure_data()
        for batch in self._batches(stale):
            before = ledger.before(batch[0])
            record = ledger.record(before) if before is not None else None
            if before is None or (record is not None and record.done and ledger.finished(before)):
                self._run(batch)

    def _batches(self, stages: list[str]) -> Iterator[list[str]]:
        """The stages, those of metrics from one module together: they share a process."""
        modules = {f"metric.{metric.name}": metric.module for metric in self._cell.metrics}
        for module, batch in groupby(stages, lambda stage: modules.get(stage, stage)):
            del module
            yield list(batch)

    def _ensure_data(self) -> None:
        """Make again what somebody removed from the cache; the record, and so every key, stays as it is."""
        self._supervise(["prepare"])
        result_path(self._ledger.run, self._cell.id, "prepare").unlink(missing_ok=True)

    def _run(self, batch: list[str]) -> None:
        name = batch[0].split(".")[0]
        for stage in batch:
            result_path(self._ledger.run, self._cell.id, stage).unlink(missing_ok=True)
        self._events({"kind": "stage", "stage": name, "state": "started", "time": time.time()})
        ending = self._supervise(batch)
        for stage in batch:
            self._ledger.write(self._record(stage, ending))
        event = {"kind": "stage", "stage": name, "state": "finished", "time": time.time(), "seconds": ending.seconds}
        self._events(event)

    def _supervise(self, batch: list[str]) -> Ending:
        cell, ledger = self._cell, self._ledger
        command = [sys.executable, "-m", "jetgen.harness.run.stage", str(ledger.run), cell.id, *batch]
        threads = "1" if batch == ["timing"] else str(cell.threads)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        # Threads that wait by spinning take the cores from whoever else needs them: measured, ten times slower.
        environment = {**dict.fromkeys(names, threads), "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}
        limit = float("inf") if batch == ["prepare"] else cell.timeout + cell.grace
        self._child = start(command, ledger.folder / "log.txt", environment)
        ending = supervise(self._child, limit, cell.memory_bytes)
        self._child = None
        return ending

    def _record(self, stage: str, ending: Ending) -> StageRecord:
        """The record of ``stage`` from what its process said, or from how it ended if it said nothing."""
        path = result_path(self._ledger.run, self._cell.id, stage)
        inputs = self._ledger.inputs(stage)
        said = _read(path)
        if not said:
            modules = _read(path.with_name(f"{stage}.begun.json")).get("modules", {})
            status, error_type, error = self._unsaid(ending)
            said = {"status": status, "error_type": error_type, "error": error, "modules": modules}
            said |= {"torch": torch_version(), "seconds": ending.seconds}
        path.unlink(missing_ok=True)
        key = digest({"inputs": inputs, "modules": said["modules"], "torch": said["torch"]})
        limits = {"timeout": self._cell.timeout, "memory": float(self._cell.memory_bytes)}
        return StageRecord(stage=stage, key=key, inputs=inputs, peak_bytes=ending.peak_bytes, limits=limits, **said)

    def _unsaid(self, ending: Ending) -> tuple[StageStatus, str, str]:
        """Status, type and words for a process that ended without a result."""
        if ending.reason == "timeout":
            limit = self._cell.timeout
            return "timeout", "Timeout", f"it went on after {limit:g} s and a grace of {self._cell.grace:g} s"
        if ending.reason == "memory":
            gigabytes = self._cell.memory_bytes / 2**30
            return "killed", MEMORY_LIMIT, f"it took more than the {gigabytes:.1f} GiB that --memory allows"
        if ending.status < 0:
            name = signal.Signals(-ending.status).name
            # A crash is the plugin's own and would come again; the others came from outside.
            status: StageStatus = "failed" if -ending.status in _CRASHES else "killed"
            return status, name, f"its process was ended by {name}"
        return "failed", "Exit", f"its process ended itself with status {ending.status}"

    def _abandon(self) -> None:
        """The driver is gone: take what we started along."""
        if self._child is not None:
            self._child.kill()


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
