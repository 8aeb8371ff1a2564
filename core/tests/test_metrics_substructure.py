"""Wasserstein distances of substructure: what they are made of, and what they see."""

import numpy as np
import pytest
from jetgen import Clouds, MetricContext
from jetgen.metrics.observables.substructure import substructure
from jetgen.metrics.substructure import SubstructureDistance
from scipy.stats import wasserstein_distance

pytest.importorskip("fastjet")


def test_the_value_is_the_mean_of_three_distances(golden_jets, jet_spec):
    real, fake = (jets[:1000] for jets in golden_jets)
    values = SubstructureDistance.create(jet_spec).compute(real, fake, MetricContext()).named("substructure")
    assert list(values) == ["substructure", "substructure_tau21", "substructure_tau32", "substructure_d2"]
    for i, name in enumerate(("tau21", "tau32", "d2")):
        expected = wasserstein_distance(substructure(real, jet_spec)[:, i], substructure(fake, jet_spec)[:, i])
        assert values[f"substructure_{name}"] == pytest.approx(expected, rel=1e-9)
    assert values["substructure"] == pytest.approx(np.mean(list(values.values())[1:]))


def test_equal_jets_in_any_order_have_distance_zero(real_jets, jet_spec):
    jets = real_jets[:200]
    shuffled = jets[np.random.default_rng(0).permutation(200)]
    values = SubstructureDistance.create(jet_spec).compute(jets, shuffled, MetricContext()).named("substructure")
    assert list(values.values()) == pytest.approx([0.0] * 4, abs=1e-12)


def test_jets_that_lost_their_prongs_are_told_from_the_truth(real_jets, jet_spec):
    ctx, metric = MetricContext(), SubstructureDistance.create(jet_spec)
    first, second = real_jets[:1000], real_jets[1000:]
    points = second.points.copy()
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, len(points))  # each particle turns about the axis by itself
    distance = np.hypot(points[:, 0], points[:, 1])
    points[:, 0], points[:, 1] = distance * np.cos(angle), distance * np.sin(angle)
    floor = metric.compute(first, second, ctx).named("substructure")
    value = metric.compute(first, Clouds(points, second.offsets), ctx).named("substructure")
    for name in value:
        assert value[name] > 3 * floor[name], name


def test_threads_do_not_change_the_values(real_jets, jet_spec):
    metric = SubstructureDistance.create(jet_spec)
    one, two = (metric.featurise(real_jets[:300], MetricContext(threads=threads)) for threads in (1, 2))
    assert np.array_equal(one, two)


def test_negative_momenta_are_clipped_and_reported(real_jets, jet_spec):
    points = real_jets[:100].points.copy()
    points[3, 2] = -1.0
    events = []
    clouds = Clouds(points, real_jets[:100].offsets)
    SubstructureDistance.create(jet_spec).compute(real_jets[:100], clouds, MetricContext(listener=events.append))
    assert [event["points"] for event in events if event["kind"] == "clipped"] == [1]


def test_jets_are_measured_in_blocks_with_progress(monkeypatch, real_jets, jet_spec):
    metric, events = SubstructureDistance.create(jet_spec), []
    whole = metric.featurise(real_jets[:100], MetricContext())
    monkeypatch.setattr("jetgen.metrics.substructure._BLOCK", 40)
    in_blocks = metric.featurise(real_jets[:100], MetricContext(listener=events.append))
    np.testing.assert_allclose(in_blocks, whole, rtol=1e-12)
    assert [(event["kind"], event["done"], event["total"]) for event in events] == [
        ("progress", done, 100) for done in (40, 80, 100)
    ]
    assert metric.featurise(real_jets[:0], MetricContext()).shape == (0, 3)
