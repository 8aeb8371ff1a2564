"""Metrics of answers to true events: whose track it is, how well it is measured, and how many there are."""

import dataclasses
import itertools

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext, Response
from jetgen.errors import DataError
from jetgen.evaluation.choice import inapplicable
from jetgen.metrics import specs
from jetgen.metrics.answers.cardinality import Cardinality, poisson_binomial
from jetgen.metrics.answers.matching import Coordinates, matched, resolution_of
from jetgen.metrics.answers.resolution import Resolution

FEATURES = (Feature("pt", "GeV", "positive"), Feature("eta"), Feature("phi", "rad", "periodic"))
SPEC = CloudSpec("tracks", FEATURES, 6, given=CloudSpec("tracks", FEATURES, 6))
WIDTHS = np.array([0.02, 2e-3, 1e-3])  # of log pT, eta and phi
REPLICAS = 60


@pytest.fixture(scope="module")
def truth():
    """Forty events of 1 to 6 particles."""
    rng = np.random.default_rng(0)
    counts = 1 + np.arange(40) % 6
    n = counts.sum()
    points = np.stack([rng.uniform(1, 50, n), rng.uniform(-2, 2, n), rng.uniform(-np.pi, np.pi, n)], axis=1)
    return Clouds.from_multiplicities(points, counts)


def replicas(given, seed, widths=WIDTHS, chance=1.0, shift=0.0, number=REPLICAS):
    """Each event, reconstructed ``number`` times with these widths; the points of each come in a random order."""
    rng = np.random.default_rng(seed)
    event = np.repeat(np.arange(len(given)), number)
    copies = given[event]
    kept = rng.random(len(copies.points)) < chance
    points, rows = copies.points[kept].astype(float), copies.rows[kept]
    errors = rng.normal(size=points.shape) * widths + shift * WIDTHS
    points[:, 0] *= np.exp(errors[:, 0])
    points[:, 1:] += errors[:, 1:]
    points[:, 2] = (points[:, 2] + np.pi) % (2 * np.pi) - np.pi
    order = np.lexsort([rng.random(len(rows)), rows])
    counts = np.bincount(rows, minlength=len(event))
    return Clouds(points[order], np.concatenate([[0], np.cumsum(counts)]), None, given, event)


def test_points_are_matched_with_their_particles_whatever_their_order_even_across_pi():
    given = Clouds([[10.0, 0.0, 3.141], [11.0, 0.0, 1.0], [5.0, 1.0, 3.1]], [0, 3])
    points = [[5.1, 1.001, 3.1], [10.2, 0.0, -3.141], [11.0, 0.0, 1.0]]
    found = matched(Clouds(points, [0, 3]), np.array([0]), given, Coordinates(SPEC), WIDTHS)
    assert found.particle.tolist() == [2, 0, 1]
    assert found.residual[1] == pytest.approx([np.log(1.02), 0.0, 2 * np.pi - 6.282], abs=1e-6)


def test_points_beyond_the_particles_are_left_over_and_particles_beyond_the_points_have_none():
    given = Clouds([[10.0, 0.0, 0.0], [20.0, 1.0, 1.0]], [0, 1, 2])
    clouds = Clouds([[10.0, 0.0, 0.0], [90.0, 1.0, 0.0]], [0, 2, 2])
    found = matched(clouds, np.array([0, 1]), given, Coordinates(SPEC), WIDTHS)
    assert found.particle.tolist() == [0]
    assert (found.residual == 0).all()


def test_the_resolution_is_found_from_the_clouds_themselves(truth):
    clouds = replicas(truth, 1)
    assert resolution_of(clouds, clouds.event, truth, Coordinates(SPEC)) == pytest.approx(WIDTHS, rel=0.05)


def test_other_replicas_of_the_truth_have_the_expected_spread_and_no_bias(truth):
    found = Resolution(SPEC).compute(replicas(truth, 1), replicas(truth, 2), MetricContext())
    assert found.value == pytest.approx(np.sqrt(4 / (REPLICAS - 1)), rel=0.1)
    assert found.components["resolution_pull"] == pytest.approx(1.0, abs=0.15)
    for name in ("pt", "eta", "phi"):
        assert abs(found.components[f"resolution_{name}"]) < 0.08
        assert found.components[f"resolution_{name}_iqr"] == pytest.approx(1.35 * np.sqrt(4 / (REPLICAS - 1)), rel=0.3)


def test_angles_that_are_too_narrow_and_a_shift_are_told_apart(truth):
    real = replicas(truth, 1)
    narrow = Resolution(SPEC).compute(real, replicas(truth, 2, WIDTHS * [1.0, 0.5, 0.1]), MetricContext()).components
    medians = [narrow[f"resolution_{name}"] for name in ("pt", "eta", "phi")]
    assert medians == pytest.approx([0.0, 2 * np.log(0.5), 2 * np.log(0.1)], abs=0.12)
    assert narrow["resolution_pull"] < 1.3
    shifted = Resolution(SPEC).compute(real, replicas(truth, 2, shift=0.5), MetricContext()).components
    assert shifted["resolution_pull"] > 2
    assert abs(shifted["resolution_eta"]) < 0.08


