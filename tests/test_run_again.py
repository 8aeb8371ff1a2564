"""The same run again: what is redone after a change, and what is not."""

from __future__ import annotations

import json
import shutil

import pytest
from jetgen.harness.run.tables import rows_of, table_rows
from jetgen.harness.store.plan import read_plan
from jetgen.harness.store.stages import StageStore
from own_files import assert_one_sentence
from runs import arguments, cell, rows, stage_times


@pytest.fixture
def finished(finished_run, tmp_path):
    """A copy of a run that ended well, which a test may change: a run folder can be moved."""
    return shutil.copytree(finished_run, tmp_path / "run")


@pytest.fixture
def edited(outsiders, tmp_path):
    """The kind outsider from a copy, and a function that edits the source of its model there."""
    outsiders.install("kind-outsider")
    copy = shutil.copytree(outsiders.path[-1], tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    outsiders.path[-1] = copy

    def edit(old, new):
        source = copy / "kind_outsider" / "model.py"
        text = source.read_text()
        assert old in text
        source.write_text(text.replace(old, new))

    return edit


def test_the_same_command_again_redoes_nothing(module_outsiders, finished):
    before = stage_times(finished)
    assert module_outsiders.jetbench(*arguments(finished, "kind-gaussian")).returncode == 0
    assert stage_times(finished) == before


def test_a_new_metric_and_a_new_seed_retrain_nothing(module_outsiders, finished):
    before = stage_times(finished)
    more = arguments(finished, "kind-gaussian", metrics=("w1mult", "w1m"), more=("--seeds", "2"))
    assert module_outsiders.jetbench(*more).returncode == 0
    after = stage_times(finished)
    assert {name: after[name] for name in before} == before
    assert any("kind-gaussian.tiny.kind-jets@tiny.s1" in name and "fit" in name for name in after)
    assert any("s0" in name and "metric.w1m" in name for name in after)


def test_a_folder_of_which_nothing_is_of_today_is_shown_as_it_is(finished_run, monkeypatch):
    plan = read_plan(finished_run)
    found = rows_of(finished_run, plan)
    monkeypatch.setattr(StageStore, "of_other_source", lambda _store, _stage: False)
    assert table_rows(finished_run, plan, found) == (found, [])
    monkeypatch.setattr(StageStore, "of_other_source", lambda _store, _stage: True)
    shown, notes = table_rows(finished_run, plan, found)
    assert shown == found
    assert notes == ["these rows are not of the code of today; the same commands again make them anew"]


def test_an_edited_model_is_trained_again_and_why_says_so(outsiders, edited, finished):
    run = finished
    before = stage_times(run)
    edited("_RIDGE = 1e-9", "_RIDGE = 1e-8")
    identity = cell(run, "kind-gaussian").name
    why = outsiders.jetbench("why", str(run), identity, "--json")
    reasons = json.loads(why.stdout)
    assert reasons["prepare"] == []
    assert reasons["fit"] == ["module kind_outsider.model was edited"]
    assert "the stage before it" in reasons["sample"][0]
    others = outsiders.jetbench(*arguments(run, "kind-gaussian", more=("--set", "kind-gaussian.width=3")))
    assert others.returncode == 0
    assert f"- {identity} is not of the code of today and left out" in (run / "leaderboard.md").read_text()
    again = outsiders.jetbench("leaderboard", str(run), "--json")
    assert f"note: {identity} is not of the code of today and left out" in again.stderr
    assert identity not in {row["id"] for row in json.loads(again.stdout)}
    assert outsiders.jetbench(*arguments(run, "kind-gaussian")).returncode == 0
    assert "left out" not in (run / "leaderboard.md").read_text()
    after = stage_times(run)
    changed = {name for name in before if after[name] != before[name]}
    assert {name.split("/")[1].split(".")[0] for name in changed} == {"kind-gaussian"}
    assert any("fit" in name for name in changed)
    assert not any("prepare" in name for name in changed)


def test_another_setting_is_another_cell_and_the_folder_keeps_both(module_outsiders, finished):
    run = finished
    wide = arguments(run, "kind-gaussian", more=("--set", "kind-gaussian.width=3"))
    assert module_outsiders.jetbench(*wide).returncode == 0
    folders = sorted(path.name for path in run.glob("cells/kind-gaussian.*"))
    assert len(folders) == 2
    settings = [json.loads((run / "cells" / name / "row.json").read_text())["settings"] for name in folders]
    assert sorted(one["width"] for one in settings) == [1.0, 3.0]
    quality = (run / "leaderboard.md").read_text().partition("### Cost")[0]
    assert quality.count("| kind-gaussian") == 2


def test_a_cell_is_a_command_of_its_own_and_idempotent(module_outsiders, finished):
    identity = cell(finished, "kind-gaussian").name
    shutil.rmtree(finished / "cells" / identity)
    done = module_outsiders.jetbench("cell", str(finished), identity)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{identity}: ok"
    before = stage_times(finished)
    assert module_outsiders.jetbench("cell", str(finished), identity).returncode == 0
    assert stage_times(finished) == before


@pytest.mark.parametrize("command", ["cell", "retry"])
@pytest.mark.parametrize("part", ["generator", "dataset", "metric"])
def test_code_that_only_a_foreign_plan_names_is_not_imported(
    module_outsiders, finished, tmp_path, monkeypatch, command, part
):
    (tmp_path / "evil_code.py").write_text("open('ran', 'w').close()\n")
    text = (finished / "plan.json").read_text()
    document = json.loads(text)
    planned = document["cells"][-1]
    spoilt = {"generator": planned["generator"], "dataset": planned["dataset"], "metric": planned["metrics"][0]["spec"]}
    spoilt[part]["target"] = "evil_code:Model"
    (finished / "plan.json").write_text(json.dumps(document))
    shutil.rmtree(finished / "cells" / planned["id"])
    words = [command, str(finished)] + ([planned["id"]] if command == "cell" else [])
    monkeypatch.chdir(tmp_path)
    done = module_outsiders.jetbench_here(*words)
    assert done.returncode == 1
    assert not (tmp_path / "ran").exists()
    assert_one_sentence(done.stderr, f"the cell {planned['id']} would import evil_code:Model for")
    assert not (finished / "cells" / planned["id"] / "row.json").exists()


LEARNER = """
from pathlib import Path
from jetgen import FitReport, GeneratorSpec, Settings
from kind_outsider.model import KindGaussian
from kind_outsider.settings import KindGaussianSettings
import lab_layers

LEARNER = GeneratorSpec(name="learner", summary="its width is in a file", target="learner_outsider:Learner",
                        settings="learner_outsider:LearnerSettings", modules=(MODULES))

class LearnerSettings(Settings):
    table: str = ""
    presets = {"tiny": {}}

    def inputs(self):
        return {"table": Path(self.table)}

class Learner(KindGaussian):
    @classmethod
    def create(cls, settings, cloud_spec):
        return super().create(KindGaussianSettings(width=float(Path(settings.table).read_text())), cloud_spec)
"""


@pytest.mark.parametrize("covered", [True, False])
def test_files_of_settings_and_code_elsewhere_are_part_of_a_training_if_they_are_declared(outsiders, tmp_path, covered):
    outsiders.install("kind-outsider")
    modules = '"lab_layers",' if covered else ""
    outsiders.write("learner-outsider", LEARNER.replace("MODULES", modules), generators={"learner": "LEARNER"})
    layers, table, run = outsiders.folder / "lab_layers.py", tmp_path / "table.txt", tmp_path / "run"
    layers.write_text("WIDTH = 1\n")
    command = arguments(run, "learner", more=("--set", f"learner.table={table}"))
    missing = outsiders.jetbench_here(*command)
    assert missing.returncode == 2
    assert_one_sentence(missing.stderr, f"a setting of learner names a file: {table}: there is no such file")
    table.write_text("1.0")
    done = outsiders.jetbench(*command)
    assert done.returncode == 0, done.stderr
    warning = "an edit of lab_layers will not repeat this stage: name it in modules= of the spec"
    assert (warning in done.stderr) != covered
    layers.write_text("WIDTH = 2\n")
    why = json.loads(outsiders.jetbench("why", str(run), cell(run, "learner").name, "--json").stdout)
    assert why["fit"] == (["module lab_layers was edited"] if covered else [])
    if covered:
        layers.write_text("WIDTH = 1\n")
        table.write_text("2.0")
        before = stage_times(run)
        assert outsiders.jetbench(*command).returncode == 0
        after = stage_times(run)
        assert {name for name in before if "fit" in name} == {
            name for name in before if "fit" in name and after[name] != before[name]
        }


def test_a_source_that_is_saved_during_the_training_leaves_no_ok_row_and_the_same_command_heals(
    outsiders, edited, finished
):
    edited("del val\n", "Path(__file__).write_text(Path(__file__).read_text().replace('1e-9', '1e-8'))\n")
    command = arguments(finished, "kind-gaussian")
    assert outsiders.jetbench(*command).returncode == 1
    row = rows(finished)["kind-gaussian"]
    assert (row["status"], row["phase"], row["scores"]) == ("failed", "fit", {})
    assert "(module kind_outsider.model was edited); run the same command again" in row["error"]
    assert outsiders.jetbench(*command).returncode == 0
    assert rows(finished)["kind-gaussian"]["scores"]


DAMAGE = {
    "a score that somebody changed": ("row", lambda text: text.replace('"mean": ', '"mean": 9')),
    "a status that somebody changed": ("row", lambda text: text.replace('"status": "ok"', '"status": "truncated"', 1)),
    "half a row": ("row", lambda text: text[: len(text) // 2]),
    "half a plan": ("plan", lambda text: text[: len(text) // 2]),
    "a plan of nothing": ("plan", lambda _: "[]"),
    "a deep plan": ("plan", lambda _: 100_000 * "["),
}


@pytest.mark.parametrize(("what", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_the_same_command_heals_what_was_damaged_and_trains_nothing(module_outsiders, finished, what, damage):
    before, scores = stage_times(finished), rows(finished)["kind-gaussian"]["scores"]
    path = finished / "plan.json" if what == "plan" else cell(finished, "kind-gaussian") / "row.json"
    path.write_text(damage(path.read_text()))
    if what == "plan":
        status = module_outsiders.jetbench_here("status", str(finished))
        assert_one_sentence(status.stderr, "plan.json is damaged", "with the same options makes it again")
    done = module_outsiders.jetbench_here(*arguments(finished, "kind-gaussian"))
    assert done.returncode == 0, done.stderr
    assert rows(finished)["kind-gaussian"]["scores"] == scores
    assert stage_times(finished) == before


def test_a_folder_in_place_of_a_row_costs_that_cell_alone(module_outsiders, finished):
    broken = cell(finished, "kind-gaussian") / "row.json"
    broken.unlink()
    broken.mkdir()
    done = module_outsiders.jetbench_here(*arguments(finished, "kind-gaussian"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "a folder is in its place; move it away" in done.stderr
    assert "floor" in (finished / "leaderboard.md").read_text()


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


def test_a_model_that_now_fails_keeps_no_score_of_the_one_before(outsiders, edited, finished):
    assert rows(finished)["kind-gaussian"]["scores"]
    edited("del val\n", "raise RuntimeError('new mistake')\n")
    assert outsiders.jetbench(*arguments(finished, "kind-gaussian")).returncode == 1
    row = rows(finished)["kind-gaussian"]
    assert (row["status"], row["phase"], row["error"]) == ("failed", "fit", "RuntimeError: new mistake")
    assert row["scores"] == {}
