"""The run folder: whether it is one, and the lock on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from jetgen.errors import RunFolderError
from jetgen.harness.store.plan import DamagedPlanError, read_plan
from jetgen.io.atomic import write_json, writing

__all__ = ["locked"]

_LOCK, _HOLDER, _DAMAGED = "run.lock", "holder.json", "plan.damaged.json"
_OURS = {_LOCK, _HOLDER, _DAMAGED, "plan.json", "cells", "datasets", "results.parquet", "leaderboard.md"}
"""What a run makes, also one that was stopped before its plan was written."""


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold a run folder for this process; it is made if it is missing.

    Raises:
        RunFolderError: if it holds anything but a run, or is held by another run.
        StorageError: if it cannot be written.
    """
    with writing(run):
        _require_a_run(run)
        run.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            holder = _holder(run)
            msg = f"{run} is in use by another run (process {holder}); wait for it, stop it, or choose another --out"
            raise RunFolderError(msg) from None
    with lock:
        write_json(run / _HOLDER, {"process": os.getpid()})
        yield


def _require_a_run(run: Path) -> None:
    """Refuse what somebody keeps other things in: a run would write a leaderboard, tables and folders among them."""
    if not run.exists():
        return
    if not run.is_dir():
        msg = f"{run} is a file; choose a folder with --out"
        raise RunFolderError(msg)
    names = {path.name for path in run.iterdir()}
    left = {name for name in names if name.endswith(".part")} | _OURS
    strangers = sorted(names - (left if _LOCK in names else set()))
    if "plan.json" in names:
        try:
            read_plan(run)
        except DamagedPlanError:
            if strangers:
                raise
            # Everything else is a run's own: it is planned anew, and what was finished is found again.
            (run / "plan.json").replace(run / _DAMAGED)
    elif strangers:
        msg = f"{run} holds other things than a run, such as {strangers[0]}; choose another folder with --out"
        raise RunFolderError(msg)


def _holder(run: Path) -> str:
    try:
        return str(json.loads((run / _HOLDER).read_text(encoding="utf-8"))["process"])
    except (OSError, ValueError, KeyError):
        return "unknown"
