"""What a classifier test sees: weights and areas that are known exactly, planted faults, truth against truth."""

import dataclasses
import json

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, explain
from jetgen.api.specs import MetricSpec
from jetgen.errors import DataError, UsageError
from jetgen.evaluation.explain.contrasts import auc_alone, contrast
from jetgen.evaluation.explain.resolution import blurred
from jetgen.metrics.c2st.metric import ClassifierTest
from jetgen.metrics.c2st.verdict import Verdict
from jetgen.metrics.c2st.weights import calibration_curve, summary, weights
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.metrics.observables.catalogue import observable_values, observables
from quick_judge import PROFILE
from scipy.stats import norm

pytest.importorskip("torch")

TABLE = CloudSpec("table", tuple(Feature(name) for name in "abcde"), 1)


class Quick(ClassifierTest):
    """A judge of seconds."""

    name = "quick"
    profile = PROFILE


KINDS = ("jets", "showers", "tracks", "table")
QUICK = MetricSpec(name="quick", summary="", target=f"{__name__}:Quick", kinds=KINDS, smallest_n=200)


def rows(n, seed, **spread):
    """Standard normal features, but for those with another standard deviation."""
    points = np.random.default_rng(seed).normal(size=(n, 5))
    for name, sd in spread.items():
        points[:, TABLE.index(name)] *= sd
    return Clouds(points, np.arange(n + 1))


def gaussian_verdict(shift, n, seed):
    """A perfect classifier of two unit Gaussians whose means differ by ``shift``."""
    labels = np.arange(2 * n) < n
    x = np.random.default_rng(seed).normal(np.where(labels, shift, 0.0))
    odds = np.exp(shift * x - shift**2 / 2)
    return Verdict(odds / (1 + odds), labels, np.arange(2 * n) % n)


def test_the_weights_of_two_gaussians_have_the_moments_and_tails_of_their_density_ratio():
    shift, n = 1.0, 200_000
    verdict = gaussian_verdict(shift, n, 0)
    made, true = (summary(weights(verdict)[side]) for side in (~verdict.labels, verdict.labels))
    assert abs(made.mean.value - 1.0) < 4 * made.mean.stderr < 0.02
    assert made.effective == pytest.approx(np.exp(-(shift**2)), rel=0.03)
    # w < 0.1 where x < (ln 0.1) / shift + shift / 2, and likewise above 10.
    low, high = (np.log(edge) / shift + shift / 2 for edge in (0.1, 10.0))
    error = 4 * np.sqrt(0.05 / n)
    assert made.below == pytest.approx(norm.cdf(low), abs=error)
    assert true.above == pytest.approx(norm.sf(high - shift), abs=error)
    assert made.high == pytest.approx(np.exp(shift * norm.ppf(0.999) - shift**2 / 2), rel=0.05)
    assert true.mean.value == pytest.approx(np.exp(shift**2), rel=0.05)


def test_the_curve_of_a_calibrated_classifier_is_the_diagonal_and_that_of_an_overconfident_one_is_not():
    verdict = gaussian_verdict(1.5, 20_000, 1)
    for one in calibration_curve([verdict]):
        assert abs(one.observed.value - one.predicted) < 4 * one.observed.stderr
    odds = weights(verdict) ** 2
    wrong = calibration_curve([dataclasses.replace(verdict, probabilities=odds / (1 + odds))])
    assert any(abs(one.observed.value - one.predicted) > 10 * one.observed.stderr for one in wrong)
    assert sum(one.n for one in wrong) == 40_000


def test_the_auc_of_an_observable_alone_is_that_of_its_likelihood_ratio():
    rng = np.random.default_rng(0)
    n = 20_000
    true, shifted, wide = rng.normal(size=n), rng.normal(1.0, size=n), rng.normal(scale=3.0, size=n)
    by_shift, by_width = (auc_alone(true, side, rng) for side in (shifted, wide))
    assert by_shift.value == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=4 * by_shift.stderr)
    assert by_width.value == pytest.approx(2 / np.pi * np.arctan(3.0), abs=4 * by_width.stderr)
    assert contrast(wide, true).auc.value == pytest.approx(0.5, abs=0.02)  # the order alone does not show it


