"""The plan that is shown before a run: the minutes that cells will take, what is there, the cores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jetgen.harness.store.plan import Plan
from runs import arguments, cell


def planned(outsiders, run: Path, *more: str) -> dict[str, float]:
    """The minutes that the plan names, by cell."""
    done = outsiders.jetbench_here(*arguments(run, "kind-gaussian", more=(*more, "--dry-run", "--json")))
    assert done.returncode == 0, done.stderr
    return {one["id"]: one["minutes"] for one in json.loads(done.stdout)["cells"]}


def shown(outsiders, run: Path, *more: str) -> str:
    done = outsiders.jetbench_here(*arguments(run, "kind-gaussian", more=(*more, "--dry-run")))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_seed_is_planned_as_long_as_the_first_one_took(outsiders, run):
    outsiders.install("kind-outsider")
    path = cell(run, "kind-gaussian") / "row.json"
    row = json.loads(path.read_text())
    for hours in (1, 3):
        row["cost"]["seconds"]["fit"] = 3600.0 * hours
        path.write_text(json.dumps(row))
        minutes = planned(outsiders, run, "--seeds", "2")
        assert minutes["kind-gaussian.tiny.kind-jets@tiny.s1"] == pytest.approx(60 * hours, abs=1)


def test_without_rows_a_longer_preset_takes_longer(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    minutes = [
        planned(outsiders, tmp_path / "no", "--preset", preset)[f"kind-gaussian.{preset}.kind-jets@tiny.s0"]
        for preset in ("tiny", "quick", "standard", "full")
    ]
    assert minutes == sorted(minutes)
    assert minutes[0] > 0


def test_what_is_there_is_not_counted(outsiders, run):
    outsiders.install("kind-outsider")
    text = shown(outsiders, run)
    assert "about 0.0 minutes" in text
    assert "kind-gaussian.tiny" not in text
    assert "2 cell(s) are there; what has changed since is found when the run starts" in text
    assert "are there" not in shown(outsiders, run, "--preset", "quick", "--draws", "3", "--out", str(run / "other"))


def test_the_cores_are_those_of_the_plan(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    assert "1 core(s), as --threads grants" in shown(outsiders, tmp_path / "no", "--threads", "1")


def test_all_cores_make_the_data_one_core_is_timed_and_the_rest_is_divided(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    more = ("--threads", "1", "--dry-run", "--json")
    document = outsiders.jetbench(*arguments(tmp_path / "run", "kind-gaussian", more=more)).stdout
    plan = Plan.model_validate_json(document)
    large = plan.model_copy(update={"cores": 8})
    cell = plan.cells[-1].model_copy(update={"threads": 4})
    assert [large.threads(cell, [stage]) for stage in ("prepare", "fit", "metric.w1m", "timing")] == [8, 4, 4, 1]
    assert plan.threads(cell, ["prepare"]) == 4  # a plan of an earlier jetgen does not know of all cores


OWN_PRESETS = """
from dataclasses import replace
from kind_outsider.settings import KindGaussianSettings
from kind_outsider.spec import KIND_GAUSSIAN

class OwnSettings(KindGaussianSettings):
    presets = {"tiny": {}, "quick": {}, "standard": {}, "overnight": {}}

OWN = replace(KIND_GAUSSIAN, name="own", settings="own_presets:OwnSettings")
"""


def test_a_preset_that_only_its_generator_has_may_take_as_long_as_the_standard_one(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.write("own-presets", OWN_PRESETS, generators={"own": "OWN"})
    limits = {}
    for preset in ("tiny", "quick", "standard", "overnight"):
        done = outsiders.jetbench_here(
            *arguments(tmp_path / "no", "own", more=("--preset", preset, "--dry-run", "--json"))
        )
        (limits[preset],) = [one["timeout"] for one in json.loads(done.stdout)["cells"] if one["generator"]]
    assert limits == {"tiny": 900, "quick": 1200, "standard": 18_000, "overnight": 18_000}


NEEDED = """
from dataclasses import replace
from jetgen.api.settings import Need
from kind_outsider.settings import KindGaussianSettings
from kind_outsider.spec import KIND_GAUSSIAN

class KnowsSettings(KindGaussianSettings):
    presets = {"tiny": {}}

class AsksSettings(KindGaussianSettings):
    presets = {"tiny": {}, "quick": {}}

    def needs(self):
        return {"base": Need("knows", "tiny", {})}

KNOWS = replace(
    KIND_GAUSSIAN, name="knows", settings="needed:KnowsSettings", target="kind_outsider.density:KindDensity",
    capabilities=("SupportsLogProb",),
)
ASKS = replace(KIND_GAUSSIAN, name="zealous", settings="needed:AsksSettings")
"""


def test_a_generator_that_is_skipped_in_one_preset_keeps_its_metrics_in_another(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.write("needed", NEEDED, generators={"knows": "KNOWS", "zealous": "ASKS"})
    command = ("plan", "--all", "-d", "kind-jets@tiny", "--preset", "quick", "--json", "--out", str(tmp_path / "no"))
    done = outsiders.jetbench_here(*command, JETGEN_PLUGINS="kind-outsider,needed")
    assert done.returncode == 0, done.stderr
    cells = {one["id"]: one for one in json.loads(done.stdout)["cells"]}
    assert cells["knows.quick.kind-jets@tiny.s0"]["skip"] == "knows has no preset 'quick'; it has tiny"
    assert "nll" in {metric["name"] for metric in cells["knows.tiny.kind-jets@tiny.s0"]["metrics"]}


def test_a_metric_of_other_clouds_is_missed_by_nobody_unless_it_was_named(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    reasons = []
    for metrics in (("standard",), ("standard", "marginals")):
        more = ("--dry-run", "--json")
        done = outsiders.jetbench_here(*arguments(tmp_path / "no", "kind-gaussian", metrics=metrics, more=more))
        assert done.returncode == 0, done.stderr
        reasons += [one["metrics_skipped"] for one in json.loads(done.stdout)["cells"] if one["generator"]]
    told, asked = reasons
    assert not {"marginals", "shower_energy"} & {*told}
    assert asked["marginals"] == "marginals judges tables, these are jets"
    assert "shower_energy" not in asked


def test_a_baseline_of_other_clouds_has_no_row_unless_it_was_named(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    rows = []
    for models in (("-g", "kind-gaussian"), ("-g", "kind-gaussian", "-g", "copy-truth")):
        done = outsiders.jetbench_here("plan", *models, "-d", "kind-jets@tiny", "--json", "--out", str(tmp_path / "no"))
        assert done.returncode == 0, done.stderr
        rows.append({one["generator"]["name"] for one in json.loads(done.stdout)["cells"] if one["generator"]})
    told, asked = rows
    assert {"replay", "independence"} < told
    assert asked - told == {"copy-truth"}
