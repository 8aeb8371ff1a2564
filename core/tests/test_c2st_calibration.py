"""Areas, isotonic calibration and divergences of classifier outputs, against cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jetgen import Clouds
from jetgen.metrics.c2st.calibration import Calibration, area_under_curve, area_variance, shannon_divergence
from jetgen.metrics.c2st.splitting import Sample, Samples
from jetgen.metrics.c2st.verdict import Logits, Score, Verdict, mean_score
from scipy.stats import mannwhitneyu

FALSE_TRUE = np.array([False, True])


def labels(text):
    return np.array([letter == "t" for letter in text])


def verdict(select, test):
    """The verdict of outputs and labels of selection clouds and of clouds to report on."""
    clouds = Clouds(np.zeros((0, 1)), [0])
    selection, report = (Sample(clouds, kinds, np.arange(len(kinds))) for _, kinds in (select, test))
    return Verdict.of(Samples(selection, selection, report), Logits(select[0], test[0]))


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


def test_calibration_pools_what_falls_into_blocks_and_is_linear_between_their_means():
    # By hand, with one more true cloud at 0 and one more generated one at 9: the means 1/2, 0, 0, 1, 0, 0, 1, 1, 1, 1/2
    # become 1/4 (of four clouds), then 1/3 (of three), then 4/5 (of five).
    calibration = Calibration(np.arange(10.0), labels("ffftfftttt"))
    assert calibration.values.tolist() == pytest.approx([1 / 4, 1 / 3, 4 / 5])
    assert calibration.knots.tolist() == pytest.approx([3 / 4, 4, 39 / 5])
    assert calibration(np.array([5.9])).item() == pytest.approx((1 / 3 + 4 / 5) / 2)


def test_clouds_keep_their_order():
    rng = np.random.default_rng(0)
    kinds = np.arange(2_000) % 2 == 1
    outputs = rng.normal(kinds, 1.0)
    calibration = Calibration(outputs, kinds)
    inside = np.sort(outputs[(outputs > calibration.knots[0]) & (outputs < calibration.knots[-1])])
    assert (np.diff(calibration(inside)) > 0).all()


def test_equal_outputs_get_the_fraction_of_true_clouds_among_them():
    calibration = Calibration(np.array([0.0, 0.0, 0.0, 0.0, 7.0, 7.0]), labels("tffftt"))
    assert calibration(np.array([0.0, 7.0])).tolist() == pytest.approx([2 / 5, 2 / 3])  # each with the one more


def test_calibrated_outputs_are_as_certain_as_the_number_of_clouds_allows_and_beyond_the_knots_they_are_flat():
    calibration = Calibration(np.arange(8.0), labels("fffftttt"))
    assert calibration(np.array([-9.0, 0.0, 3.5, 7.0, 9.0])).tolist() == pytest.approx([0.2, 0.2, 0.5, 0.8, 0.8])


def test_a_classifier_the_wrong_way_round_is_calibrated_to_say_nothing():
    outputs, kinds = np.array([3.0, 4.0, 0.0, 1.0]), labels("fftt")
    found = verdict((outputs, kinds), (outputs, kinds))
    assert (found.auc.value, found.jsd.value) == pytest.approx((0.5, 0.0))


def test_the_divergence_of_a_perfect_classifier_is_one_bit_and_of_a_silent_one_zero():
    assert shannon_divergence(np.array([1e-6, 1 - 1e-6]), FALSE_TRUE) == pytest.approx(1.0, abs=1e-5)
    assert shannon_divergence(np.array([0.5, 0.5]), FALSE_TRUE) == 0.0


def test_the_divergence_of_a_coin_that_is_right_three_times_in_four():
    # By hand: 1 - (0.75 * -log2 0.75 + 0.25 * -log2 0.25) = 0.1887 bits.
    value = shannon_divergence(np.array([0.75, 0.75, 0.75, 0.75]), labels("tttf"))
    assert value == pytest.approx(0.18872187554, abs=1e-9)


def test_a_classifier_that_is_too_sure_has_a_negative_divergence():
    assert shannon_divergence(np.array([0.9, 0.1]), FALSE_TRUE) < 0


def test_two_gaussians_are_told_apart_by_their_likelihood_ratio():
    rng = np.random.default_rng(1)
    kinds = np.arange(20_000) % 2 == 1
    select, test = rng.normal(kinds, 1.0), rng.normal(kinds, 1.0)
    found = verdict((select, kinds), (test, kinds))
    assert found.auc.value == pytest.approx(0.7602, abs=0.01)  # Phi(1 / sqrt 2)
    assert found.jsd.value == pytest.approx(0.1581, abs=0.012)  # by quadrature


def test_the_standard_errors_are_the_spread_over_samples_of_clouds():
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        kinds = np.arange(600) % 2 == 1
        outputs = 1.0 / (1.0 + np.exp(-rng.normal(kinds, 1.0) + 0.5))  # the true probability: a fixed classifier
        found.append(Verdict(outputs, kinds, np.zeros(600, np.int64)))
    for scores in ([one.auc for one in found], [one.jsd for one in found]):
        spread = np.std([score.value for score in scores], ddof=1)
        assert spread == pytest.approx(np.mean([score.stderr for score in scores]), rel=4 / np.sqrt(2 * 300))


def test_the_variance_of_an_area_where_there_is_nothing_to_find_is_known():
    rng = np.random.default_rng(0)
    n = 5_000
    assert area_variance(rng.random(2 * n), np.arange(2 * n) < n) == pytest.approx((2 * n + 1) / (12 * n * n), rel=0.05)


def test_the_error_of_a_mean_is_at_least_that_of_the_clouds_and_at_least_the_spread_of_the_trainings():
    assert mean_score([Score(0.6, 0.03)]) == Score(0.6, 0.03)
    assert mean_score([Score(0.6, 0.03), Score(0.6, 0.03)]).stderr == pytest.approx(0.03 / np.sqrt(2))
    assert mean_score([Score(0.5, 0.01), Score(0.7, 0.01)]).stderr == pytest.approx(0.1)
