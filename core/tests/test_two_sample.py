"""Tests with a p-value: statistics against direct formulas and exact theory, p-values against their definition."""

from math import exp, sqrt

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.metrics.sliced import directions
from jetgen.metrics.two_sample import nplm, sks
from jetgen.metrics.two_sample.energy import EnergyTest, energy_statistics
from jetgen.metrics.two_sample.nplm import NewPhysicsLearningMachine
from jetgen.metrics.two_sample.permutations import measurement, relabellings
from jetgen.metrics.two_sample.sks import SlicedKolmogorovSmirnov, sliced_ks
from scipy.spatial.distance import cdist
from scipy.stats import binom, ks_2samp, norm

TESTS = (SlicedKolmogorovSmirnov, EnergyTest, NewPhysicsLearningMachine)
every_test = pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """What makes a statistic of a few hundred clouds quick."""
    monkeypatch.setattr(sks, "DIRECTIONS", 16)
    monkeypatch.setattr(nplm, "_CENTRES", 30)


def table(values):
    values = np.asarray(values, np.float32)
    spec = CloudSpec("table", tuple(Feature(f"x{i}") for i in range(values.shape[1])), 1)
    return Clouds(values, np.arange(len(values) + 1)), spec


def measured(test, real, fake, seed=0, number=None):
    (real, spec), (fake, _) = table(real), table(fake)
    metric = test.create(spec)
    if number is not None:
        metric.relabellings = number
    return metric.compute(real, fake, MetricContext(seed=seed))


def direct_energy(first, second):
    n, m = len(first), len(second)
    between, within, beside = cdist(first, second).mean(), cdist(first, first).mean(), cdist(second, second).mean()
    return n * m / (n + m) * (between - within / 2 - beside / 2)


def labelled(n, number, seed=0):
    return relabellings(n, number, np.random.default_rng(seed))


@pytest.mark.parametrize("decimals", [None, 1], ids=["continuous", "with ties"])
def test_the_sliced_test_is_the_mean_of_scipy_s_suprema_for_each_relabelling(decimals):
    pooled = np.random.default_rng(0).normal(size=(2 * 57, 1 if decimals else 3))
    pooled = pooled if decimals is None else pooled.round(decimals)
    labels, along = labelled(57, 6), directions(5, pooled.shape[1])
    found, _ = sliced_ks(pooled, labels, along)
    for value, row in zip(found, labels, strict=True):
        suprema = [ks_2samp(pooled[row] @ one, pooled[~row] @ one).statistic for one in along]
        assert value == pytest.approx(np.mean(suprema), rel=1e-12)


def test_the_suprema_are_exact_where_the_samples_do_not_touch():
    labels = labelled(30_000, 1)
    assert sliced_ks(np.sort(np.arange(60_000.0))[:, None], labels, np.ones((1, 1)))[0][0] == 1.0
    assert sliced_ks(np.arange(60_000.0)[::-1, None], labels, np.ones((1, 1)))[0][0] == 1.0


def test_the_energy_is_that_of_all_pairs_for_each_relabelling():
    pooled = np.random.default_rng(1).normal(size=(2 * 700, 4)) * [1, 2, 0.1, 5]  # more than two blocks
    labels = labelled(700, 6)
    found, _ = energy_statistics(pooled, labels)
    assert found == pytest.approx([direct_energy(pooled[~row], pooled[row]) for row in labels], rel=1e-4)


def test_the_sides_of_distances_can_be_exchanged():
    pooled, labels = np.random.default_rng(2).normal(size=(200, 3)), labelled(100, 20)
    for statistic in (energy_statistics, lambda *given: sliced_ks(*given, directions(9, 3))):
        one, error = statistic(pooled, labels)
        other, other_error = statistic(pooled, ~labels)
        assert one == pytest.approx(other, rel=1e-6)
        assert error == pytest.approx(other_error, rel=1e-6)


@pytest.mark.parametrize("shift", [0.3, 1.0])
def test_the_likelihood_ratio_of_two_gaussians_is_learnt(shift):
    rng, n = np.random.default_rng(3), 4_000
    real, fake = rng.normal(size=(2, n, 2))
    fake[:, 0] += shift
    pooled, labels = np.concatenate([real, fake]), labelled(n, 0)[0]
    best = nplm.nplm_statistic(shift * pooled[:, 0] - shift**2 / 2, labels)  # the exact log-likelihood ratio
    assert abs(best - n * shift**2) < 3 * 2 * sqrt(n * (shift**2 + exp(shift**2) - 1))  # three standard deviations
    found = measured(NewPhysicsLearningMachine, real, fake, number=9)
    # A fit of up to 30 coefficients gains a chi-squared of as many degrees of freedom; the penalty costs a little.
    assert -0.05 * best < found.value - best < 30 + 0.05 * best
    assert found.components["nplm_sigmas"] > 20


def test_the_fits_of_relabellings_are_those_of_newton_s_method():
    rng = np.random.default_rng(4)
    pooled, labels = rng.normal(size=(600, 3)), labelled(300, 5)
    features = nplm.kernel_features(pooled, 2.0, 40, rng)
    together = nplm.fit_relabellings(features, labels, 1e-4)
    for row, coefficients in zip(labels, together.T, strict=True):
        alone = nplm.fit(features, row, 1e-4)
        t = [nplm.nplm_statistic(features @ one, row) for one in (alone, coefficients)]
        assert t[0] == pytest.approx(t[1], rel=1e-3)


def test_centres_that_are_copies_are_no_harm():
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(400, 2)), np.repeat(rng.normal(size=(40, 2)), 10, axis=0)
    found = measured(NewPhysicsLearningMachine, real, fake)
    assert found.components["nplm_p"] == 1 / 200


