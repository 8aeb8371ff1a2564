"""Areas, isotonic calibration and divergences of classifier outputs, against cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jetgen.metrics.c2st.calibration import Calibration, area_under_curve, separation, shannon_divergence
from scipy.stats import mannwhitneyu

FALSE_TRUE = np.array([False, True])


def labels(text):
    return np.array([letter == "t" for letter in text])


@pytest.mark.parametrize(
    ("outputs", "kinds", "area"),
    [
        ([0.0, 1.0], "ft", 1.0),
        ([1.0, 0.0], "ft", 0.0),
        ([0.3, 0.3], "ft", 0.5),
        ([1.0, 2.0, 3.0, 4.0], "ftft", 0.75),
        ([1.0, 2.0, 2.0, 3.0], "fftt", 0.875),
        ([1.0, 2.0, 3.0, 9.0, 9.0], "tffft", 2.5 / 6),
    ],
)
def test_the_area_counts_pairs_in_order_and_half_of_the_ties(outputs, kinds, area):
    true = [o for o, kind in zip(outputs, kinds, strict=True) if kind == "t"]
    false = [o for o, kind in zip(outputs, kinds, strict=True) if kind == "f"]
    pairs = np.mean([(a > b) + 0.5 * (a == b) for a in true for b in false])
    assert area_under_curve(np.array(outputs), labels(kinds)) == pytest.approx(pairs)
    assert pairs == pytest.approx(area)


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=60))
def test_the_area_is_the_statistic_of_mann_and_whitney(rows):
    outputs, kinds = (np.array(column) for column in zip(*rows, strict=True))
    if kinds.all() or not kinds.any():
        return
    statistic = mannwhitneyu(outputs[kinds], outputs[~kinds], method="asymptotic").statistic
    assert area_under_curve(outputs, kinds) == pytest.approx(statistic / kinds.sum() / (~kinds).sum())


def test_the_area_does_not_change_under_a_rising_function():
    rng = np.random.default_rng(0)
    outputs, kinds = rng.normal(size=500), rng.random(500) < 0.5
    assert area_under_curve(np.exp(outputs), kinds) == area_under_curve(outputs, kinds)


def test_calibration_pools_what_falls_into_blocks():
    # By hand: the means 0, 1, 0, 1, 0, 1 of rising outputs become 0, 1/2, 1/2, 1/2, 1/2, 1.
    calibration = Calibration(np.arange(6.0), labels("ftftft"))
    assert calibration.values.tolist() == pytest.approx([0.0, 0.5, 0.5, 0.5, 0.5, 1.0])


def test_equal_outputs_get_the_fraction_of_true_clouds_among_them():
    calibration = Calibration(np.array([0.0, 0.0, 0.0, 0.0, 7.0, 7.0]), labels("tffftt"))
    assert calibration(np.array([0.0])).item() == pytest.approx(0.25)


def test_calibrated_outputs_stay_away_from_certainty_and_beyond_the_knots_they_are_flat():
    calibration = Calibration(np.array([0.0, 1.0]), FALSE_TRUE)
    assert calibration(np.array([-9.0, 0.0, 0.5, 1.0, 9.0])).tolist() == [1e-6, 1e-6, 0.5, 1 - 1e-6, 1 - 1e-6]


def test_a_classifier_the_wrong_way_round_is_calibrated_to_say_nothing():
    outputs, kinds = np.array([3.0, 4.0, 0.0, 1.0]), labels("fftt")
    assert separation((outputs, kinds), (outputs, kinds)) == pytest.approx((0.5, 0.0))


def test_the_divergence_of_a_perfect_classifier_is_one_bit_and_of_a_silent_one_zero():
    assert shannon_divergence(np.array([1e-6, 1 - 1e-6]), FALSE_TRUE) == pytest.approx(1.0, abs=1e-5)
    assert shannon_divergence(np.array([0.5, 0.5]), FALSE_TRUE) == 0.0


def test_the_divergence_of_a_coin_that_is_right_three_times_in_four():
    # By hand: 1 - (0.75 * -log2 0.75 + 0.25 * -log2 0.25) = 0.1887 bits.
    value = shannon_divergence(np.array([0.75, 0.75, 0.75, 0.75]), labels("tttf"))
    assert value == pytest.approx(0.18872187554, abs=1e-9)


def test_a_classifier_that_is_too_sure_has_a_negative_divergence():
    assert shannon_divergence(np.array([0.9, 0.1]), FALSE_TRUE) < 0


def test_separation_of_two_gaussians_by_their_likelihood_ratio():
    rng = np.random.default_rng(1)
    kinds = np.arange(20_000) % 2 == 1
    select, test = rng.normal(kinds, 1.0), rng.normal(kinds, 1.0)
    found = separation((select, kinds), (test, kinds))
    assert found.auc == pytest.approx(0.7602, abs=0.01)  # Phi(1 / sqrt 2)
    assert found.jsd == pytest.approx(0.1581, abs=0.012)  # by quadrature
