"""A run on a folder with finished cells: the driver recognises them and starts no process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from jetgen.harness.run import cell as cell_module
from jetgen.harness.run import finished
from jetgen.harness.run.driver import run_plan
from jetgen.harness.run.finished import finished_rows
from jetgen.harness.store.plan import Plan, read_plan
from jetgen.harness.store.row import read_row
from jetgen.harness.store.stage_record import read_record, write_record
from jetgen.hooks import Hooks
from runs import arguments, cell, rows

HOOKS = """
from pathlib import Path
from jetgen.hooks import hookimpl

class Observer:
    @hookimpl
    def jetgen_cell_started(self, cell):
        self._note(f"started {cell.id}")

    @hookimpl
    def jetgen_cell_finished(self, row):
        self._note(f"{row.status} {row.id}")

    def _note(self, text):
        with open(Path(__file__).with_name("seen.txt"), "a") as file:
            file.write(text + "\\n")
"""


@pytest.fixture
def installed(outsiders, monkeypatch):
    """The kind outsider, which this process sees too: it compares the records with today's code."""
    outsiders.install("kind-outsider")
    for folder in reversed(outsiders.path):
        monkeypatch.syspath_prepend(folder)
    return outsiders


def model(plan: Plan) -> str:
    return next(cell.id for cell in plan.cells if cell.generator is not None)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_every_cell_of_a_finished_run_is_recognised(installed, run):
    plan = read_plan(run)
    found = finished_rows(run, plan)
    assert found == {cell.id: read_row(run, cell) for cell in plan.cells}


def test_finished_cells_start_no_process_and_hooks_see_each_row_once(outsiders, run):
    outsiders.install("kind-outsider")
    outsiders.write("hook-outsider", HOOKS, hooks={"observer": "Observer"})
    logs = {path: path.read_bytes() for path in run.glob("cells/*/events.jsonl")}
    times = {path: path.stat().st_mtime_ns for path in run.glob("cells/*/row.json")}
    done = outsiders.jetbench(*arguments(run, "kind-gaussian"))
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in run.glob("cells/*/events.jsonl")} == logs
    assert {path: path.stat().st_mtime_ns for path in run.glob("cells/*/row.json")} == times
    seen = (outsiders.folder / "seen.txt").read_text().splitlines()
    ids = [row["id"] for row in rows(run).values()]
    assert sorted(seen) == sorted(f"ok {one}" for one in ids)
    assert f"ok         {len(ids)} cell(s) of earlier runs, unchanged" in done.stderr


@pytest.mark.parametrize("gone", ["row.json", "samples.h5", "model/generator.json", "stages/sample.json"])
def test_a_cell_that_lacks_something_is_not_finished(installed, run, gone):
    plan = read_plan(run)
    (run / "cells" / model(plan) / gone).unlink()
    assert model(plan) not in finished_rows(run, plan)
    assert len(finished_rows(run, plan)) == len(plan.cells) - 1


def test_a_row_of_other_records_or_of_another_plan_is_not_whole(installed, run):
    plan = read_plan(run)
    path = run / "cells" / model(plan) / "row.json"
    text = path.read_text()
    wrong = [{"status": "nonsense"}, {"draws": 7}, {"keys": {}}, {"metrics": {}}, {"skipped_metrics": {"a": "b"}}]
    for changes in wrong:
        edit(path, **changes)
        assert model(plan) not in finished_rows(run, plan), changes
        path.write_text(text)
    without = tuple(one.model_copy(update={"metrics": ()}) for one in plan.cells)
    assert finished_rows(run, plan.model_copy(update={"cells": without})) == {}


def test_a_failure_of_its_own_is_finished_and_a_kill_is_not(installed, run):
    plan = read_plan(run)
    folder = run / "cells" / model(plan)
    for status, finished_again in (("failed", True), ("killed", False)):
        path = folder / "stages" / "timing.json"
        record = read_record(path)
        write_record(path, record.model_copy(update={"status": status, "error_type": "Error", "error": "no"}))
        edit(folder / "row.json", status=status, phase="timing", error_type="Error", error="no")
        assert (model(plan) in finished_rows(run, plan)) == finished_again


