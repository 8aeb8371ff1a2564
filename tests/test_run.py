"""A run from the command line: its rows, with baselines, several jobs, and models that need others."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from runs import arguments, rows


@pytest.fixture(scope="module")
def whole(module_outsiders, tmp_path_factory):
    """A run with the baselines and the standard metrics, and what its process said."""
    run = tmp_path_factory.mktemp("whole") / "run"
    done = module_outsiders.jetbench(*arguments(run, "kind-gaussian", metrics=(), references=True))
    assert done.returncode == 0, done.stderr
    return run, done


def test_a_run_ends_with_a_row_for_the_floor_the_baselines_and_the_model(whole):
    run, done = whole
    found = rows(run)
    assert set(found) == {"floor", "replay", "independence", "kind-gaussian"}
    assert {row["status"] for row in found.values()} == {"ok"}
    model = found["kind-gaussian"]
    assert {"w1m", "w1p", "w1p_etarel", "w1mult", "novelty", "memorising"} <= set(model["scores"])
    assert model["cost"]["parameters"] > 0
    assert model["cost"]["simulator_ratio"] > 1
    assert model["cost"]["break_even_clouds"] > 0
    assert model["provenance"]["versions"]["jetgen"]
    assert len(found["floor"]["scores"]["w1m"]["values"]) == 30
    assert "kind-gaussian" in done.stdout
    assert "floor: truth" in (run / "leaderboard.md").read_text()
    table = pq.read_table(run / "results.parquet").to_pylist()
    assert {record["generator"] for record in table} == {None, "replay", "independence", "kind-gaussian"}


def test_replay_is_unbeatable_on_distances_and_found_out_by_novelty_and_memorising(whole):
    found = rows(whole[0])
    replay, independence = found["replay"]["scores"], found["independence"]["scores"]
    assert replay["w1m"]["mean"] < independence["w1m"]["mean"] / 3
    assert replay["novelty"]["mean"] < 0.05
    assert independence["novelty"]["mean"] > 0.5
    assert replay["memorising"]["mean"] < 0.5 < independence["memorising"]["mean"]
    leaderboard = (whole[0] / "leaderboard.md").read_text()
    assert "replay: memorising 0." in leaderboard
    assert "independence: memorising" not in leaderboard


def test_status_counts_the_cells(module_outsiders, finished_run):
    found = json.loads(module_outsiders.jetbench("status", str(finished_run), "--json").stdout)
    assert [one["status"] for one in found] == ["ok", "ok"]
    assert "2 ok" in module_outsiders.jetbench_here("status", str(finished_run)).stdout


def test_several_jobs_share_the_cores_and_give_the_same_scores(module_outsiders, finished_run, tmp_path):
    shared = tmp_path / "shared"
    assert module_outsiders.jetbench(*arguments(shared, "kind-gaussian", more=("--jobs", "2"))).returncode == 0
    for name, row in rows(finished_run).items():
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
    assert found["needy"]["needs"] == {"base": "kind-gaussian.tiny.kind-jets@tiny.s0"}


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
    assert row["error"] == "needy learns showers, kind-jets holds jets"
