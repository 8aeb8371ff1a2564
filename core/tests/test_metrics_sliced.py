"""The sliced Wasserstein distance, against the exact values of Gaussians."""

from math import gamma, pi, sqrt

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.metrics.sliced import SlicedDistance, directions, sliced_wasserstein


def table(values):
    values = np.asarray(values, np.float32)
    spec = CloudSpec("table", tuple(Feature(f"x{i}") for i in range(values.shape[1])), 1)
    return Clouds(values, np.arange(len(values) + 1)), spec


def sliced(real, fake):
    (real, spec), (fake, _) = table(real), table(fake)
    return SlicedDistance.create(spec).compute(real, fake, MetricContext()).named("sliced")


@pytest.mark.parametrize("dimension", [1, 2, 5, 20])
def test_a_shift_is_seen_along_each_direction(dimension):
    sample = np.random.default_rng(0).normal(size=(500, dimension))
    shift = 0.3 * np.eye(dimension)[0]
    along = directions(8_000, dimension)
    value = sliced_wasserstein(sample, sample + shift, along)
    assert value == pytest.approx(0.3 * np.abs(along[:, 0]).mean(), rel=1e-9)
    expected = 0.3 * gamma(dimension / 2) / (sqrt(pi) * gamma((dimension + 1) / 2))
    assert value == pytest.approx(expected, rel=0.025)


@pytest.mark.parametrize("scale", [0.5, 1.2])
def test_gaussians_of_other_width_are_as_far_apart_as_calculated(scale):
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(20_000, 4)), scale * rng.normal(size=(20_000, 4))
    value = sliced_wasserstein(first, second, directions(256, 4))
    assert value == pytest.approx(abs(scale - 1) * sqrt(2 / pi), abs=0.01)


def test_the_metric_measures_in_units_of_the_true_spread():
    rng = np.random.default_rng(2)
    sample, units, origin = rng.normal(size=(20_000, 3)), np.array([1e-3, 1.0, 1e4]), np.array([0.0, 5.0, -1e4])
    values = sliced(sample * units + origin, (sample + np.array([0.5, 0.0, 0.0])) * units + origin)
    assert list(values) == ["sliced", "sliced_x0", "sliced_x1", "sliced_x2"]
    assert values["sliced"] == pytest.approx(0.5 / 2, rel=0.1)  # E|u.e| is 1/2 in three dimensions
    assert values["sliced"] == pytest.approx(0.5 * np.abs(directions(256, 3)[:, 0]).mean(), rel=0.01)
    assert values["sliced_x0"] == pytest.approx(0.5, rel=0.01)
    assert values["sliced_x1"] == values["sliced_x2"] == 0.0


def test_a_lost_correlation_is_seen_where_every_single_feature_is_right():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 20_000))
    real = np.stack([x, 0.9 * x + sqrt(1 - 0.9**2) * y], axis=1)
    fake = np.stack([real[:, 0], rng.permutation(real[:, 1])], axis=1)
    values = sliced(real, fake)
    assert values["sliced_x0"] == values["sliced_x1"] == 0.0
    angles = np.linspace(0, pi, 10_000)
    expected = sqrt(2 / pi) * np.mean(np.abs(np.sqrt(1 + 0.9 * np.sin(2 * angles)) - 1))
    assert values["sliced"] == pytest.approx(expected, rel=0.1)


def test_what_is_constant_in_truth_keeps_its_own_units():
    real = np.stack([np.arange(100.0), np.full(100, 0.1)], axis=1)
    fake = real + np.array([0.0, 2.0])
    assert sliced(real, real)["sliced"] == 0.0
    assert sliced(real, fake)["sliced_x1"] == pytest.approx(2.0, rel=1e-6)


def test_the_directions_do_not_depend_on_the_seed_nor_on_the_draw(real_jets, fake_jets, jet_spec):
    metric = SlicedDistance.create(jet_spec)
    values = [
        metric.compute(real_jets, fake_jets, ctx)
        for ctx in (MetricContext(seed=1), MetricContext(seed=2), MetricContext(seed=1).at("floor", 3))
    ]
    assert values[0] == values[1] == values[2]


def test_generated_jets_are_further_from_the_truth_than_the_truth(real_jets, fake_jets, jet_spec):
    metric, ctx = SlicedDistance.create(jet_spec), MetricContext()
    floor = metric.compute(real_jets[:1000], real_jets[1000:], ctx).value
    found = metric.compute(real_jets[:1000], fake_jets[:1000], ctx)
    assert {"sliced_mass", "sliced_multiplicity", "sliced_girth"} < set(found.components)
    assert found.value > 1.2 * floor
    assert 0.02 < floor < 0.1


def test_sides_of_different_sizes_are_compared(real_jets, jet_spec):
    metric, ctx = SlicedDistance.create(jet_spec), MetricContext()
    twice = Clouds.concatenate([real_jets[:300], real_jets[:300]])
    assert metric.compute(twice, real_jets[:300], ctx).value == pytest.approx(0.0, abs=1e-12)


def test_negative_momenta_are_clipped_and_reported(real_jets, jet_spec):
    points = real_jets.points.copy()
    points[7, 2] = -1.0
    events = []
    ctx = MetricContext(listener=events.append)
    SlicedDistance.create(jet_spec).compute(real_jets, Clouds(points, real_jets.offsets), ctx)
    assert [(event["kind"], event["metric"], event["points"]) for event in events] == [("clipped", "sliced", 1)]


def test_there_is_no_distance_of_nothing(real_jets, jet_spec):
    with pytest.raises(DataError, match="there are 2000 true and 0 generated ones"):
        SlicedDistance.create(jet_spec).compute(real_jets, real_jets[:0], MetricContext())
    spec = CloudSpec("table", (Feature("charge", nature="categorical"),), 1)
    with pytest.raises(DataError, match="all features are categorical"):
        SlicedDistance.create(spec).compute(Clouds([[1.0]], [0, 1]), Clouds([[1.0]], [0, 1]), MetricContext())
