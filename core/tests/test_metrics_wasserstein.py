"""Wasserstein distances, against scipy and the reference libraries."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.data.jets import relative_mass, relative_pt
from jetgen.errors import DataError
from jetgen.metrics import specs
from jetgen.metrics.wasserstein import (
    FeatureDistance,
    MassDistance,
    MomentumDistance,
    MultiplicityDistance,
    wasserstein,
)
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
    found = MassDistance.create(jet_spec).compute(*golden_jets, MetricContext())
    assert found.components == {}
    assert found.value == pytest.approx(golden_values["w1m_full_sample"], rel=1e-9)


def test_w1p_is_that_of_the_reference_libraries(golden_jets, golden_values, jet_spec):
    values = FeatureDistance.create(jet_spec).compute(*golden_jets, MetricContext()).named("w1p")
    expected = golden_values["w1p_full_sample"]
    assert list(values) == ["w1p", "w1p_etarel", "w1p_phirel", "w1p_ptrel"]
    for name, value in expected.items():
        assert values[f"w1p_{name}"] == pytest.approx(value, rel=1e-9)
    assert values["w1p"] == pytest.approx(np.mean(list(expected.values())), rel=1e-9)


def test_w1mult_is_the_distance_of_the_counts(golden_jets, jet_spec):
    real, fake = golden_jets
    value = MultiplicityDistance.create(jet_spec).compute(real, fake[:1500], MetricContext()).value
    assert value == pytest.approx(wasserstein_distance(real.multiplicity, fake[:1500].multiplicity), rel=1e-12)


def test_w1pt_is_the_distance_of_the_momenta_of_whole_jets(golden_jets, jet_spec):
    momenta = []
    for jets in golden_jets:
        points, _ = jets.padded()
        phi, pt = np.moveaxis(points[:, :, 1:].astype(np.float64), 2, 0)
        momenta.append(np.hypot((pt * np.cos(phi)).sum(1), (pt * np.sin(phi)).sum(1)))
    value = MomentumDistance.create(jet_spec).compute(*golden_jets, MetricContext()).value
    assert value == pytest.approx(wasserstein_distance(*momenta), rel=1e-9)


@pytest.mark.parametrize("kind", [MassDistance, MomentumDistance, MultiplicityDistance])
def test_clouds_can_be_measured_once_and_compared_often(kind, golden_jets, jet_spec):
    metric, ctx = kind.create(jet_spec), MetricContext()
    real, fake = golden_jets
    of_real, of_fake = metric.featurise(real, ctx), metric.featurise(fake, ctx)
    assert metric.compare(of_real[500:], of_fake[:700], ctx) == metric.compute(real[500:], fake[:700], ctx)


def test_equal_clouds_have_distance_zero_whatever_their_order(real_jets, jet_spec):
    shuffled = real_jets[np.random.default_rng(0).permutation(len(real_jets))]
    for metric in (MassDistance, MomentumDistance, FeatureDistance, MultiplicityDistance):
        assert set(metric.create(jet_spec).compute(real_jets, shuffled, MetricContext()).named("").values()) == {0.0}


@pytest.mark.parametrize(("kind", "name"), [(MassDistance, "w1m"), (MomentumDistance, "w1pt")])
def test_negative_momenta_are_clipped_and_reported(kind, name, real_jets, jet_spec):
    points = real_jets.points.copy()
    points[[5, 50], 2] = -1.0
    events = []
    ctx = MetricContext(listener=events.append)
    value = kind.create(jet_spec).compute(real_jets, Clouds(points, real_jets.offsets), ctx).value
    assert 0 < value < 0.01
    assert [(event["kind"], event["metric"], event["points"]) for event in events] == [("clipped", name, 2)]


def test_empty_jets_count_as_jets_without_mass_and_momentum(real_jets, jet_spec):
    none = Clouds(np.empty((0, 3)), np.zeros(1 + len(real_jets), int))
    for kind, observable in ((MassDistance, relative_mass), (MomentumDistance, relative_pt)):
        value = kind.create(jet_spec).compute(real_jets, none, MetricContext()).value
        assert value == pytest.approx(observable(real_jets, jet_spec).mean(), rel=1e-12)


def test_categorical_features_have_no_distance():
    spec = CloudSpec("table", (Feature("x"), Feature("charge", nature="categorical")), 1)
    clouds = Clouds([[0.0, 1.0], [1.0, 0.0]], [0, 1, 2])
    assert list(FeatureDistance.create(spec).compute(clouds, clouds, MetricContext()).components) == ["w1p_x"]
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
