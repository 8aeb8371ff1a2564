"""Generators that misbehave at run time: each becomes the right row, and every other cell finishes."""

from __future__ import annotations

import shutil
import time

import pytest
from runs import arguments, rows

# Name of the evil: status, phase, and a part of what the row says.
EVILS = {
    "evil-exit-fit": ("failed", "fit", "exited with status 0"),
    "evil-import": ("unloadable", "fit", "evil_outsider.unimportable"),
    "evil-kill-fit": ("killed", "fit", "SIGKILL"),
    "evil-nan": ("failed", "sample", "not finite at row"),
    "evil-not-clouds": ("failed", "sample", "list, not Clouds"),
    "evil-os-exit-fit": ("failed", "fit", "ended itself with status 0"),
    "evil-os-exit-sample": ("failed", "sample", "ended itself with status 0"),
    "evil-raise-fit": ("failed", "fit", "RuntimeError: the evil fit raises"),
    "evil-raise-sample": ("failed", "sample", "the evil sample raises"),
    "evil-save-nothing": ("failed", "sample", "FileNotFoundError"),
    "evil-segfault-fit": ("failed", "fit", "SIGSEGV"),
    "evil-segfault-sample": ("failed", "sample", "SIGSEGV"),
    "evil-shape": ("failed", "sample", "2 features, 3 were asked for"),
    "evil-too-few": ("failed", "sample", "399 clouds, 400 were asked for"),
    "evil-too-many": ("failed", "sample", "401 clouds, 400 were asked for"),
}


@pytest.fixture(scope="module")
def evil_run(module_outsiders, tmp_path_factory):
    """One run of every quick evil beside two generators that work."""
    run = tmp_path_factory.mktemp("evil") / "run"
    done = module_outsiders.jetbench(*arguments(run, *EVILS, "evil-chatty", "kind-gaussian", more=("--jobs", "2")))
    return done, rows(run)


@pytest.mark.parametrize(("evil", "expected"), EVILS.items(), ids=EVILS)
def test_an_evil_generator_becomes_the_right_row(evil_run, evil, expected):
    status, phase, words = expected
    row = evil_run[1][evil]
    assert (row["status"], row["phase"]) == (status, phase)
    assert words in row["error"]
    assert "\n" not in row["error"]
    assert row["scores"] == {}


def test_beside_evil_ones_every_other_cell_finishes(evil_run):
    done, found = evil_run
    good = {name: row["status"] for name, row in found.items() if name not in EVILS}
    assert good == dict.fromkeys(("floor", "evil-chatty", "kind-gaussian"), "ok")
    assert done.returncode == 1
    assert "jetbench retry" in done.stderr


def test_what_a_generator_prints_goes_to_its_log_and_nowhere_else(evil_run):
    done, found = evil_run
    assert found["evil-chatty"]["status"] == "ok"
    assert "straight to the descriptor" not in done.stdout


@pytest.mark.parametrize("evil", ["evil-hang-fit", "evil-stubborn-fit", "evil-hang-sample"])
def test_a_generator_that_hangs_is_stopped_at_the_limit(module_outsiders, tmp_path, evil):
    run = tmp_path / "run"
    start = time.monotonic()
    limits = ("--timeout", "3", "--grace", "1")
    done = module_outsiders.jetbench(*arguments(run, evil, more=limits))
    assert done.returncode == 1
    row = rows(run)[evil]
    assert row["status"] == "timeout"
    assert row["phase"] == evil.rpartition("-")[2]
    assert time.monotonic() - start < 120, "the limit did not bite"


def test_a_generator_that_fills_the_memory_is_stopped_and_the_row_says_so(module_outsiders, tmp_path):
    run = tmp_path / "run"
    done = module_outsiders.jetbench(*arguments(run, "evil-memory-fit", more=("--memory", "1")))
    assert done.returncode == 1
    row = rows(run)["evil-memory-fit"]
    assert (row["status"], row["phase"], row["error_type"]) == ("killed", "fit", "MemoryLimit")
    assert "more than the 1.0 GiB" in row["error"]
    assert row["cost"]["peak_bytes"]["fit"] > 2**30


def test_a_failure_is_not_repeated_until_it_is_asked_for(module_outsiders, tmp_path):
    run = tmp_path / "run"
    command = arguments(run, "evil-raise-fit")
    assert module_outsiders.jetbench(*command).returncode == 1
    log = next(run.glob("cells/evil-raise-fit.*/log.txt"))
    once = log.read_text().count("Traceback")
    assert module_outsiders.jetbench(*command).returncode == 1
    assert log.read_text().count("Traceback") == once
    assert module_outsiders.jetbench("retry", str(run)).returncode == 1
    assert log.read_text().count("Traceback") == 2 * once


def test_a_model_that_now_fails_keeps_no_score_of_the_one_before(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    copy = shutil.copytree(outsiders.path[-1], tmp_path / "copy")
    outsiders.path[-1] = copy
    run = tmp_path / "run"
    assert outsiders.jetbench(*arguments(run, "kind-gaussian")).returncode == 0
    assert rows(run)["kind-gaussian"]["scores"]
    source = copy / "kind_outsider" / "model.py"
    source.write_text(source.read_text().replace("del val\n", "raise RuntimeError('new mistake')\n"))
    assert outsiders.jetbench(*arguments(run, "kind-gaussian")).returncode == 1
    row = rows(run)["kind-gaussian"]
    assert (row["status"], row["phase"], row["error"]) == ("failed", "fit", "RuntimeError: new mistake")
    assert row["scores"] == {}


def test_a_broken_plugin_that_was_named_becomes_an_unloadable_row(module_outsiders, tmp_path):
    run = tmp_path / "run"
    source = "raise RuntimeError('broken at import')\n"
    if not (module_outsiders.folder / "broken_outsider.py").exists():
        module_outsiders.write("broken-outsider", source, generators={"broken": "BROKEN"})
    done = module_outsiders.jetbench(*arguments(run, "broken", "kind-gaussian"))
    assert done.returncode == 1
    found = rows(run)
    assert found["broken"]["status"] == "unloadable"
    assert "broken at import" in found["broken"]["error"]
    assert found["kind-gaussian"]["status"] == "ok"
