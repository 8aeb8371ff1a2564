"""A run from the command line: rows, resuming, what is redone and what is not."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest
from runs import arguments, cell, rows, stage_times


@pytest.fixture(scope="module")
def finished_run(module_outsiders, tmp_path_factory):
    """A run of the kind outsider that ended well."""
    run = tmp_path_factory.mktemp("finished") / "run"
    done = module_outsiders.jetbench(*arguments(run, "kind-gaussian"))
    assert done.returncode == 0, done.stderr
    return run


@pytest.fixture
def finished(finished_run, tmp_path):
    """A copy of it that a test may change: a run folder can be moved."""
    return shutil.copytree(finished_run, tmp_path / "run")


def test_a_run_ends_with_a_row_for_the_floor_the_references_and_the_model(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    run = tmp_path / "run"
    done = outsiders.jetbench(*arguments(run, "kind-gaussian", metrics=(), references=True))
    assert done.returncode == 0, done.stderr
    found = rows(run)
    assert set(found) == {"floor", "replay", "independence", "kind-gaussian"}
    assert {row["status"] for row in found.values()} == {"ok"}
    model = found["kind-gaussian"]
    assert {"w1m", "w1p", "w1p_etarel", "w1mult", "novelty"} <= set(model["scores"])
    assert model["cost"]["parameters"] > 0
    assert model["cost"]["simulator_ratio"] > 1
    assert model["cost"]["break_even_clouds"] > 0
    assert model["provenance"]["versions"]["jetgen"]
    assert len(found["floor"]["scores"]["w1m"]["values"]) == 30
    assert "kind-gaussian" in done.stdout
    assert "floor: truth" in (run / "leaderboard.md").read_text()
    table = pq.read_table(run / "results.parquet").to_pylist()
    assert {record["generator"] for record in table} == {None, "replay", "independence", "kind-gaussian"}


def test_replay_is_unbeatable_on_distances_and_found_out_by_novelty(outsiders, tmp_path):
    run = tmp_path / "run"
    assert outsiders.jetbench(*arguments(run, "replay", metrics=("w1m", "novelty"), references=True)).returncode == 0
    replay, independence = rows(run)["replay"]["scores"], rows(run)["independence"]["scores"]
    assert replay["w1m"]["mean"] < independence["w1m"]["mean"] / 3
    assert replay["novelty"]["mean"] < 0.05
    assert independence["novelty"]["mean"] > 0.5


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
    assert any("kind-gaussian.tiny.pythia-top30@tiny.s1" in name and "fit" in name for name in after)
    assert any("s0" in name and "metric.w1m" in name for name in after)


def test_an_edited_model_is_trained_again_and_why_says_so(outsiders, finished, tmp_path):
    outsiders.install("kind-outsider")
    copy = shutil.copytree(outsiders.path[-1], tmp_path / "copy")
    outsiders.path[-1] = copy
    run = finished
    before = stage_times(run)
    source = copy / "kind_outsider" / "model.py"
    source.write_text(source.read_text().replace("_RIDGE = 1e-9", "_RIDGE = 1e-8"))
    identity = cell(run, "kind-gaussian").name
    why = outsiders.jetbench("why", str(run), identity, "--json")
    reasons = json.loads(why.stdout)
    assert reasons["prepare"] == []
    assert reasons["fit"] == ["module kind_outsider.model was edited"]
    assert "the stage before it" in reasons["sample"][0]
    assert outsiders.jetbench(*arguments(run, "kind-gaussian")).returncode == 0
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


def test_status_counts_the_cells(module_outsiders, finished):
    found = json.loads(module_outsiders.jetbench("status", str(finished), "--json").stdout)
    assert [one["status"] for one in found] == ["ok", "ok"]
    assert "2 ok" in module_outsiders.jetbench("status", str(finished)).stdout


def test_several_jobs_share_the_cores_and_give_the_same_scores(module_outsiders, finished, tmp_path):
    shared = tmp_path / "shared"
    assert module_outsiders.jetbench(*arguments(shared, "kind-gaussian", more=("--jobs", "2"))).returncode == 0
    for name, row in rows(finished).items():
        other = rows(shared)[name]
        assert row["scores"] == other["scores"]
        assert (row["cost"]["microseconds_per_cloud"] is None) == (other["cost"]["microseconds_per_cloud"] is None)


NEEDY = """
from jetgen import FitReport, GeneratorSpec, Need, Settings
from kind_outsider.model import KindGaussian

NEEDY = GeneratorSpec(name="needy", summary="refines another model", target="needy_outsider:Needy",
                      settings="needy_outsider:NeedySettings", kinds=("jets",))

class NeedySettings(Settings):
    clouds_per_step: int = 100
    step_seconds: float = 0.0
    width: float = 1.0
    base: str = "kind-gaussian"
    presets = {"tiny": {}}

    def needs(self):
        return {"base": Need(self.base, "tiny", {})}

class Needy(KindGaussian):
    def fit(self, train, val, ctx):
        base = KindGaussian.load(ctx.upstream["base"], "cpu")
        self.means, self.factors, self.counts, self.settings = base.means, base.factors, base.counts, base.settings
        return FitReport(0, 1)
"""


def test_a_model_that_needs_another_gets_it_and_shows_the_inherited_training(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.write("needy-outsider", NEEDY, generators={"needy": "NEEDY"})
    run = tmp_path / "run"
    done = outsiders.jetbench(*arguments(run, "needy"))
    assert done.returncode == 0, done.stderr
    found = rows(run)
    assert found["needy"]["cost"]["inherited_fit_seconds"] == found["kind-gaussian"]["cost"]["fit_seconds"]
    assert found["needy"]["needs"] == {"base": "kind-gaussian.tiny.pythia-top30@tiny.s0"}


def test_a_model_whose_upstream_failed_is_skipped_and_says_so(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.install("evil-outsider")
    outsiders.write("needy-outsider", NEEDY, generators={"needy": "NEEDY"})
    run = tmp_path / "run"
    done = outsiders.jetbench(*arguments(run, "needy", more=("--set", 'needy.base="evil-raise-fit"')))
    assert done.returncode == 1
    found = rows(run)
    assert found["needy"]["status"] == "skipped"
    assert found["needy"]["error"].startswith("upstream failed")
    assert found["evil-raise-fit"]["status"] == "failed"


def test_a_generator_that_does_not_fit_the_dataset_is_skipped_with_the_reason(outsiders, tmp_path):
    source = NEEDY.replace('kinds=("jets",)', 'kinds=("showers",)').replace('Need(self.base, "tiny", {})', "")
    outsiders.install("kind-outsider")
    outsiders.write("needy-outsider", source.replace('{"base": }', "{}"), generators={"needy": "NEEDY"})
    run = tmp_path / "run"
    done = outsiders.jetbench(*arguments(run, "needy"))
    assert done.returncode == 0, done.stderr
    row = rows(run)["needy"]
    assert row["status"] == "skipped"
    assert row["error"] == "needy learns showers, pythia-top30 holds jets"