def test_widths_that_differ_between_particles_are_correlated_where_the_model_knows_them(truth):
    soft = truth.points[:, 0] < 10
    widths = np.where(soft[:, None], 3.0, 0.3)

    def measured(seed, scale):
        rng = np.random.default_rng(seed)
        event = np.repeat(np.arange(len(truth)), REPLICAS)
        copies = truth[event]
        which = truth.offsets[event][copies.rows] + copies.ranks
        errors = rng.normal(size=copies.points.shape) * WIDTHS * scale[which]
        points = copies.points + errors * [1.0, 1.0, 1.0] * np.stack(
            [copies.points[:, 0], *np.ones((2, len(which)))], 1
        )
        return Clouds(points, copies.offsets, None, truth, event)

    real = measured(1, widths)
    knows = Resolution(SPEC).compute(real, measured(2, widths), MetricContext()).components
    mean = Resolution(SPEC).compute(real, measured(3, np.full_like(widths, 2.0)), MetricContext()).components
    assert knows["resolution_correlation"] > 0.9
    assert abs(mean["resolution_correlation"]) < 0.3


def test_a_detector_without_errors_has_a_finite_and_bad_resolution(truth):
    found = Resolution(SPEC).compute(replicas(truth, 1), replicas(truth, 2, 0 * WIDTHS), MetricContext())
    assert found.value > 5
    assert all(np.isfinite(list(found.components.values())))


def test_the_numbers_of_found_particles_are_those_of_all_subsets():
    chance = np.array([0.1, 0.5, 0.9, 0.3, 1.0, 0.0])
    given = Clouds(np.zeros((6, 1)), [0, 4, 4, 6])
    expected = np.zeros((3, 5))
    for event, mine in enumerate((chance[:4], chance[4:4], chance[4:])):
        for found in itertools.product([0, 1], repeat=len(mine)):
            expected[event, sum(found)] += np.prod(np.where(found, mine, 1 - mine))
    assert poisson_binomial(chance, given, 4) == pytest.approx(expected, abs=1e-15)


def test_numbers_are_compared_with_what_the_dataset_knows_exactly(truth):
    ctx = MetricContext(response=lambda given: Response(np.full(len(given.points), 0.7), *np.zeros((2, 1, 3))))
    real = replicas(truth, 1, chance=0.7, number=400)
    found = Cardinality(SPEC).compute(real, replicas(truth, 2, chance=0.7, number=400), ctx)
    other = Cardinality(SPEC).compute(real, replicas(truth, 2, chance=0.8, number=400), ctx)
    # The numbers of found ones of n are binomial.
    entropy = np.mean([-sum(p * np.log(p) for p in _binomial(n, 0.7)) for n in 1 + np.arange(40) % 6])
    assert found.components["cardinality_entropy"] == pytest.approx(entropy, rel=1e-9)
    assert 0 < found.components["cardinality_excess"] < 0.02
    assert other.components["cardinality_excess"] > 5 * found.components["cardinality_excess"]
    assert found.value < 0.05 < other.value
    assert found.components["cardinality_above"] == 0.0
    plain = Cardinality(SPEC).compute(real, replicas(truth, 2, chance=0.7, number=400), MetricContext())
    assert plain.components["cardinality_entropy"] == pytest.approx(entropy, rel=0.02)


def _binomial(n, p):
    return [np.prod([(n - i) / (i + 1) for i in range(k)]) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def test_more_points_than_particles_are_counted(truth):
    real = replicas(truth, 1)
    double = Clouds(np.repeat(real.points, 2, axis=0), 2 * real.offsets, None, truth, real.event)
    found = Cardinality(SPEC).compute(real, double, MetricContext())
    assert found.components["cardinality_above"] == 1.0
    assert found.value == 1.0


@pytest.mark.parametrize("metric", [Resolution, Cardinality])
def test_answers_to_other_events_are_refused(metric, truth):
    real = replicas(truth, 1)
    others = truth.with_points(truth.points + 1)
    with pytest.raises(DataError, match=r"the generated clouds answer others \(given differs\)"):
        metric(SPEC).compute(real, Clouds(real.points, real.offsets, None, others, real.event), MetricContext())
    with pytest.raises(DataError, match="the generated clouds do not say what they answer"):
        metric(SPEC).compute(real, Clouds(real.points, real.offsets), MetricContext())


def test_too_few_replicas_and_particles_without_the_features_are_refused(truth):
    few = replicas(truth, 1, number=19)
    with pytest.raises(DataError, match="20 replicas or more on both sides; the most are 19"):
        Resolution(SPEC).compute(few, few, MetricContext())
    poor = dataclasses.replace(SPEC, given=CloudSpec("tracks", FEATURES[:2], 6))
    with pytest.raises(DataError, match="the true events have no phi"):
        Resolution(poor).compute(few, few, MetricContext())


@pytest.mark.parametrize("metric", [specs.resolution, specs.cardinality], ids=lambda spec: spec.name)
def test_clouds_that_answer_nothing_are_not_judged(metric):
    alone = CloudSpec("tracks", FEATURES, 6)
    assert inapplicable(metric, SPEC) is None
    assert "judges answers to true events, and these clouds answer none" in inapplicable(metric, alone)


def test_held_out_answers_are_of_the_events_that_were_asked_so_copies_are_not_sought_among_them():
    assert "memorising judges no answers to true events, and these" in inapplicable(specs.memorising, SPEC)
    assert inapplicable(specs.memorising, CloudSpec("tracks", FEATURES, 6)) is None
