"""Coverage and minimum matching distance, against jetnet and on toys that show why neither ranks."""

import numpy as np
import pytest
from jetgen import Clouds, MetricContext
from jetgen.errors import DataError
from jetgen.metrics import coverage
from jetgen.metrics.coverage import Coverage, MinimumMatchingDistance

METRICS = (Coverage, MinimumMatchingDistance)


def at(*etas):
    """Jets of one particle each, at these places."""
    return Clouds([[eta, 0.0, 1.0] for eta in etas], range(len(etas) + 1))


def toys(n, width, seed):
    """Jets of five particles, each scattered by a Gaussian about a place of its own: ten dimensions."""
    rng = np.random.default_rng(seed)
    points = np.full((n, 5, 3), 0.2)
    points[:, :, :2] = rng.normal(0.0, 0.1 * width, (n, 5, 2))
    points[:, :, 0] += np.arange(5) * 4
    return Clouds(points.reshape(-1, 3), np.arange(n + 1) * 5)


def value(metric, real, fake, spec, seed=0):
    return metric.create(spec).compute(real, fake, MetricContext(seed=seed)).value


def test_a_batch_has_the_values_of_jetnet(golden_jets, golden_values, jet_spec):
    real, fake = (side[:100] for side in golden_jets)
    assert Coverage(jet_spec).of_batch(real, fake, 1) == golden_values["cov_first100"]
    mmd = MinimumMatchingDistance(jet_spec).of_batch(real, fake, 1)
    assert mmd == pytest.approx(golden_values["mmd_first100"], rel=1e-12)


def test_the_order_of_the_arguments_is_that_of_jetnet(jet_spec):
    near, far = at(0.0, 1.0), at(0.0, 10.0)
    assert value(Coverage, far, near, jet_spec) == 0.5  # both generated jets choose 0
    assert value(Coverage, near, far, jet_spec) == 1.0  # 0 chooses 0, 10 chooses 1
    assert value(MinimumMatchingDistance, far, near, jet_spec) == pytest.approx(4.5)  # 10 is 9 away
    assert value(MinimumMatchingDistance, near, far, jet_spec) == pytest.approx(0.5)  # 1 is 1 away


def test_each_has_a_standard_error_and_no_components(jet_spec):
    for metric in (Coverage, MinimumMatchingDistance):
        found = metric.create(jet_spec).compute(toys(120, 1, 0), toys(120, 1, 1), MetricContext(threads=2))
        assert np.isfinite([found.value, found.stderr]).all()
        assert found.components == {}


def test_the_spread_is_the_standard_error_over_the_batches(jet_spec, monkeypatch):
    monkeypatch.setattr(coverage, "_JETS", 20)
    values = [Coverage(jet_spec).compute(toys(200, 1, s), toys(200, 1, 99 - s), MetricContext()) for s in range(30)]
    errors = np.array([one.stderr for one in values])
    scatter = np.std([one.value for one in values], ddof=1)
    assert scatter == pytest.approx(np.sqrt((errors**2).mean()), rel=0.4)


def test_the_seed_chooses_the_jets(jet_spec):
    sides = toys(150, 1, 0), toys(150, 1, 1)
    values = [value(MinimumMatchingDistance, *sides, jet_spec, seed) for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


def test_every_jet_is_used_once_before_any_is_used_twice():
    real, fake = at(*range(1100)), at(*range(150))
    batches = list(coverage._batches(real, fake, np.random.default_rng(0)))
    truth = np.concatenate([batch.points[:, 0] for batch, _ in batches])
    assert len(batches) == 10
    assert len(set(truth)) == 1000
    for _, made in batches:
        assert len(set(made.points[:, 0])) == 100
    assert len({*batches[0][1].points[:, 0], *batches[1][1].points[:50, 0]}) == 150


def test_small_samples_make_small_batches_of_equal_sizes():
    sizes = {(len(a), len(b)) for a, b in coverage._batches(at(*range(7)), at(*range(300)), np.random.default_rng(0))}
    assert sizes == {(7, 7)}


def test_the_truth_itself_covers_little_more_than_half(real_jets, jet_spec):
    assert 0.45 < value(Coverage, real_jets[:1000], real_jets[1000:], jet_spec) < 0.65


def test_a_collapse_lowers_the_coverage_and_raises_the_distance(real_jets, jet_spec):
    truth, other, few = real_jets[:100], real_jets[100:200], real_jets[100 + np.arange(100) % 10]
    cov, mmd = Coverage(jet_spec).of_batch, MinimumMatchingDistance(jet_spec).of_batch
    assert cov(truth, few, 1) <= 0.1
    assert cov(truth, other, 1) > 0.45
    assert mmd(truth, few, 1) > 1.2 * mmd(truth, other, 1)


def test_too_much_spread_covers_more_than_the_truth(jet_spec):
    truth, same, wide = toys(1000, 1.0, 0), toys(1000, 1.0, 1), toys(1000, 1.3, 1)
    assert value(Coverage, truth, wide, jet_spec) > value(Coverage, truth, same, jet_spec) + 0.02


def test_too_little_spread_is_nearer_than_the_truth(jet_spec):
    truth, same, narrow = toys(1000, 1.0, 0), toys(1000, 1.0, 1), toys(1000, 0.7, 1)
    distances = [value(MinimumMatchingDistance, truth, fake, jet_spec) for fake in (narrow, same)]
    assert distances[0] < 0.98 * distances[1]


@pytest.mark.parametrize("metric", METRICS)
def test_negative_momenta_are_clipped_and_reported(metric, real_jets, jet_spec):
    jets = real_jets[:20]
    points = jets.points.copy()
    points[[5, 50], 2] = -1.0
    events = []
    ctx = MetricContext(listener=events.append)
    metric.create(jet_spec).compute(jets, Clouds(points, jets.offsets), ctx)
    clips = [(event["metric"], event["points"]) for event in events if event["kind"] == "clipped"]
    assert clips == [(metric.name, 2)]
    progress = [(event["done"], event["total"]) for event in events if event["kind"] == "progress"]
    assert progress[-1] == (10, 10)


@pytest.mark.parametrize("metric", METRICS)
def test_empty_jets_are_judged_too(metric, real_jets, jet_spec):
    hollow = Clouds(np.empty((0, 3)), np.zeros(21, int))
    assert np.isfinite(value(metric, real_jets[:20], hollow, jet_spec))
    assert np.isfinite(value(metric, hollow, real_jets[:20], jet_spec))


@pytest.mark.parametrize("metric", METRICS)
def test_a_sample_without_jets_cannot_be_judged(metric, real_jets, jet_spec):
    with pytest.raises(DataError, match="coverage needs jets on both sides; there are 100 true and 0 generated ones"):
        value(metric, real_jets[:100], real_jets[:0], jet_spec)