def test_of_one_distribution_the_auc_alone_is_one_half_on_average_and_its_error_is_its_spread():
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        found.append(auc_alone(rng.normal(size=500), rng.normal(size=700), rng))
    values, errors = np.array([one.value for one in found]), np.array([one.stderr for one in found])
    assert abs(values.mean() - 0.5) < 4 * values.std() / np.sqrt(len(values))
    assert values.std() == pytest.approx(errors.mean(), rel=4 / np.sqrt(2 * len(values)))


def test_values_that_few_clouds_do_not_share_are_no_problem():
    rng = np.random.default_rng(0)
    constant, two = np.ones(400), np.repeat([0.0, 1.0], 200)
    assert auc_alone(constant, constant, rng).value == 0.5
    assert auc_alone(two, np.repeat([0.0, 1.0], [100, 300]), rng).value == pytest.approx(0.625, abs=0.08)


@pytest.fixture(scope="module")
def wide():
    """What is seen in rows of which feature c is three times too wide."""
    return explain(rows(1_000, 0), rows(1_000, 1, c=3.0), spec=TABLE, metric=QUICK, progress=False)


def test_a_feature_with_a_wrong_width_is_ranked_first_and_named(wide):
    first, second, *_ = wide.findings
    assert first.observable.name == "c"
    assert first.alone.value == pytest.approx(2 / np.pi * np.arctan(3.0), abs=4 * first.alone.stderr)
    assert abs(second.alone.value - 0.5) < 5 * second.alone.stderr
    assert wide.generated.n == wide.true.n == wide.judge.n == 400
    text = str(wide)
    assert f"Alone, c gives {first.alone.value:.3f} ± " in text
    assert "generated rows have it wider spread (90 % within" in text
    assert "Nothing is seen in" in text


def test_generated_clouds_in_the_tail_have_what_the_judge_saw(wide):
    first = wide.findings[0]
    spreads = [one.high - one.low for one in (first.invented.some, first.invented.others)]
    assert spreads[0] > 1.5 * spreads[1]
    assert 0.1 <= first.invented.share <= 0.5


def test_a_planted_shift_of_eta_is_found_in_jets(real_jets, jet_spec):
    fake = DISTORTIONS["eta_shift"].apply(real_jets[1_000:], jet_spec, np.random.default_rng(0), None)
    points = fake.points.copy()
    points[:, 0] += 0.01
    found = explain(real_jets[:1_000], fake.with_points(points), jet_spec, QUICK, progress=False)
    assert found.findings[0].observable.name == "eta"
    assert "the η of all particles gives" in str(found)


def test_of_truth_against_truth_nothing_is_seen(real_jets, jet_spec):
    found = explain(real_jets[:1_000], real_jets[1_000:], jet_spec, QUICK, progress=False)
    text = str(found)
    assert "cannot tell generated jets from true ones" in text
    assert "No observable alone shows a difference" in text
    assert found.generated.effective > 0.8
    assert found.generated.mean.value == pytest.approx(1.0, abs=5 * found.generated.mean.stderr)
    assert max(found.true.above, found.generated.below) < 0.02


def test_the_grid_of_the_calorimeter_is_no_property_of_a_generator(real_jets, jet_spec):
    rng, column = np.random.default_rng(0), [one.name for one in observables(jet_spec)].index("delta_r_5")
    cells = real_jets.points.copy()
    cells[:, :2] = 0.005 * np.round(cells[:, :2] / 0.005)
    real_jets = real_jets.with_points(cells)
    sides = real_jets[:1_000], blurred(real_jets[1_000:], jet_spec, rng, width=1e-4)
    alone = [
        auc_alone(*(observable_values(seen(side), jet_spec)[:, column] for side in sides), np.random.default_rng(1))
        for seen in (lambda side: side, lambda side: blurred(side, jet_spec, rng))
    ]
    assert alone[0].value > 0.5 + 4 * alone[0].stderr
    assert alone[1].value < 0.5 + 3 * alone[1].stderr


