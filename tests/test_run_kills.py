"""A kill at any moment costs nothing: what was finished stays, and the end is the same as undisturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from runs import arguments, cell, rows

SLOW = ("--set", "kind-gaussian.step_seconds=0.15")


def _start(outsiders, command):
    return subprocess.Popen(
        [sys.executable, "-m", "jetgen.cli", *command],
        env=outsiders.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # A shell lets its background jobs ignore interrupts, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads here)
    )


def _family(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _gone(processes, patience=10.0):
    _, alive = psutil.wait_procs(processes, timeout=patience)
    return not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def _wait_for(path, patience=120.0):
    end = time.monotonic() + patience
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed(module_outsiders, tmp_path_factory):
    """Rows and samples of a run that nobody disturbed."""
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    done = module_outsiders.jetbench(*arguments(run, "kind-gaussian", more=SLOW))
    assert done.returncode == 0, done.stderr
    return rows(run), (cell(run, "kind-gaussian") / "samples.h5").read_bytes()


def _same_as(undisturbed, run):
    expected, samples = undisturbed
    found = rows(run)
    assert set(found) == set(expected)
    for name, row in found.items():
        assert row["status"] == "ok"
        assert row["scores"] == expected[name]["scores"]
        assert row["keys"] == expected[name]["keys"]
    assert (cell(run, "kind-gaussian") / "samples.h5").read_bytes() == samples


def test_a_driver_killed_in_the_middle_of_a_training_leaves_nobody_behind_and_resumes(
    module_outsiders, undisturbed, tmp_path
):
    run = tmp_path / "run"
    command = arguments(run, "kind-gaussian", more=SLOW)
    process = _start(module_outsiders, command)
    folder = run / "cells" / next(iter(undisturbed[0]["kind-gaussian"]["id"].splitlines()))
    _wait_for(folder / "training" / "ranks.npz")
    time.sleep(0.6)
    family = _family(process)
    process.kill()
    process.wait()
    assert _gone(family)
    ranks = (folder / "training" / "ranks.log").read_text().splitlines()
    assert 0 < len(ranks) < 30
    assert not (folder / "row.json").exists()
    assert module_outsiders.jetbench(*command).returncode == 0
    _same_as(undisturbed, run)
    events = (folder / "events.jsonl").read_text()
    # The ranks that were finished before the kill were not fitted again.
    assert events.count('"unit": "ranks"') == 30


def test_a_killed_stage_becomes_a_row_and_the_same_command_goes_on(module_outsiders, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(run, "kind-gaussian", more=SLOW)
    process = _start(module_outsiders, command)
    folder = run / "cells" / undisturbed[0]["kind-gaussian"]["id"]
    _wait_for(folder / "training" / "ranks.npz")
    stage = next(one for one in _family(process) if "jetgen.harness.run.stage" in one.cmdline())
    stage.kill()
    assert process.wait() == 1
    row = rows(run)["kind-gaussian"]
    assert (row["status"], row["phase"], row["error_type"]) == ("killed", "fit", "SIGKILL")
    assert module_outsiders.jetbench(*command).returncode == 0
    _same_as(undisturbed, run)


def test_kills_at_random_moments_lose_no_row(module_outsiders, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(run, "kind-gaussian", more=SLOW)
    moments = random.Random(1)
    for _ in range(4):
        process = _start(module_outsiders, command)
        time.sleep(moments.uniform(0.5, 8.0))
        finished = {path: path.read_bytes() for path in run.glob("cells/*/row.json")}
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert {path: path.read_bytes() for path in finished} == finished
    assert module_outsiders.jetbench(*command).returncode == 0
    _same_as(undisturbed, run)


def test_an_interrupt_stops_everything_and_the_same_command_goes_on(module_outsiders, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(run, "kind-gaussian", more=SLOW)
    process = _start(module_outsiders, command)
    _wait_for(run / "cells" / undisturbed[0]["kind-gaussian"]["id"] / "training" / "ranks.npz")
    family = _family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert _gone(family)
    assert module_outsiders.jetbench(*command).returncode == 0
    _same_as(undisturbed, run)


def test_a_training_that_is_asked_to_stop_is_truncated_and_scored_and_goes_on_under_a_longer_limit(
    module_outsiders, tmp_path
):
    run = tmp_path / "run"
    slow = ("--set", "kind-gaussian.step_seconds=0.5", "--timeout", "3")
    assert module_outsiders.jetbench(*arguments(run, "kind-gaussian", more=slow)).returncode == 0
    row = rows(run)["kind-gaussian"]
    assert row["status"] == "truncated"
    assert 0 < row["cost"]["steps"] < 30
    assert row["scores"]["w1mult"]["mean"] >= 0
    assert "truncated" in (run / "leaderboard.md").read_text()
    steps = row["cost"]["steps"]
    longer = ("--set", "kind-gaussian.step_seconds=0.5", "--timeout", "60")
    assert module_outsiders.jetbench(*arguments(run, "kind-gaussian", more=longer)).returncode == 0
    row = rows(run)["kind-gaussian"]
    assert (row["status"], row["cost"]["steps"]) == ("ok", 30)
    events = (cell(run, "kind-gaussian") / "events.jsonl").read_text()
    assert events.count('"unit": "ranks"') == 30, f"the first {steps} ranks were fitted again"
