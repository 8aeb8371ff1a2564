"""Generators that misbehave at run time: each becomes the right row, and every other cell finishes."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest
from processes import gone
from runs import arguments, cell, rows

# Name of the evil: status, phase, and a part of what the row says.
EVILS = {
    "broken": ("unloadable", "load", "broken at import"),
    "evil-exit-fit": ("failed", "fit", "exited with status 0"),
    "evil-huge-report": ("failed", "fit", "has parameters = 1180591620717411303424; an integer from 0 to 2**63 - 1"),
    "evil-import": ("unloadable", "fit", "evil_outsider.unimportable"),
    "evil-kill-fit": ("killed", "fit", "SIGKILL"),
    "evil-nan": ("failed", "sample", "not finite at row"),
    "evil-not-clouds": ("failed", "sample", "list, not Clouds"),
    "evil-os-exit-fit": ("failed", "fit", "ended itself with status 0"),
    "evil-os-exit-sample": ("failed", "sample", "ended itself with status 0"),
    "evil-raise-base": ("failed", "fit", "BaseException: the evil fit raises what nobody catches"),
    "evil-raise-wordless": ("failed", "fit", "WordlessError"),
    "evil-save-link": ("failed", "fit", "saved elsewhere, a link to /etc/passwd; save the file itself"),
    "evil-save-pipe": ("failed", "fit", "saved pipe.safetensors, which is no file; save plain files"),
    "evil-surrogate-history": ("failed", "fit", "what fit gave is not plain finite JSON"),
    "evil-raise-fit": ("failed", "fit", "RuntimeError: the evil fit raises"),
    "evil-raise-sample": ("failed", "sample", "the evil sample raises"),
    "evil-save-nothing": ("failed", "sample", "FileNotFoundError"),
    "evil-segfault-fit": ("failed", "fit", "SIGSEGV"),
    "evil-segfault-sample": ("failed", "sample", "SIGSEGV"),
    "evil-shape": ("failed", "sample", "2 features, 3 were asked for"),
    "evil-surrogate-fit": ("failed", "fit", "RuntimeError: half a character: \ufffd"),
    "evil-too-few": ("failed", "sample", "399 clouds, 400 were asked for"),
    "evil-too-many": ("failed", "sample", "401 clouds, 400 were asked for"),
    "evil-word-report": ("failed", "fit", "has parameters = 'many'; an integer"),
}

GOOD = ("floor", "evil-chatty", "evil-detach-fit", "evil-odd-modules", "kind-gaussian")


@pytest.fixture(scope="module")
def evil_run(module_outsiders, tmp_path_factory):
    """One run of every quick evil, of a plugin that is broken, and of two generators that work."""
    source = "raise RuntimeError('broken at import')\n"
    module_outsiders.write("broken-outsider", source, generators={"broken": "BROKEN"})
    run = tmp_path_factory.mktemp("evil") / "run"
    good = GOOD[1:]
    done = module_outsiders.jetbench(*arguments(run, *EVILS, *good, more=("--jobs", "2")))
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
    assert good == dict.fromkeys(GOOD, "ok")
    assert done.returncode == 1
    assert "jetbench retry" in done.stderr


def test_what_a_generator_prints_goes_to_its_log_and_nowhere_else(evil_run):
    done, found = evil_run
    assert found["evil-chatty"]["status"] == "ok"
    assert "straight to the descriptor" not in done.stdout


def test_what_a_generator_leaves_running_is_ended_and_said(evil_run):
    done, found = evil_run
    assert found["evil-detach-fit"]["strays"] == []
    log = (cell(Path(done.args[done.args.index("--out") + 1]), "evil-detach-fit") / "events.jsonl").read_text()
    (number,) = [record["number"] for record in map(json.loads, log.splitlines()) if record["kind"] == "detached"]
    assert not psutil.pid_exists(number) or gone([psutil.Process(number)])
    assert "what fit left behind was ended: " in done.stdout + done.stderr


HANGING = ("evil-hang-fit", "evil-stubborn-fit", "evil-hang-sample")


@pytest.fixture(scope="module")
def hanging_run(module_outsiders, tmp_path_factory):
    """One run of all that never return, with a limit that an honest stage keeps on a busy machine too."""
    run = tmp_path_factory.mktemp("hanging") / "run"
    limits = ("--timeout", "5", "--grace", "1", "--jobs", "2")
    done = module_outsiders.jetbench(*arguments(run, *HANGING, more=limits))
    assert done.returncode == 1
    return rows(run)


@pytest.mark.parametrize("evil", HANGING)
def test_a_generator_that_hangs_is_stopped_at_the_limit(hanging_run, evil):
    row = hanging_run[evil]
    assert (row["status"], row["phase"]) == ("timeout", evil.rpartition("-")[2])


def test_a_generator_that_fills_the_memory_is_stopped_and_the_row_says_so(module_outsiders, tmp_path):
    run = tmp_path / "run"
    done = module_outsiders.jetbench(*arguments(run, "evil-memory-fit", more=("--memory", "1")))
    assert done.returncode == 1
    row = rows(run)["evil-memory-fit"]
    assert (row["status"], row["phase"], row["error_type"]) == ("killed", "fit", "MemoryLimit")
    assert "more than the 1.0 GiB" in row["error"]
    assert row["cost"]["peak_bytes"]["fit"] > 2**30
