"""The distance between energy flow polynomials, against the reference libraries."""

import numpy as np
import pytest
from jetgen import Clouds, MetricContext
from jetgen.metrics.efp_distance import EfpDistance


def test_w1efp_is_that_of_the_reference_libraries(golden_jets, golden_values, jet_spec):
    values = EfpDistance.create(jet_spec).compute(*golden_jets, MetricContext()).named("w1efp")
    expected = golden_values["w1efp_full_sample"]
    assert list(values) == ["w1efp", *(f"w1efp_{i}" for i in range(5))]
    assert list(values.values()) == pytest.approx([np.mean(expected), *expected], rel=1e-9)


def test_torch_and_threads_give_the_same_value(golden_jets, jet_spec):
    pytest.importorskip("torch")
    metric = EfpDistance.create(jet_spec)
    plain = metric.compute(*golden_jets, MetricContext()).named("w1efp")
    assert metric.compute(*golden_jets, MetricContext(device="cpu:0")).named("w1efp") == pytest.approx(plain, rel=1e-9)
    assert metric.compute(*golden_jets, MetricContext(threads=2)).named("w1efp") == pytest.approx(plain, rel=1e-9)


def test_equal_jets_have_distance_zero_whatever_their_order(real_jets, jet_spec):
    shuffled = real_jets[np.random.default_rng(0).permutation(len(real_jets))]
    values = EfpDistance.create(jet_spec).compute(real_jets, shuffled, MetricContext()).named("w1efp")
    assert max(values.values()) < 1e-17


def test_negative_momenta_are_clipped_and_reported(real_jets, jet_spec):
    points = real_jets.points.copy()
    points[[5, 50], 2] = -1.0
    events = []
    ctx = MetricContext(listener=events.append)
    value = EfpDistance.create(jet_spec).compute(real_jets, Clouds(points, real_jets.offsets), ctx).value
    assert 0 < value < 1e-4
    assert [(event["kind"], event["metric"], event["points"]) for event in events] == [("clipped", "w1efp", 2)]


def test_empty_generated_jets_have_a_finite_distance(real_jets, jet_spec):
    empty = Clouds(np.empty((0, 3)), np.zeros(101, np.int64))
    value = EfpDistance.create(jet_spec).compute(real_jets, empty, MetricContext()).components["w1efp_0"]
    assert value == pytest.approx(EfpDistance.create(jet_spec).featurise(real_jets, MetricContext())[:, 0].mean())
