"""Wasserstein distances, against scipy and the reference libraries."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.metrics import specs
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance, MultiplicityDistance, wasserstein
from jetgen.registry import load_target
from scipy.stats import wasserstein_distance

samples = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40).map(np.array)


@given(samples, samples)
def test_the_distance_is_that_of_scipy_for_any_sizes(first, second):
    assert wasserstein(first, second) == pytest.approx(wasserstein_distance(first, second), rel=1e-9, abs=1e-9)


@given(samples, samples, st.integers(1, 5))
def test_repeating_a_sample_does_not_change_the_distance(first, second, times):
    repeated = np.tile(first, times)
    assert wasserstein(repeated, second) == pytest.approx(wasserstein(first, second), rel=1e-9, abs=1e-9)


def test_large_samples_of_unequal_sizes_agree_with_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=30_011).astype(np.float32), rng.normal(0.1, 1.1, 20_003).astype(np.float32)
    assert wasserstein(first, second) == pytest.approx(wasserstein_distance(first, second), rel=1e-9)


def test_an_empty_sample_has_no_distance():
    with pytest.raises(DataError, match="needs two samples; they have 0 and 2 values"):
        wasserstein(np.array([]), np.array([1.0, 2.0]))


def test_w1m_is_that_of_the_reference_libraries(golden_jets, golden_values, jet_spec):
    values = MassDistance.create(jet_spec).compute(*golden_jets, MetricContext())
    assert list(values) == ["w1m"]
    assert values["w1m"] == pytest.approx(golden_values["w1m_full_sample"], rel=1e-9)


def test_w1p_is_that_of_the_reference_libraries(golden_jets, golden_values, jet_spec):
    values = FeatureDistance.create(jet_spec).compute(*golden_jets, MetricContext())
    expected = golden_values["w1p_full_sample"]
    assert list(values) == ["w1p", "w1p_etarel", "w1p_phirel", "w1p_ptrel"]
    for name, value in expected.items():
        assert values[f"w1p_{name}"] == pytest.approx(value, rel=1e-9)
    assert values["w1p"] == pytest.approx(np.mean(list(expected.values())), rel=1e-9)


def test_w1mult_is_the_distance_of_the_counts(golden_jets, jet_spec):
    real, fake = golden_jets
    value = MultiplicityDistance.create(jet_spec).compute(real, fake[:1500], MetricContext())["w1mult"]
    assert value == pytest.approx(wasserstein_distance(real.counts, fake[:1500].counts), rel=1e-12)


def test_equal_clouds_have_distance_zero_whatever_their_order(real_jets, jet_spec):
    shuffled = real_jets[np.random.default_rng(0).permutation(len(real_jets))]
    for metric in (MassDistance, FeatureDistance, MultiplicityDistance):
        assert set(metric.create(jet_spec).compute(real_jets, shuffled, MetricContext()).values()) == {0.0}


def test_negative_momenta_are_clipped_and_reported(real_jets, jet_spec):
    points = real_jets.points.copy()
    points[[5, 50], 2] = -1.0
    events = []
    ctx = MetricContext(listener=events.append)
    value = MassDistance.create(jet_spec).compute(real_jets, Clouds(points, real_jets.offsets), ctx)["w1m"]
    assert 0 < value < 0.01
    assert [(event["kind"], event["metric"], event["points"]) for event in events] == [("clipped", "w1m", 2)]


def test_categorical_features_have_no_distance():
    spec = CloudSpec("table", (Feature("x"), Feature("charge", nature="categorical")), 1)
    clouds = Clouds([[0.0, 1.0], [1.0, 0.0]], [0, 1, 2])
    assert list(FeatureDistance.create(spec).compute(clouds, clouds, MetricContext())) == ["w1p", "w1p_x"]
    only = CloudSpec("table", (Feature("charge", nature="categorical"),), 1)
    with pytest.raises(DataError, match="all features are categorical"):
        FeatureDistance.create(only).compute(Clouds([[1.0]], [0, 1]), Clouds([[1.0]], [0, 1]), MetricContext())


@pytest.mark.parametrize("spec", specs.METRICS, ids=lambda spec: spec.name)
def test_every_spec_leads_to_its_metric(spec):
    assert callable(load_target(spec.target).create)
    assert getattr(specs, spec.name) is spec


def test_specs_are_light():
    code = "import sys, jetgen.metrics.specs, jetgen.references.specs; print({'numpy', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
