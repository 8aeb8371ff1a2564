"""A run folder that was damaged: the same command heals it, or one sentence names what stands in the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import arguments, rows

CELL = "cells/kind-gaussian.*"
MINE = "mine.txt"

Damage = Callable[[Path], None]


def place(run: Path, pattern: str) -> Path:
    """The path that the pattern means, whether it is there or not."""
    found = next(run.glob(pattern), None)
    parent, _, name = pattern.rpartition("/")
    return found or (next(run.glob(parent)) if parent else run) / name


def cut(pattern: str) -> Damage:
    def damage(run: Path) -> None:
        path = place(run, pattern)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return damage


def flipped(pattern: str) -> Damage:
    def damage(run: Path) -> None:
        content = bytearray(place(run, pattern).read_bytes())
        content[len(content) // 2] ^= 0xFF
        place(run, pattern).write_bytes(content)

    return damage


def gone(pattern: str) -> Damage:
    def damage(run: Path) -> None:
        path = place(run, pattern)
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def holding(pattern: str, content: bytes) -> Damage:
    """A file with this content in place of what is there."""

    def damage(run: Path) -> None:
        path = place(run, pattern)
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(content)

    return damage


def folder(pattern: str) -> Damage:
    """A folder of the user's in place of a file."""

    def damage(run: Path) -> None:
        path = place(run, pattern)
        path.unlink(missing_ok=True)
        path.mkdir()
        (path / MINE).write_text("notes")

    return damage


def edited(pattern: str, *keys: str, value: Any) -> Damage:
    def damage(run: Path) -> None:
        document = json.loads(place(run, pattern).read_text())
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        place(run, pattern).write_text(json.dumps(document))

    return damage


def both(*damages: Damage) -> Damage:
    def damage(run: Path) -> None:
        for one in damages:
            one(run)

    return damage


FIT, METRIC = f"{CELL}/stages/fit.json", f"{CELL}/stages/metric.w1mult.json"

HEALED = {
    "a plan cut short": cut("plan.json"),
    "a plan that is a list": holding("plan.json", b"[]"),
    "a plan nested too deep": holding("plan.json", b"[" * 100_000),
    "a plan that is no text": holding("plan.json", b"\xff\xfe\x00"),
    "a plan without cells": edited("plan.json", "cells", value=None),
    "no plan": gone("plan.json"),
    "a row cut short": cut(f"{CELL}/row.json"),
    "a row with another score": edited(f"{CELL}/row.json", "scores", "w1mult", "mean", value=0.0),
    "a row of another cell": edited(f"{CELL}/row.json", "id", value="../x"),
    "a record without results": edited(FIT, "results", value={}),
    "a record with a score that was edited": edited(METRIC, "results", "values", value={"w1mult": [0.0, 0.0]}),
    "a record with words for scores": edited(METRIC, "results", "values", value={"w1mult": ["a"]}),
    "a record cut short": cut("datasets/*/prepare.json"),
    "samples cut short": cut(f"{CELL}/samples.h5"),
    "no samples": gone(f"{CELL}/samples.h5"),
    "samples with a flipped bit before a metric": both(gone(METRIC), flipped(f"{CELL}/samples.h5")),
    "weights cut short": cut(f"{CELL}/model/gaussians.json"),
    "a card that is a folder": folder(f"{CELL}/model/generator.json"),
    "no model": gone(f"{CELL}/model"),
    "a file in place of the model": holding(f"{CELL}/model", b"notes"),
    "a damaged beginning": both(gone(FIT), holding(f"{CELL}/stages/fit.begun.json", b"[]")),
    "a lock of a cell that is a folder, with nothing to do": folder(f"{CELL}/lock"),
    "log records that are a folder, with nothing to do": folder(f"{CELL}/events.jsonl"),
}

