"""Metrics in a run: words for many of them, those that ask the model, and those that judge fewer draws."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from runs import DATA, arguments, cell, rows

NLL = {"nll", "nll_per_point", "nll_impossible"}

DENSITY = """
from dataclasses import replace
from kind_outsider.spec import KIND_GAUSSIAN
capabilities = ("SupportsLogProb",)
density = replace(KIND_GAUSSIAN, name="density", target="kind_outsider.density:KindDensity", capabilities=capabilities)
"""

FRUGAL = """
import numpy as np
from jetgen import Measurement, MetricSpec
from jetgen.api.metric import FeatureMetric
from jetgen.metrics.wasserstein import wasserstein
softest = MetricSpec(name="softest", summary="the softest point", target="frugal:Softest", kinds=("jets",))
frugal = MetricSpec(name="frugal", summary="counts", target="frugal:Frugal", kinds=("jets",), draws=1, floor_draws=1,
                    ranked=False)

class Frugal:
    @classmethod
    def create(cls, cloud_spec):
        return cls()

    def compute(self, real, fake, ctx):
        return Measurement(len(fake), {"frugal_half": len(fake) / 2}, stderr=8.0)

class Softest(FeatureMetric):
    def featurise(self, clouds, ctx):
        return np.minimum.reduceat(clouds.points[:, 2], clouds.offsets[:-1])

    def compare(self, real, fake, ctx):
        return Measurement(wasserstein(real, fake))
"""


EVIL = """
import os
from jetgen import Measurement, MetricSpec

class Evil:
    calls = 0

    @classmethod
    def create(cls, cloud_spec):
        return cls()

    def compute(self, real, fake, ctx):
        Evil.calls += 1
        return self.answer(fake)

def evil(name, answer):
    globals()[name.title()] = type(name.title(), (Evil,), {"answer": answer})
    return MetricSpec(name=name, summary="evil", target=f"evil_metrics:{name.title()}", kinds=("jets",), floor_draws=2)

