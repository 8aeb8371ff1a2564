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
from processes import gone
from runs import arguments, cell, rows

RANKS = 10
"""The steps of a training of the kind outsider: one for each particle of its largest jets."""

SLOW = ("--set", "kind-gaussian.step_seconds=0.4")


def _start(outsiders, command, stderr=subprocess.DEVNULL):
    return subprocess.Popen(
        [sys.executable, "-m", "jetgen.cli", *command],
        env=outsiders.environment(),
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
        # A shell lets its background jobs ignore interrupts, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads here)
    )


def _family(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _wait_for_ranks(folder, ranks, patience=120.0):
    """Until a training has finished so many of its steps."""
    log, end = folder / "training" / "ranks.log", time.monotonic() + patience
    while not log.exists() or len(log.read_text().splitlines()) < ranks:
        assert time.monotonic() < end, f"{log} never came to {ranks} ranks"
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
    folder = run / "cells" / undisturbed[0]["kind-gaussian"]["id"]
    _wait_for_ranks(folder, 3)
    family = _family(process)
    process.kill()
    process.wait()
    assert gone(family)
    ranks = (folder / "training" / "ranks.log").read_text().splitlines()
    assert 3 <= len(ranks) < RANKS
    assert not (folder / "row.json").exists()
    assert module_outsiders.jetbench(*command).returncode == 0
    _same_as(undisturbed, run)
    events = (folder / "events.jsonl").read_text()
    # The ranks that were finished before the kill were not fitted again.
    assert events.count('"unit": "ranks"') == RANKS


def test_a_killed_stage_becomes_a_row_and_the_same_command_goes_on(module_outsiders, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(run, "kind-gaussian", more=SLOW)
    process = _start(module_outsiders, command)
    folder = run / "cells" / undisturbed[0]["kind-gaussian"]["id"]
    _wait_for_ranks(folder, 1)
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
    with (tmp_path / "said.txt").open("w") as said:
        process = _start(module_outsiders, command, stderr=said)
    _wait_for_ranks(run / "cells" / undisturbed[0]["kind-gaussian"]["id"], 1)
    family = _family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert (tmp_path / "said.txt").read_text().splitlines()[-2].startswith("stopped: ")
    assert gone(family)
    assert module_outsiders.jetbench(*command).returncode == 0
    _same_as(undisturbed, run)
