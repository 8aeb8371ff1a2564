"""The classifier test of weighted clouds: exact formulas, and importance weights that restore the truth."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.data.jets import relative_mass
from jetgen.errors import DataError
from jetgen.metrics.c2st.calibration import (
    Calibration,
    area_under_curve,
    area_variance,
    mean_variance,
    shannon_divergence,
)
from jetgen.metrics.c2st.splitting import Folds
from jetgen.metrics.c2st.verdict import Verdict
from quick_judge import PROFILE

PLANE = CloudSpec("table", (Feature("x"), Feature("y")), 1)


@pytest.fixture
def outputs():
    """Outputs with ties, their labels, and whole weights."""
    rng = np.random.default_rng(0)
    labels = rng.random(300) < 0.5
    return rng.integers(0, 40, 300) / 40 + 0.3 * labels, labels, rng.integers(0, 4, 300).astype(float)


def repeated(outputs, labels, weights):
    times = weights.astype(int)
    return np.repeat(outputs, times), np.repeat(labels, times)


def test_a_weight_of_two_is_two_clouds_in_the_area_and_the_calibration(outputs):
    plain = repeated(*outputs)
    assert area_under_curve(*outputs) == pytest.approx(area_under_curve(*plain), rel=1e-12)
    ours, theirs = Calibration(*outputs), Calibration(*plain)
    assert ours.knots.tolist() == theirs.knots.tolist()
    assert ours.values == pytest.approx(theirs.values, abs=1e-12)
    probabilities = np.clip(outputs[0] / 2, 0.01, 0.99)
    found = shannon_divergence(probabilities, *outputs[1:])
    assert found == pytest.approx(shannon_divergence(*repeated(probabilities, *outputs[1:])), rel=1e-12)


def test_equal_weights_give_the_variance_of_delong(outputs):
    values, labels, _ = outputs
    assert area_variance(values, labels, np.full(300, 0.5)) == pytest.approx(area_variance(values, labels), rel=1e-12)


def test_the_variance_of_a_weighted_area_is_that_of_many_samples():
    rng = np.random.default_rng(0)
    labels, found = np.repeat([True, False], 400), []
    for _ in range(400):
        values = rng.normal(np.where(labels, 0.0, 1.0))
        weights = np.where(labels, 1.0, np.exp(0.5 - values))
        found.append((area_under_curve(values, labels, weights), area_variance(values, labels, weights)))
    areas, variances = np.transpose(found)
    assert areas.mean() == pytest.approx(0.5, abs=3 * areas.std() / 20)
    assert np.sqrt(np.median(variances)) == pytest.approx(areas.std(), rel=0.15)


def test_the_variance_of_a_weighted_mean_does_not_depend_on_the_unit_of_the_weights():
    values, weights = np.arange(5.0), np.array([1.0, 0.0, 2.0, 3.0, 1.0])
    assert mean_variance(values, weights) == pytest.approx(mean_variance(values, 1e9 * weights))


def test_the_area_against_a_half_of_the_truth_has_the_weights(outputs):
    values, labels, weights = outputs
    rows = np.arange(300)
    half = rows[labels][::2]
    kept = np.isin(rows, half) | ~labels
    expected = area_under_curve(*repeated(values[kept], labels[kept], np.where(labels, 1.0, weights)[kept]))
    verdict = Verdict(values, labels, rows, np.where(labels, 1.0, weights))
    assert verdict.area_against(half) == pytest.approx(expected, rel=1e-12)


def test_both_classes_have_the_same_weight_in_every_part():
    rng = np.random.default_rng(0)
    clouds = Clouds(rng.normal(size=(200, 2)), np.arange(201))
    heavy = clouds.with_weights(rng.exponential(size=200) * 1e6)
    for sample in Folds.of(clouds, heavy, 150, rng).samples(1):
        assert sample.weights[sample.labels].tolist() == [1.0] * sample.labels.sum()
        assert sample.weights[~sample.labels].sum() == pytest.approx(sample.labels.sum())
        rows = sample.rows[~sample.labels]
        assert sample.weights[~sample.labels] / heavy.weights[rows] == pytest.approx(
            sample.weights[~sample.labels][0] / heavy.weights[rows[0]]
        )
    with pytest.raises(DataError, match="the weights of all 90 clouds are 0"):
        Folds.of(clouds, clouds.with_weights(np.zeros(200)), 150, rng).samples(1)


# With networks.


@pytest.fixture(scope="module")
def quick():
    """The test in seconds."""
    pytest.importorskip("torch")
    from jetgen.metrics.c2st.metric import ClassifierTest

    class Quick(ClassifierTest):
        profile = PROFILE

    return Quick


def areas(quick, spec, real, fake):
    """Areas with their standard errors."""
    found = quick.create(spec).compute(real, fake, MetricContext(seed=1))
    values, errors = found.named("c2st"), found.named_stderr("c2st")
    return [(values[name], errors[name]) for name in values if not name.endswith("jsd")]


def test_weights_that_make_another_gaussian_are_learnt(quick):
    rng = np.random.default_rng(0)
    real, fake = (Clouds(rng.normal(size=(800, 2)), np.arange(801)) for _ in range(2))
    shifted = fake.with_weights(np.exp(fake.points[:, 0]))  # exp(x) N(x; 0, 1) is proportional to N(x; 1, 1)
    for area, error in areas(quick, PLANE, real, shifted):
        assert abs(area - 0.7602) < 3 * error < 0.15


def test_weights_restore_true_jets_that_were_thinned(quick, real_jets, jet_spec):
    rng = np.random.default_rng(1)
    mass, order = relative_mass(real_jets, jet_spec), rng.permutation(2_000)
    acceptance = 0.1 + 0.9 * mass.argsort().argsort() / len(mass)
    truth, others = np.split(order, [700])
    kept = others[rng.random(1_300) < acceptance[others]]
    thinned = real_jets[kept]
    for area, error in areas(quick, jet_spec, real_jets[truth], thinned.with_weights(1.0 / acceptance[kept])):
        assert abs(area - 0.5) < 3 * error
    for area, error in areas(quick, jet_spec, real_jets[truth], thinned):
        assert area > 0.5 + 3 * error


def test_equal_weights_give_the_very_bits_of_none(quick, real_jets, fake_jets, jet_spec):
    real, fake = real_jets[:150], fake_jets[:150]
    plain, equal = (
        quick.create(jet_spec).compute(real, one, MetricContext()) for one in (fake, fake.with_weights(np.full(150, 3)))
    )
    assert equal == plain
