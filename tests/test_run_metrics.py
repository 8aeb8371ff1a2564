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
from jetgen import Measurement, MetricSpec
frugal = MetricSpec(name="frugal", summary="counts", target="frugal:Frugal", kinds=("jets",), draws=1, floor_draws=1)

class Frugal:
    @classmethod
    def create(cls, cloud_spec):
        return cls()

    def compute(self, real, fake, ctx):
        return Measurement(len(fake), {"frugal_half": len(fake) / 2}, stderr=8.0)
"""


@pytest.fixture(scope="module")
def run(module_outsiders, tmp_path_factory):
    """Two generators, of which one knows its density, and every way to name metrics."""
    module_outsiders.write("density", DENSITY, generators={"density": "density"})
    module_outsiders.write("frugal", FRUGAL, metrics={"frugal": "frugal"})
    folder = tmp_path_factory.mktemp("metrics") / "run"
    metrics = ("w1mult", "nll", "cost", "frugal")
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
    assert set(found["density"]["scores"]) == {"w1mult", *NLL, "frugal", "frugal_half"}
    assert len(found["density"]["scores"]["w1mult"]["values"]) == 2


def test_a_plan_of_all_metrics_has_the_slow_ones(module_outsiders):
    plan = ("plan", "-g", "kind-gaussian", "-d", DATA, "--preset", "tiny", "-m", "all", "--json")
    done = module_outsiders.jetbench_here(*plan)
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    for cell_plan in cells:
        names = {metric["name"] for metric in cell_plan["metrics"]}
        assert {"w1m", "w1efp", "fpd", "c2st"} <= names
        assert not {"c2st_paper", "cost", "nll"} & names
        assert cell_plan["timeout"] == 3600
