"""Scores against halves of the truth."""

from dataclasses import replace

import numpy as np
import pytest
from jetgen import Clouds, Measurement, MetricContext, MetricSpec
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.evaluation.halves import HALVES, compared_with_halves, truth_halves
from jetgen.evaluation.scorer import Scorer
from jetgen.metrics.specs import w1m
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance


def test_halves_are_disjoint_cover_the_truth_and_are_the_same_for_every_model(real_jets, jet_spec):
    halves = truth_halves(real_jets, jet_spec)
    assert len(halves) == HALVES
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        assert np.array_equal(np.sort(np.concatenate([first, second])), np.arange(len(real_jets)))
        assert abs(len(first) - len(second)) <= 1
    again = truth_halves(real_jets, jet_spec)
    assert all(np.array_equal(one, other) for one, other in zip(halves, again, strict=True))
    assert len({half.tobytes() for half in halves}) == HALVES
    assert truth_halves(real_jets[:39], jet_spec) == ()


def test_halves_have_the_conditioning_in_equal_shares():
    energy = np.random.default_rng(0).permutation(1_000.0 * np.arange(1_000))[:, None]
    spec = CloudSpec("table", (Feature("x"),), 1, conditioning=(Feature("energy"),))
    clouds = Clouds.from_multiplicities(np.zeros((1_000, 1)), np.ones(1_000, np.int64), energy)
    off = [abs(energy[half].mean() / energy.mean() - 1) for half in truth_halves(clouds, spec)]
    assert max(off) < 0.005  # halves at random are off by 0.018 on average


def measured(metric, spec, real, fake, cloud_spec, **facts):
    scorer, ctx = Scorer(metric), MetricContext(**facts)
    sides = (scorer.featurise(side, ctx) for side in (real, fake))
    return compared_with_halves(scorer, spec, *sides, replace(ctx, halves=truth_halves(real, cloud_spec)))


@pytest.mark.parametrize("metric", [MassDistance, FeatureDistance])
def test_values_against_halves_are_those_of_the_halves_alone(real_jets, fake_jets, jet_spec, metric):
    spec = replace(w1m, name="it", smallest_n=1_000)
    made = metric.create(jet_spec)
    whole, halves = measured(made, spec, real_jets, fake_jets, jet_spec)
    assert whole == Scorer(made).score(real_jets, fake_jets, MetricContext())
    assert set(halves) == set(whole.named("it"))
    for number, half in enumerate(truth_halves(real_jets, jet_spec)):
        alone = made.compute(real_jets[half], fake_jets, MetricContext()).named("it")
        assert {name: values[number] for name, values in halves.items()} == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("facts", [{"ranked": False}, {"floor_draws": HALVES - 1}, {"smallest_n": 1_001}])
def test_diagnostics_slow_metrics_and_halves_that_are_too_small_have_none(real_jets, fake_jets, jet_spec, facts):
    spec = replace(w1m, smallest_n=1_000, **facts) if "smallest_n" not in facts else replace(w1m, **facts)
    assert measured(MassDistance(jet_spec), spec, real_jets, fake_jets, jet_spec)[1] == {}


class Paired:
    """Wants samples of equal size, or has values of its own for the halves."""

    def __init__(self, own=None):
        self.own = own

    def compute(self, real, fake, ctx):
        if len(real) != len(fake):
            msg = "give me pairs"
            raise ValueError(msg)
        return Measurement(1.0, {"paired_size": 2.0}, halves=self.own or {})


PAIRED = MetricSpec(name="paired", summary="", target="m:C", kinds=("jets",))


def test_a_metric_that_cannot_compare_unequal_samples_keeps_its_score_and_a_warning_says_why(
    real_jets, fake_jets, jet_spec
):
    heard = []
    found = measured(Paired(), PAIRED, real_jets, fake_jets, jet_spec, listener=heard.append)
    assert found == (Measurement(1.0, {"paired_size": 2.0}), {})
    assert [one["text"] for one in heard if one["kind"] == "warning"] == [
        "paired has no values for halves of the truth: ValueError: give me pairs"
    ]


def test_a_metric_that_knows_its_values_for_the_halves_is_believed(real_jets, fake_jets, jet_spec):
    own = {"paired": tuple(range(HALVES)), "of_another_metric": (0.0,) * HALVES}
    assert measured(Paired(own), PAIRED, real_jets, fake_jets, jet_spec)[1] == {"paired": list(range(HALVES))}


@pytest.mark.parametrize(
    ("own", "words"),
    [((1.0, 2.0), "paired gave 2 values of paired for 10 halves"), ((float("nan"),) * HALVES, "of half 0 is nan")],
)
def test_wrong_values_for_the_halves_are_refused(real_jets, fake_jets, jet_spec, own, words):
    with pytest.raises(DataError, match=words):
        measured(Paired({"paired": own}), PAIRED, real_jets, fake_jets, jet_spec)