def test_only_jets_are_blurred():
    table = rows(10, 0)
    assert blurred(table, TABLE, np.random.default_rng(0)) is table


def test_every_number_is_in_the_json_and_the_same_seed_gives_the_same():
    first, second = (
        explain(rows(300, 0), rows(300, 1, a=1.5), spec=TABLE, metric=QUICK, progress=False).to_json() for _ in range(2)
    )
    assert json.loads(json.dumps(first, allow_nan=False)) == first == second
    assert set(first) == {"kind", "judge", "true", "generated", "calibration", "findings"}
    assert [one["observable"]["name"] for one in first["findings"]] != []
    assert first["findings"][0]["made"]["some"]["median"] is not None


def test_too_few_clouds_a_metric_that_is_no_judge_and_clouds_without_observables_are_refused(real_jets, jet_spec):
    with pytest.raises(DataError, match="150 generated clouds are too few: quick says something from 200 on"):
        explain(rows(300, 0), rows(150, 1), spec=TABLE, metric=QUICK)
    with pytest.raises(DataError, match="0 generated clouds are too few"):
        explain(rows(300, 0), rows(0, 1), spec=TABLE, metric=QUICK)
    with pytest.raises(UsageError, match="w1m is no classifier test and cannot say what it sees; choose c2st_fast"):
        explain(real_jets, real_jets, jet_spec, "w1m")
    with pytest.raises(UsageError, match="did you mean c2st_fast"):
        explain(real_jets, real_jets, jet_spec, "c2st_fats")
    kinds = CloudSpec("table", (Feature("kind", nature="categorical"),), 1)
    ones = Clouds(np.ones((300, 1)), np.arange(301))
    with pytest.raises(DataError, match="kind is a category"):
        explain(ones, ones, kinds, QUICK)
    with pytest.raises(UsageError, match="nothing says what the columns of the clouds mean"):
        explain(ones, ones, metric=QUICK)


def with_exact_weights(n, seed, factor=1.0):
    """Rows whose feature a is 1.5 times too wide, with the density of truth over theirs as weights."""
    clouds = rows(n, seed, a=1.5)
    a = clouds.points[:, 0].astype(np.float64)
    return clouds, clouds.with_weights(factor * 1.5 * np.exp(-(a**2) * (1 - 1 / 1.5**2) / 2))


def test_weights_mend_what_the_judge_and_an_observable_alone_see():
    wrong, mended = with_exact_weights(3_000, 1)
    before, after = (explain(rows(3_000, 0), fake, TABLE, QUICK) for fake in (wrong, mended))
    first = before.findings[0]
    (same,) = [one for one in after.findings if one.observable == first.observable]
    assert first.observable.name == "a"
    assert first.alone.value > 0.58
    assert abs(same.alone.value - 0.5) < 4 * same.alone.stderr
    assert same.made.some.high < 0.85 * first.made.some.high
    assert abs(after.judge.auc.value - 0.5) < 4 * after.judge.auc.stderr
    assert before.judge.auc.value > 0.55
    effective = mended.weights.sum() ** 2 / (mended.weights**2).sum()
    assert str(after).startswith(f"The generated rows have weights, and count by them: 3,000 like {effective:,.0f}.")


def test_only_the_ratios_of_weights_matter_and_equal_ones_change_nothing(tmp_path):
    truth, (plain, weighted) = rows(400, 0), with_exact_weights(400, 1)
    _, scaled = with_exact_weights(400, 1, factor=50.0)
    one, other = (explain(truth, fake, TABLE, QUICK) for fake in (weighted, scaled))
    for first, second in zip(one.findings, other.findings, strict=True):
        assert first.alone.value == pytest.approx(second.alone.value)
    assert one.generated.mean.value == pytest.approx(other.generated.mean.value, rel=1e-4)
    equal = explain(truth, plain.with_weights(np.full(400, 3.0)), TABLE, QUICK)
    without = explain(truth, plain, TABLE, QUICK)
    assert equal.findings[0].alone.value == pytest.approx(without.findings[0].alone.value, abs=0.01)
    assert equal.generated.below == pytest.approx(without.generated.below, abs=0.02)
    assert len(other.draw(tmp_path)) == 3