exits = evil("exits", lambda self, fake: os._exit(0))
changes = evil("changes", lambda self, fake: Measurement(1.0, {f"changes_{Evil.calls}": 1.0}))
number = evil("number", lambda self, fake: 1.0)
paths = evil("paths", lambda self, fake: Measurement(1.0, {"../x": 1.0}))
takes = evil("takes", lambda self, fake: Measurement(1.0, {"w1mult": 99.0}))
large = evil("large", lambda self, fake: Measurement(10**400))
wipes = evil("wipes", lambda self, fake: Measurement(float(fake.points.fill(0) is None)))
works = evil("works", lambda self, fake: Measurement(float(fake.points.max())))
"""

EVIL_WORDS = {
    "changes": "the draws have other components: changes_",
    "exits": "its process ended itself with status 0",
    "large": "OverflowError",
    "number": "Number returned float; a metric returns jetgen.Measurement",
    "paths": "Paths returned a component called '../x'; use letters",
    "takes": "its component w1mult is called like a score of another metric",
}


def test_evil_metrics_are_left_out_with_the_reason_and_touch_no_other_score(module_outsiders, run, tmp_path):
    names = (*EVIL_WORDS, "wipes", "works")
    module_outsiders.write("evil-metrics", EVIL, metrics={name: name for name in names})
    done = module_outsiders.jetbench(*arguments(tmp_path / "run", "kind-gaussian", metrics=("w1mult", *names)))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name, row in rows(tmp_path / "run").items():
        found = {metric: words in row["skipped_metrics"].get(metric, "") for metric, words in EVIL_WORDS.items()}
        assert found == dict.fromkeys(EVIL_WORDS, True)
        assert set(row["scores"]) == {"w1mult", "wipes", "works"}
        assert row["scores"]["w1mult"] == rows(run)[name]["scores"]["w1mult"]
        assert row["scores"]["works"]["mean"] > 0


@pytest.fixture(scope="module")
def run(module_outsiders, tmp_path_factory):
    """Two generators, of which one knows its density, and every way to name metrics."""
    module_outsiders.write("density", DENSITY, generators={"density": "density"})
    module_outsiders.write("frugal", FRUGAL, metrics={"frugal": "frugal", "softest": "softest"})
    folder = tmp_path_factory.mktemp("metrics") / "run"
    metrics = ("w1mult", "nll", "cost", "frugal", "softest")
    done = module_outsiders.jetbench(*arguments(folder, "kind-gaussian", "density", metrics=metrics))
    assert done.returncode == 0, done.stderr
    return folder


def test_the_likelihood_is_told_by_the_model_that_knows_it(run):
    found = rows(run)
    nll = found["density"]["scores"]["nll"]
    assert len(nll["values"]) == 1
    assert nll["stderr"] > 0
    assert not found["density"]["metrics"]["nll"]["ranked"]
    assert found["kind-gaussian"]["skipped_metrics"]["nll"] == "kind-gaussian does not declare SupportsLogProb"
    assert "nll" not in found["floor"]["scores"]
    assert "no nll: kind-gaussian does not declare SupportsLogProb" in (run / "leaderboard.md").read_text()


def test_the_cost_is_told_by_the_timing_stage_with_batch_sizes_device_and_threads(run):
    cost = rows(run)["density"]["cost"]
    batches = list(cost["microseconds_by_batch"])  # on a busy machine the larger ones may be left out
    assert batches == ["1", "100", "400"][: len(batches)] != []
    assert all(microseconds > 0 for microseconds in cost["microseconds_by_batch"].values())
    assert cost["timing_threads"] == 1
    assert not (cell(run, "density") / "stages" / "metric.cost.json").exists()
    assert "µs/cloud by the clouds of one call, 1: " in (run / "leaderboard.md").read_text()
    columns = pq.read_table(run / "results.parquet").column_names
    assert {"microseconds_batch_1", "stderr"} <= set(columns)


def test_a_metric_that_takes_long_judges_one_draw_and_tells_its_standard_error(run):
    found = rows(run)
    model, floor = found["density"]["scores"]["frugal"], found["floor"]["scores"]["frugal"]
    assert model["values"] == [400.0]
    assert (floor["low"], floor["high"]) == pytest.approx((400 - 1.645 * 8, 400 + 1.645 * 8))
    assert set(found["density"]["scores"]) == {"w1mult", *NLL, "frugal", "frugal_half", "softest"}
    assert len(found["density"]["scores"]["w1mult"]["values"]) == 2


def test_models_of_one_seed_share_a_letter_and_their_order_is_tried_on_halves_of_the_truth(run):
    found = rows(run)
    for name in ("density", "kind-gaussian"):
        softest = found[name]["scores"]["softest"]
        assert len(softest["halves"]) == len(set(softest["halves"])) == 10
        assert softest["mean"] / 2 < sum(softest["halves"]) / 10 < softest["mean"] * 2
        assert found[name]["scores"]["w1mult"]["halves"] == []  # 200 clouds are too few for it
    assert found["floor"]["scores"]["softest"]["halves"] == []
    text = (run / "leaderboard.md").read_text()
    assert "| model | ties |" in text
    assert "| density | a |" in text
    assert "| kind-gaussian | a |" in text
    assert "One seed: models are tied rather than ranked" in text
    assert "Order under halves of the truth: the same in " in text
    records = [one for one in pq.read_table(run / "results.parquet").to_pylist() if one["score"] == "softest"]
    assert {len(one["halves"]) for one in records if one["generator"]} == {10}


def test_every_row_tells_which_version_of_a_metric_judged_it(run):
    found = [row["metric_versions"] for row in rows(run).values()]
    assert {one["softest"].rpartition(" ")[0] for one in found} == {"frugal 1.0"}
    for metric in ("softest", "frugal", "w1mult"):
        assert len({one[metric] for one in found}) == 1
    assert len({found[0][metric] for metric in ("softest", "w1mult")}) == 2


def test_a_plan_of_all_metrics_has_the_slow_ones(module_outsiders):
    plan = ("plan", "-g", "kind-gaussian", "-d", DATA, "--preset", "tiny", "-m", "all", "--json")
    done = module_outsiders.jetbench_here(*plan)
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    for cell_plan in cells:
        names = {metric["name"] for metric in cell_plan["metrics"]}
        assert {"w1m", "w1efp", "fpd", "kpd"} <= names
        assert not {"c2st", "c2st_fast", "c2st_paper", "cost", "nll"} & names
        assert cell_plan["metrics_skipped"]["c2st"] == ("400 true clouds are too few: c2st says something from 1000 on")
        assert cell_plan["timeout"] == 3600
