"""Fréchet and kernel physics distance, against the reference library and their definitions."""

import numpy as np
import pytest
from jetgen import Clouds, MetricContext
from jetgen.errors import DataError
from jetgen.metrics.frechet import Gaussian, resampled
from jetgen.metrics.kernel_mmd import quartic_mmd
from jetgen.metrics.observables.efps import efps
from jetgen.metrics.physics_distance import (
    FrechetPhysicsDistance,
    KernelPhysicsDistance,
    _intercept,
    fpd,
    kpd,
)


@pytest.fixture(scope="module")
def features(golden_jets, jet_spec):
    return tuple(efps(jets, jet_spec, "all36") for jets in golden_jets)


def kernel_means(first, second):
    """The means of the kernel over the pairs that the unbiased estimate counts, one pair after the other."""
    kernel = np.array([[(x @ y / len(x) + 1.0) ** 4 for y in second] for x in first])
    pairs = kernel[~np.eye(len(first), dtype=bool)] if first is second else kernel
    return pairs.mean()


def test_fpd_is_that_of_the_reference_library_with_the_same_draws(features, golden_values):
    assert fpd(*features, 500, 2000) == pytest.approx(
        golden_values["fpd_min500_max_all_20batches_20points_seed42"], rel=1e-6
    )


def test_kpd_is_that_of_the_reference_library_with_the_same_draws(features, golden_values):
    assert kpd(*features, 1000) == pytest.approx(golden_values["kpd_batch1000_seed42"], rel=1e-9)


@pytest.mark.parametrize("sizes", [(50, 70), (70, 70), (2, 30)])
def test_the_mmd_is_the_double_sum_over_the_pairs(sizes):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(sizes[0], 5)), rng.normal(0.2, 1.5, size=(sizes[1], 5))
    means = kernel_means(first, first), kernel_means(second, second), kernel_means(first, second)
    assert quartic_mmd(first, second) == pytest.approx(means[0] + means[1] - 2.0 * means[2], abs=1e-9 * max(means))


def test_the_mmd_of_near_samples_is_not_lost_to_rounding(features):
    real, fake = (side[:200] / np.abs(features[0]).max(axis=0) for side in features)
    means = kernel_means(real, real), kernel_means(fake, fake), kernel_means(real, fake)
    direct = means[0] + means[1] - 2.0 * means[2]
    assert abs(direct) < 0.01
    assert quartic_mmd(real, fake) == pytest.approx(direct, abs=1e-9 * max(means))


def test_the_moments_of_resampled_rows_are_those_of_the_rows_themselves(features):
    rng = np.random.default_rng(0)
    draws = [rng.choice(2000, size) for size in (2, 500, 3000)]
    for moments, rows in zip(resampled(features[0], draws), draws, strict=True):
        expected = Gaussian.of(features[0][rows])
        np.testing.assert_allclose(moments.mean, expected.mean, rtol=1e-12)
        np.testing.assert_allclose(
            moments.covariance, expected.covariance, rtol=1e-9, atol=1e-12 * np.abs(expected.covariance).max()
        )


@pytest.mark.parametrize(("intercept", "slope"), [(0.5, 2.0), (0.0, 2.0), (0.5, 0.0)])
def test_the_fit_finds_the_line(intercept, slope):
    x = np.linspace(0.1, 1.0, 10)
    value, error = _intercept(x, intercept + slope * x)
    assert value == pytest.approx(intercept, abs=1e-4)  # the search stays a little inside of its bounds
    assert error == pytest.approx(0.0, abs=1e-4)


def test_the_fit_goes_below_zero_neither_in_intercept_nor_in_slope():
    x = np.linspace(0.1, 1.0, 10)
    assert _intercept(x, x - 0.5)[0] == pytest.approx(0.0, abs=1e-4)
    assert _intercept(x, 1.0 - x)[0] == pytest.approx(0.45, abs=1e-4)


@pytest.mark.parametrize("metric", [FrechetPhysicsDistance, KernelPhysicsDistance])
def test_values_come_with_their_standard_error_and_do_not_depend_on_the_seed_of_the_run(metric, golden_jets, jet_spec):
    real, fake = golden_jets
    found = metric.create(jet_spec).compute(real[:500], fake[:500], MetricContext(seed=1))
    assert np.isfinite([found.value, found.stderr]).all()
    assert found.components == {}
    assert metric.create(jet_spec).compute(real[:500], fake[:500], MetricContext(seed=2)) == found


def test_a_planted_shift_is_seen_by_both_distances(real_jets, jet_spec):
    first, second = real_jets[:1000], real_jets[1000:]
    narrow = Clouds(second.points * np.float32([0.8, 0.8, 1.0]), second.offsets)
    for metric in (FrechetPhysicsDistance, KernelPhysicsDistance):
        close, far = (metric.create(jet_spec).compute(first, other, MetricContext()) for other in (second, narrow))
        assert far.value - close.value > far.stderr


def test_a_polynomial_that_is_always_zero_is_left_as_it_is():
    sample = np.random.default_rng(0).normal(size=(50, 2)) * [1.0, 0.0]
    assert np.isfinite(fpd(sample, sample, 20, 50)).all()
    assert np.isfinite(kpd(sample, sample, 20)).all()


def test_too_few_rows_are_refused_with_one_sentence():
    sample = np.ones((10, 2))
    with pytest.raises(DataError, match="they have 0 and 10 rows"):
        fpd(sample[:0], sample, 4, 10)
    with pytest.raises(DataError, match="needs finite features"):
        kpd(sample, sample * np.inf, 4)
    with pytest.raises(DataError, match="got 10 from 1 to 2"):
        fpd(sample, sample, 1, 2)
    with pytest.raises(DataError, match="got 10 of 1"):
        kpd(sample, sample, 1)
