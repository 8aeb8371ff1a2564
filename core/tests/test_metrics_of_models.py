"""Metrics that ask the trained generator: its likelihood of the truth, and its time for a cloud."""

import math
import time

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.harness.run.stages.cost import BATCHES, SamplingCost, precision, seconds_by_batch
from jetgen.metrics.likelihood import NegativeLogLikelihood

TABLE = CloudSpec("table", (Feature("x"), Feature("y")), 1)


class Gaussian:
    """A generator that knows its density: independent Gaussians of one width."""

    def __init__(self, width=1.0):
        self.width = width
        self.calls = []

    def sample(self, conditions, ctx):
        self.calls.append(conditions.n)
        points = ctx.rng("sampling").normal(scale=self.width, size=(conditions.n, 2))
        return Clouds(points, np.arange(conditions.n + 1))

    def log_prob(self, clouds, ctx):
        squares = (clouds.points.astype(np.float64) / self.width) ** 2
        constant = math.log(2 * math.pi * self.width**2)
        return -0.5 * np.bincount(clouds.rows, squares.sum(axis=1), minlength=len(clouds)) - constant


@pytest.fixture
def truth():
    return Clouds(np.random.default_rng(0).normal(size=(20_000, 2)), np.arange(20_001))


def nll(model, clouds):
    return NegativeLogLikelihood.create(TABLE).compute(clouds, clouds[:0], MetricContext(model=model))


def test_the_likelihood_of_the_right_density_is_its_entropy(truth):
    found = nll(Gaussian(), truth)
    entropy = 1 + math.log(2 * math.pi)  # of two Gaussians of unit width, in nats
    assert found.value == pytest.approx(entropy, abs=4 * found.stderr)
    assert found.stderr == pytest.approx(1 / math.sqrt(len(truth)), rel=0.05)
    assert found.components == {"nll_per_point": found.value, "nll_impossible": 0.0}
    assert found.component_stderr == {"nll_per_point": found.stderr}


@pytest.mark.parametrize("width", [0.5, 2.0])
def test_a_wrong_density_costs_its_divergence(truth, width):
    excess = nll(Gaussian(width), truth).value - nll(Gaussian(), truth).value
    assert excess == pytest.approx(2 * math.log(width) + 1 / width**2 - 1, rel=0.05)


def true_density(clouds):
    return Gaussian().log_prob(clouds, None)


def with_density(model, clouds, density=true_density):
    ctx = MetricContext(model=model, density=density)
    return NegativeLogLikelihood.create(TABLE).compute(clouds, clouds[:0], ctx)


@pytest.mark.parametrize("width", [0.9, 1.1])
def test_beside_the_true_density_the_excess_is_the_divergence_with_an_error_of_its_own(truth, width):
    found = with_density(Gaussian(width), truth)
    error = found.component_stderr["nll_excess"]
    assert found.components["nll_excess"] == pytest.approx(2 * math.log(width) + 1 / width**2 - 1, abs=4 * error)
    assert error == pytest.approx(abs(1 / width**2 - 1) / math.sqrt(len(truth)), rel=0.05)  # of a chi2 / 2
    assert found.components["nll_entropy"] == pytest.approx(1 + math.log(2 * math.pi), abs=4 * found.stderr)


def test_the_excess_of_the_truth_itself_is_exactly_nothing(truth):
    found = with_density(Gaussian(), truth)
    assert (found.components["nll_excess"], found.component_stderr["nll_excess"]) == (0.0, 0.0)


def test_a_dataset_that_rules_out_its_own_cloud_is_found_out(truth):
    with pytest.raises(DataError, match="the dataset gives its own cloud 7 density 0"):
        with_density(Gaussian(), truth[:500], lambda clouds: np.where(np.arange(len(clouds)) == 7, -np.inf, 0.0))


def spoilt(value):
    class Spoilt(Gaussian):
        def log_prob(self, clouds, ctx):
            return np.where(np.arange(len(clouds)) % 10 == 7, value, super().log_prob(clouds, ctx))

    return Spoilt()


def test_impossible_clouds_are_counted_and_left_out(truth):
    found = nll(spoilt(-np.inf), truth[:500])
    assert found.components["nll_impossible"] == pytest.approx(0.1)
    assert found.value == pytest.approx(1 + math.log(2 * math.pi), rel=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_density_that_is_no_number_is_named(truth, value):
    with pytest.raises(DataError, match=rf"the log-density of true cloud 7 is {value}"):
        nll(spoilt(value), truth[:500])


def test_without_a_model_there_is_no_likelihood_and_no_cost(truth):
    for metric in (NegativeLogLikelihood, SamplingCost):
        with pytest.raises(DataError, match="a trained generator"):
            metric.create(TABLE).compute(truth, truth, MetricContext())


@pytest.fixture
def clocked(monkeypatch):
    """A generator that takes 10 ms for a call and 1 ms for a cloud, by a clock that nothing else moves."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    class Clocked(Gaussian):
        def sample(self, conditions, ctx):
            now[0] += 0.010 + 0.001 * conditions.n
            return super().sample(conditions, ctx)

    return Clocked()


def test_the_cost_is_told_for_every_size_of_batch(truth, clocked):
    values = SamplingCost.create(TABLE).compute(truth, truth[:0], MetricContext(model=clocked)).named("cost")
    assert list(values) == ["cost", *(f"cost_batch_{n}" for n in BATCHES)]
    assert [values[f"cost_batch_{n}"] for n in (1, 100, 10_000)] == pytest.approx([11_000, 1_100, 1_001])
    assert values["cost"] == values[f"cost_batch_{BATCHES[-1]}"]


def test_batches_are_cut_to_the_clouds_there_are(truth, clocked):
    found = seconds_by_batch(clocked, truth[:250], MetricContext(), block=0.1)
    assert list(found) == [1, 100, 250]
    assert set(clocked.calls) == {1, 100, 250}


@pytest.mark.parametrize(("block", "sizes"), [(0.01, [1, 100]), (0.1, [1, 100]), (1.0, [1, 100, 10_000])])
def test_a_large_batch_that_would_take_more_than_twenty_blocks_is_left_out(truth, clocked, block, sizes):
    assert list(seconds_by_batch(clocked, truth, MetricContext(), block=block)) == sizes


def test_the_precision_is_that_of_the_saved_weights(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(3), "steps": torch.zeros(1, dtype=torch.int64)}, tmp_path / "weights.safetensors")
    assert precision(tmp_path) == "float32"
    save_file({"b": torch.zeros(3, dtype=torch.bfloat16)}, tmp_path / "more.safetensors")
    assert precision(tmp_path) == "bfloat16, float32"
    (tmp_path / "weights.safetensors").write_bytes(b"no header")
    assert precision(tmp_path) == "bfloat16"