# Damage, and what the one sentence names.
NAMED = {
    "a folder for a plan": (folder("plan.json"), "plan.json cannot be read (Is a directory)"),
    "a plan of another version": (edited("plan.json", "format", value=1), "plan.json has format 1"),
    "a folder for a row": (folder(f"{CELL}/row.json"), "row.json cannot be written: a folder is in its place"),
    "a folder for a record": (folder(METRIC), "metric.w1mult.json cannot be written: a folder is in its place"),
    "a folder for samples": (folder(f"{CELL}/samples.h5"), "samples.h5 cannot be written: a folder is in its place"),
    "a folder for a log": (
        both(gone(METRIC), folder(f"{CELL}/log.txt")),
        "log.txt cannot be written: a folder is in its place; move it away",
    ),
    "a folder for log records": (
        both(gone(METRIC), folder(f"{CELL}/events.jsonl")),
        "events.jsonl cannot be written: a folder is in its place",
    ),
    "a file for the training": (
        both(gone(FIT), holding(f"{CELL}/training", b"notes")),
        "training cannot be written: a file is in the place of a folder; move it away",
    ),
    "a file for the records": (holding(f"{CELL}/stages", b"notes"), "stages cannot be written: a file is in the place"),
    "a file for a cell": (holding(CELL, b"notes"), "stages cannot be written: a file is in the place of a folder"),
    "a file for all data": (holding("datasets", b"notes"), "cannot be written: a file is in the place of a folder"),
    "a folder for the leaderboard": (folder("leaderboard.md"), "leaderboard.md cannot be written: a folder is"),
    "a folder for the table": (folder("results.parquet"), "results.parquet cannot be written: a folder is"),
    "a folder for the lock": (folder("run.lock"), "run.lock cannot be written: a folder is in its place"),
    "a folder for the holder": (folder("holder.json"), "holder.json cannot be written: a folder is in its place"),
}


def again(outsiders, run: Path):
    outsiders.install("kind-outsider")
    return outsiders.jetbench_here(*arguments(run, "kind-gaussian"))


@pytest.mark.parametrize("damage", HEALED.values(), ids=HEALED)
def test_the_same_command_heals_a_damaged_run(outsiders, finished_run, run, damage):
    damage(run)
    kept = [path.relative_to(run) for path in run.rglob(MINE)]
    done = again(outsiders, run)
    assert done.returncode == 0, done.stderr
    scores = {name: (row["status"], row["scores"]) for name, row in rows(run).items()}
    assert scores == {name: ("ok", row["scores"]) for name, row in rows(finished_run).items()}
    assert len(list(run.rglob(MINE))) == len(kept)


@pytest.mark.parametrize(("damage", "words"), NAMED.values(), ids=NAMED)
def test_what_stands_in_the_way_is_named_and_left_as_it_is(outsiders, run, damage, words):
    damage(run)
    kept = {path: path.read_text() for path in run.rglob(MINE)}
    done = again(outsiders, run)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_text() for path in run.rglob(MINE)} == kept


def test_a_failure_to_write_is_tried_again_by_the_same_command(outsiders, run):
    folder(f"{CELL}/samples.h5")(run)
    assert again(outsiders, run).returncode == 1
    shutil.rmtree(place(run, f"{CELL}/samples.h5"))
    assert outsiders.jetbench_here(*arguments(run, "kind-gaussian")).returncode == 0


LIMITED = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)"


@pytest.mark.parametrize("most", [3_000, 30_000])
def test_a_run_that_can_write_no_more_says_so_and_goes_on_when_it_can(outsiders, tmp_path, most):
    outsiders.install("kind-outsider")
    command = arguments(tmp_path / "run", "kind-gaussian")
    program = f"{LIMITED}; from jetgen.cli import main; sys.argv[0] = 'jetbench'; main()"
    stopped = outsiders.python("-c", program, str(most), *command)
    assert stopped.returncode == 1
    assert "cannot be written: a limit on the size of files does not allow it" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    done = outsiders.jetbench(*command)
    assert done.returncode == 0, done.stderr
    assert {row["status"] for row in rows(tmp_path / "run").values()} == {"ok"}