def test_a_cell_waits_for_the_process_of_the_one_that_it_needs(installed, run):
    plan = read_plan(run)
    first = plan.cell(model(plan))
    needy = first.model_copy(update={"id": "needy", "needs": {"base": first.id}, "skip": None})
    both = plan.model_copy(update={"cells": (first, needy)})
    assert set(finished_rows(run, both)) == {first.id}
    (run / "cells" / first.id / "row.json").unlink()
    assert finished_rows(run, both) == {}


def test_what_the_plan_skips_has_its_row_without_a_process(installed, run):
    plan = read_plan(run)
    skipped = plan.cell(model(plan)).model_copy(update={"id": "skipped", "skip": "it does not fit"})
    found = finished_rows(run, plan.model_copy(update={"cells": (skipped,)}))
    assert (found["skipped"].status, found["skipped"].error) == ("skipped", "it does not fit")
    assert read_row(run, skipped) == found["skipped"]


def test_a_cell_that_another_process_runs_is_a_failed_row_and_the_others_go_on(installed, run, monkeypatch):
    monkeypatch.setattr(cell_module, "_LOCK_PATIENCE", 0.1)
    monkeypatch.setenv("PYTHONPATH", installed.environment()["PYTHONPATH"])
    plan = read_plan(run)
    held = model(plan)
    for path in run.glob("cells/*/row.json"):
        path.unlink()
    (run / "cells" / held / "stages" / "sample.json").unlink()
    with FileLock(run / "cells" / held / "lock"):
        found = {row.id: row for row in run_plan(run, plan, Hooks([], warn=pytest.fail))}
    assert (found[held].status, found[held].phase, found[held].error_type) == ("failed", "cell", "RunFolderError")
    assert "is being run by another process" in found[held].error
    assert {row.status for row in found.values() if row.id != held} == {"ok"}
    assert run_plan(run, plan, Hooks([], warn=pytest.fail))[-1].status == "ok"


def test_each_record_is_read_once_and_each_module_looked_at_once(installed, run, monkeypatch):
    plan = read_plan(run)
    snapshots = []

    class Counting(finished.Snapshot):
        def __init__(self):
            super().__init__()
            snapshots.append(self)

    monkeypatch.setattr(finished, "Snapshot", Counting)
    copies = tuple(plan.cells[0].model_copy() for _ in range(50))
    finished_rows(run, plan.model_copy(update={"cells": copies}))
    (snapshot,) = snapshots
    assert len(snapshot.changes) == len(list(run.glob("cells/floor.*/stages/metric.*.begun.json"))) + 1


def test_data_are_prepared_once_for_all_cells_and_keep_their_record(outsiders, run):
    outsiders.install("kind-outsider")
    (prepared,) = run.glob("datasets/*/prepare.json")
    assert not list(run.glob("cells/*/stages/prepare.json"))
    assert len(list(run.glob("cells/*/stages/prepare.begun.json"))) == 1
    before = prepared.stat().st_mtime_ns
    assert outsiders.jetbench(*arguments(run, "kind-gaussian", more=("--seeds", "3"))).returncode == 0
    # The first of the new cells looked whether the data are still there, the second one believed it.
    assert len(list(run.glob("cells/*.s[12]/stages/prepare.begun.json"))) == 1
    assert prepared.stat().st_mtime_ns == before
    keys = {row["keys"]["prepare"] for row in rows(run).values()}
    assert len(keys) == 1


def test_a_cell_alone_prepares_its_data(outsiders, run):
    outsiders.install("kind-outsider")
    expected = rows(run)["kind-gaussian"]
    shutil.rmtree(run / "datasets")
    shutil.rmtree(cell(run, "kind-gaussian"))
    done = outsiders.jetbench("cell", str(run), expected["id"])
    assert done.returncode == 0, done.stderr
    found = rows(run)["kind-gaussian"]
    assert found["keys"] == expected["keys"]
    assert found["scores"] == expected["scores"]
