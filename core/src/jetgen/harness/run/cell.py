"""Run one cell to its row: an idempotent command that any engine can start."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Any

from filelock import FileLock, Timeout

from jetgen.errors import RunFolderError
from jetgen.harness.run.outcome import make_row, row_without_run
from jetgen.harness.run.stage import LARGEST_RESULT, result_path
from jetgen.harness.run.supervise import Ending, start, supervise
from jetgen.harness.store.keys import torch_version
from jetgen.harness.store.log_records import RecordLog
from jetgen.harness.store.row import Row, write_row
from jetgen.harness.store.stage_record import MEMORY_LIMIT, StageRecord, StageStatus
from jetgen.harness.store.stages import StageStore
from jetgen.io.atomic import make_folder, write_json, writing
from jetgen.io.json_objects import digest

__all__ = ["CellRun", "bring_to_row"]

_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
_LOCK_PATIENCE = 10.0  # seconds: the processes of a driver that was just killed are still going


def bring_to_row(
    store: StageStore, *, timing: bool = True, session: str | None = None, stop: Event | None = None
) -> Row:
    """Run the stages of a cell that are stale, and only those; the row that their records amount to.

    Arguments:
        timing: False leaves the timing stage to a later call, when nothing else uses the machine.
        session: names the run that the call is part of; its cells make or check the data of a dataset only once.
        stop: set by another thread, it ends the stage under way without a record.

    Raises:
        RunFolderError: if another process runs the cell.
        StorageError: if something in the folder of the cell cannot be written.
        StoppedError: if ``stop`` was set; the next call goes on from there.
    """
    with writing(store.folder), _locked(store):
        row = row_without_run(store.at_once())
        if row is None:
            CellRun(store, session, stop).run(timing=timing)
            row = make_row(store.at_once(), timing=timing)
        write_row(store.run, row)
    return row


@contextmanager
def _locked(store: StageStore) -> Iterator[None]:
    """Hold the folder of a cell for this process."""
    make_folder(store.folder / "stages")
    lock = FileLock(store.folder / "lock")
    try:
        lock.acquire(timeout=_LOCK_PATIENCE)
    except Timeout:
        msg = f"the cell {store.cell.id} of {store.run} is being run by another process; wait for it or stop it"
        raise RunFolderError(msg) from None
    with lock:
        yield


class CellRun:
    """The stages of a cell, each started as a process, watched and recorded."""

    def __init__(self, store: StageStore, session: str | None = None, stop: Event | None = None) -> None:
        self._store = store
        self._cell = store.cell
        self._session = session
        self._stop = stop
        self._log = RecordLog(store.folder / "events.jsonl", store.cell.id)

    def run(self, *, timing: bool) -> None:
        """Run what is stale, in order; what builds on a stage that did not end well is left.

        What an earlier stage left behind is read to its end before a later one starts from it.
        """
        now = self._store.at_once()
        if not [stage for stage in now.due() if timing or stage != "timing"]:
            return
        for change in now.forget_edited():
            self._log({"kind": "warning", "text": f"{change}: it is made again"})
        now = self._store.at_once()
        stale = [stage for stage in now.stages if not now.finished(stage) and (timing or stage != "timing")]
        self._prepare()
        for batch in self._batches([stage for stage in stale if stage != "prepare"]):
            if self._store.at_once().can_start(batch[0]):
                self._run(batch)

    def _prepare(self) -> None:
        """Make the data, or make again what somebody removed from the cache: the first cell of a session does it.

        The record of data that were made before stays as it is, and with it every key.
        """
        folder = self._store.dataset_folder
        make_folder(folder)
        with FileLock(folder / "lock"):
            now = self._store.at_once()
            made = now.finished("prepare")
            if made and _read(folder / "session.json").get("session") == (self._session or ""):
                return
            if made:
                self._supervise(["prepare"])
                self._result("prepare").unlink(missing_ok=True)
            else:
                self._run(["prepare"])
            if self._session is not None:
                write_json(folder / "session.json", {"session": self._session})

    def _batches(self, stages: list[str]) -> Iterator[list[str]]:
        """The stages, those of metrics from one module together: they share a process."""
        modules = {f"metric.{metric.name}": metric.module for metric in self._cell.metrics}
        for module, batch in groupby(stages, lambda stage: modules.get(stage, stage)):
            del module
            yield list(batch)

    def _run(self, batch: list[str]) -> None:
        """Run stages in one process. Those that one of them kept from their turn get a process of their own."""
        while batch:
            batch = self._run_once(batch)

    def _run_once(self, batch: list[str]) -> list[str]:
        """Run stages up to the first that ends the process without a word; those that are left."""
        name = batch[0].split(".")[0]
        for stage in batch:
            self._result(stage).unlink(missing_ok=True)
        self._log({"kind": "stage", "stage": name, "state": "started", "time": time.time()})
        ending = self._supervise(batch)
        silent = (i for i, stage in enumerate(batch) if not self._result(stage).exists())
        reached = next(silent, len(batch)) + 1
        for stage in batch[:reached]:
            self._store.write(self._record(stage, ending))
        for words, strays in (("was ended", ending.strays.ended), ("cannot be ended", ending.strays.left)):
            if strays:
                self._log({"kind": "warning", "text": f"what {name} left behind {words}: {', '.join(strays)}"})
        ended = {"state": "finished", "time": time.time(), "seconds": ending.seconds}
        self._log({"kind": "stage", "stage": name, **ended})
        return batch[reached:]

    def _result(self, stage: str) -> Path:
        return result_path(self._store.run, self._cell.id, stage)

    def _supervise(self, batch: list[str]) -> Ending:
        cell, store = self._cell, self._store
        command = [sys.executable, "-P", "-m", "jetgen.harness.run.stage", str(store.run), cell.id, *batch]
        threads = str(store.plan.threads(cell, batch))
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        # Threads that wait by spinning take the cores from whoever else needs them: measured, ten times slower.
        environment = {**dict.fromkeys(names, threads), "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}
        limit = float("inf") if batch == ["prepare"] else cell.timeout + cell.grace
        child = start(command, store.folder / "log.txt", environment)
        return supervise(child, limit, cell.memory_bytes, self._stop)

    def _record(self, stage: str, ending: Ending) -> StageRecord:
        """The record of ``stage`` from what its process said, or from how it ended if it said nothing."""
        path = self._result(stage)
        inputs = self._store.inputs(stage)
        said = _read(path)
        if not said:
            modules = _read(path.with_name(f"{stage}.begun.json")).get("modules", {})
            status, error_type, error = self._unsaid(ending)
            said = {"status": status, "error_type": error_type, "error": error, "modules": modules}
            said |= {"torch": torch_version(), "seconds": ending.seconds}
        path.unlink(missing_ok=True)
        key = digest({"inputs": inputs, "modules": said["modules"], "torch": said["torch"]})
        limits = {"timeout": self._cell.timeout, "memory": float(self._cell.memory_bytes)}
        took: dict[str, Any] = {"peak_bytes": ending.peak_bytes, "limits": limits, "strays": ending.strays.left}
        return StageRecord(stage=stage, key=key, inputs=inputs, **took, **said)

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


def _read(path: Path) -> Mapping[str, Any]:
    try:
        # A stage keeps to the limit; there are other things in its result, of bounded size.
        small = path.is_file() and path.stat().st_size <= 2 * LARGEST_RESULT
        document = json.loads(path.read_text(encoding="utf-8")) if small else None
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
