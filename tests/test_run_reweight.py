"""`jetbench run --reweight`: a second row for each model, of its clouds with the weights of a classifier."""

from __future__ import annotations

import json

import pytest
from jetgen.data.weights import effective_size
from jetgen.io.cloud_file import open_clouds
from own_files import assert_one_sentence
from runs import arguments, cell


def by_title(run):
    found = [json.loads(path.read_text()) for path in run.glob("cells/*/row.json")]
    return {row["shown_as"] or row["generator"]: row for row in found}


@pytest.fixture(scope="module")
def run(module_outsiders, tmp_path_factory):
    """A run of a model, and of one that fails, each with weights."""
    folder = tmp_path_factory.mktemp("reweight") / "run"
    words = arguments(folder, "kind-gaussian", "evil-raise-fit", metrics=("w1mult", "w1p"), more=("--reweight",))
    done = module_outsiders.jetbench(*words)
    assert done.returncode == 1, done.stderr
    return folder


def test_a_model_is_trained_once_and_stands_in_the_table_with_and_without_weights(run):
    found = by_title(run)
    plain, weighted = found["kind-gaussian"], found["kind-gaussian+weights"]
    assert (plain["status"], weighted["status"]) == ("ok", "ok")
    assert weighted["needs"] == {"base": plain["id"]}
    assert weighted["overrides"] == {}
    assert weighted["cost"]["inherited_fit_seconds"] == plain["cost"]["fit_seconds"]
    assert weighted["scores"]["w1mult"]["mean"] != plain["scores"]["w1mult"]["mean"]


def test_its_clouds_have_weights_and_the_table_says_what_they_are_worth(run):
    with open_clouds(cell(run, "kind-gaussian+weights") / "samples.h5") as file:
        clouds = file[:]
    sizes = [effective_size(clouds.weights[draw * 400 : (draw + 1) * 400]) for draw in range(2)]
    assert by_title(run)["kind-gaussian+weights"]["counts"]["n_effective"] == pytest.approx(sum(sizes) / 2)
    table = (run / "leaderboard.md").read_text()
    assert f"kind-gaussian+weights: the weighted clouds of a draw count like {sum(sizes) / 2:,.0f} (" in table
    assert "µs for each cloud that counts" in table


def test_weights_of_a_model_that_failed_are_skipped_with_the_reason(run):
    row = by_title(run)["evil-raise-fit+weights"]
    assert row["status"] == "skipped"
    assert row["error"].startswith("upstream failed")


def test_settings_of_the_model_and_of_the_weights_are_part_of_the_plan(module_outsiders, tmp_path):
    more = (
        "--reweight",
        "--set",
        "kind-gaussian.clouds_per_step=50",
        "--set",
        "weights.largest=3",
        "--dry-run",
        "--json",
    )
    plan = json.loads(module_outsiders.jetbench(*arguments(tmp_path / "run", "kind-gaussian", more=more)).stdout)
    _, plain, weighted = plan["cells"]
    assert weighted["needs"] == {"base": plain["id"]}
    mark = plain["id"].removeprefix("kind-gaussian.tiny").split(".")[0]
    assert weighted["generator"]["shown_as"] == f"kind-gaussian{mark}+weights"
    assert mark.startswith("+")
    assert weighted["generator"]["settings"]["largest"] == 3.0


def test_a_model_with_settings_of_its_own_is_trained_once_too(module_outsiders, tmp_path):
    more = ("--reweight", "--dry-run", "--json")
    words = arguments(tmp_path / "run", "kind-gaussian,clouds_per_step=50", more=more)
    _, plain, weighted = json.loads(module_outsiders.jetbench(*words).stdout)["cells"]
    assert plain["generator"]["shown_as"] == "kind-gaussian,clouds_per_step=50"
    assert weighted["needs"] == {"base": plain["id"]}


def test_settings_of_weights_that_nobody_asked_for_are_one_sentence(module_outsiders, tmp_path):
    done = module_outsiders.jetbench(*arguments(tmp_path / "run", "kind-gaussian", more=("--set", "weights.largest=3")))
    assert done.returncode == 2
    assert_one_sentence(done.stderr, "settings are given for 'weights', which is not in this run")


def test_a_run_of_all_generators_has_no_weights_unless_they_are_asked_for(module_outsiders, tmp_path):
    def generators(*more):
        command = ["run", "--all", "--preset", "tiny", "--dry-run", "--json", "--out", str(tmp_path / "run"), *more]
        cells = json.loads(module_outsiders.jetbench(*command).stdout)["cells"]
        return [cell["generator"]["name"] for cell in cells if cell["generator"]]

    assert "weights" not in generators()
    assert generators("--reweight").count("weights") == len(set(generators()) - {"replay", "independence"})