@every_test
def test_the_p_value_of_truth_is_uniform(test, monkeypatch):
    monkeypatch.setattr(sks, "DIRECTIONS", 4)
    monkeypatch.setattr(nplm, "_CENTRES", 10)
    rng, cases = np.random.default_rng(6), 300
    sides = rng.normal(size=(cases, 2, 40, 2))
    found = [measured(test, *pair, seed=i, number=19).components[f"{test.name}_p"] for i, pair in enumerate(sides)]
    for level in (0.05, 0.25, 0.5, 0.75):
        low, high = binom.ppf([1e-4, 1 - 1e-4], cases, level)
        # Ties, which the sliced test has with so few clouds, can only raise p.
        assert np.count_nonzero(np.array(found) <= level + 1e-9) <= high
        assert np.count_nonzero(np.array(found) <= level + 1e-9) >= low


@every_test
def test_the_p_value_of_a_fault_is_the_smallest_and_the_sigmas_do_not_saturate(test):
    rng = np.random.default_rng(7)
    real, fake = rng.normal(size=(2, 500, 3))
    smallest = 1 / (1 + test.relabellings)
    sigmas = []
    for shift in (1.0, 2.0):
        found = measured(test, real, fake + np.array([shift, 0.0, 0.0])).components
        assert found[f"{test.name}_p"] == smallest
        assert found[f"{test.name}_z"] == pytest.approx(norm.isf(smallest))
        sigmas.append(found[f"{test.name}_sigmas"])
    assert sigmas[1] > 1.5 * sigmas[0] > 15


@every_test
def test_a_lost_correlation_is_found(test):
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(2, 1_000))
    real = np.stack([x, 0.9 * x + sqrt(0.19) * y], axis=1)
    found = measured(test, real, np.stack([real[:, 0], rng.permutation(real[:, 1])], axis=1))
    assert found.components[f"{test.name}_p"] == 1 / (1 + test.relabellings)


@every_test
def test_one_absurd_cloud_cannot_hide_the_others(test):
    rng = np.random.default_rng(9)
    real, fake = rng.normal(size=(2, 500, 3))
    fake[:, 0] += 1.0
    fake[17] = 1e30
    found = measured(test, real, fake)
    assert found.components[f"{test.name}_p"] == 1 / (1 + test.relabellings)
    assert 0.5 < found.value / measured(test, real, np.delete(fake, 17, axis=0)).value < 2


@every_test
def test_the_error_is_the_spread_between_independent_samples(test):
    rng = np.random.default_rng(10)
    found = []
    for number in range(60):
        real, fake = rng.normal(size=(2, 400, 2))
        found.append(measured(test, real, fake + np.array([0.8, 0.0]), seed=number, number=3))
    values = [one.value for one in found]
    # 60 samples know a standard deviation to 9 %.
    assert np.mean([one.stderr for one in found]) == pytest.approx(np.std(values, ddof=1), rel=0.35)


@every_test
def test_the_same_seed_gives_the_same_digits_and_another_one_other_relabellings(test):
    rng = np.random.default_rng(11)
    real, fake = rng.normal(size=(2, 200, 2))
    first, again, other = (measured(test, real, fake, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.components[f"{test.name}_sigmas"] != other.components[f"{test.name}_sigmas"]


@every_test
def test_the_larger_side_is_cut_and_the_number_is_told(test):
    rng = np.random.default_rng(12)
    found = measured(test, rng.normal(size=(150, 2)), rng.normal(size=(60, 2)))
    assert found.components[f"{test.name}_n"] == 60
    test = type("Fewer", (test,), {"most": 50})
    assert measured(test, *rng.normal(size=(2, 60, 2))).components[f"{test.name}_n"] == 50


def test_no_significance_is_infinite():
    found = measurement("ks", np.array([0.0, 1.0, 2.0, 3.0]), 0.1, 10).named("ks")
    assert found["ks_p"] == 1.0
    assert found["ks_z"] == pytest.approx(norm.isf(0.75))
    found = measurement("ks", np.zeros(4), 0.0, 10).named("ks")
    assert (found["ks_p"], found["ks_sigmas"]) == (1.0, 0.0)


@every_test
def test_clouds_that_are_all_the_same_are_not_told_apart(test):
    found = measured(test, np.ones((40, 2)), np.ones((40, 2)))
    assert found.value == pytest.approx(0.0, abs=1e-6)


@every_test
def test_jets_of_a_published_generator_are_told_from_truth(test, real_jets, fake_jets, jet_spec):
    events = []
    points = fake_jets.points.copy()
    points[7, 2] = -1.0
    metric, ctx = test.create(jet_spec), MetricContext(listener=events.append)
    found = metric.compute(real_jets, Clouds(points, fake_jets.offsets), ctx)
    assert found.components[f"{test.name}_p"] == 1 / (1 + test.relabellings)
    assert [(event["kind"], event["metric"], event["points"]) for event in events] == [("clipped", test.name, 1)]
    half = metric.compute(real_jets[:1000], real_jets[1000:], ctx)
    assert abs(half.components[f"{test.name}_sigmas"]) < 4


@every_test
def test_what_cannot_be_tested_is_told_in_a_sentence(test, real_jets, jet_spec):
    metric, ctx = test.create(jet_spec), MetricContext()
    for few in (0, 9):
        with pytest.raises(DataError, match=f"needs 10 clouds or more on each side; there are 2000 true and {few}"):
            metric.compute(real_jets, real_jets[:few], ctx)
    spec = CloudSpec("table", (Feature("charge", nature="categorical"),), 1)
    with pytest.raises(DataError, match=f"all features are categorical; {test.name} needs one"):
        test.create(spec).compute(Clouds([[1.0]], [0, 1]), Clouds([[1.0]], [0, 1]), ctx)
