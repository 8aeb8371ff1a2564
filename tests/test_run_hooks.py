"""Hooks of outsiders in a run: what they may change, and that an observer that fails hurts nobody."""

from __future__ import annotations

import json

from runs import arguments, rows

HOOKS = """
from pathlib import Path
from jetgen.hooks import Section, hookimpl

class Observer:
    @hookimpl
    def jetgen_modify_plan(self, plan):
        cells = tuple(cell.model_copy(update={"draws": 3}) for cell in plan.cells)
        return plan.model_copy(update={"cells": cells})

    @hookimpl
    def jetgen_environment(self):
        return {"site": "test bench"}

    @hookimpl
    def jetgen_cell_started(self, cell):
        raise RuntimeError("the observer is not well")

    @hookimpl
    def jetgen_cell_finished(self, row):
        with open(Path(__file__).with_name("seen.txt"), "a") as file:
            file.write(f"{row.id} {row.status}\\n")

    @hookimpl
    def jetgen_report_sections(self, results):
        return [Section("From an outsider", f"{len(results.rows)} rows")]

class Misspelt:
    @hookimpl
    def jetgen_cell_finishd(self, row):
        pass
"""


def test_an_outsider_changes_the_plan_sees_every_row_once_and_adds_to_the_report(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.write("hook-outsider", HOOKS, hooks={"observer": "Observer"})
    run = tmp_path / "run"
    done = outsiders.jetbench(*arguments(run, "kind-gaussian", more=("--report",)))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: jetgen_cell_started of hook-outsider:observer failed") == 1
    found = rows(run)
    assert len(found["kind-gaussian"]["scores"]["w1mult"]["values"]) == 3
    assert "test bench" in json.dumps(found["kind-gaussian"]["provenance"])
    seen = (outsiders.folder / "seen.txt").read_text().splitlines()
    assert sorted(seen) == sorted(f"{row['id']} ok" for row in found.values())
    page = (run / "report" / "index.html").read_text()
    assert "From an outsider" in page
    assert "2 rows" in page
    assert outsiders.jetbench(*arguments(run, "kind-gaussian")).returncode == 0
    assert len((outsiders.folder / "seen.txt").read_text().splitlines()) == 2 * len(found)


def test_a_misspelt_hook_is_refused_by_name_before_anything_runs(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.write("hook-outsider", HOOKS, hooks={"misspelt": "Misspelt"})
    run = tmp_path / "run"
    done = outsiders.jetbench(*arguments(run, "replay", references=True))
    assert done.returncode == 1
    assert "hook-outsider:misspelt" in done.stderr
    assert "jetgen_cell_finishd" in done.stderr
    assert not (run / "plan.json").exists()


def test_prepare_makes_the_data_and_says_how_many_there_are(outsiders):
    done = outsiders.jetbench("prepare", "pythia-top30@tiny")
    assert done.returncode == 0, done.stderr
    assert "pythia-top30@tiny: 400 train, 100 val, 400 test" in done.stdout
    wrong = outsiders.jetbench_here("prepare", "pythia-top30@tinny")
    assert wrong.returncode == 2
    assert "did you mean tiny?" in wrong.stderr
