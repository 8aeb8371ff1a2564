"""Metrics with features of single clouds, spreads, and the floor of a single draw."""

import numpy as np
import pytest
from jetgen import Clouds, Measurement, MetricContext
from jetgen.api.metric import FeatureMetric
from jetgen.errors import DataError
from jetgen.evaluation.floors import band, bands, floor_draws, sampling_spread
from jetgen.evaluation.scorer import Features, Scorer
from jetgen.metrics.wasserstein import FeatureDistance, wasserstein


class Counting(FeatureMetric):
    """The first feature of each cloud; it counts how many clouds it was shown."""

    def __init__(self, cloud_spec):
        super().__init__(cloud_spec)
        self.featurised = 0

    def featurise(self, clouds, ctx):
        self.featurised += len(clouds)
        return clouds.points[clouds.offsets[:-1], :1].astype(np.float64)

    def compare(self, real, fake, ctx):
        return Measurement(wasserstein(real[:, 0], fake[:, 0]), {"first_size": len(fake)})


class Short(Counting):
    def featurise(self, clouds, ctx):
        return super().featurise(clouds, ctx)[:-1]


@pytest.fixture
def gaussian():
    return Clouds(np.random.default_rng(1).normal(size=(4000, 1)), np.arange(4001))


def test_a_floor_featurises_every_cloud_of_the_pool_once(gaussian, jet_spec):
    metric = Counting(jet_spec)
    n_real, n_fake, draws = floor_draws(Scorer(metric), gaussian, 1500, 1000, 7, MetricContext())
    assert metric.featurised == len(gaussian)
    assert (n_real, n_fake, len(draws)) == (1500, 1000, 7)
    assert {draw.components["first_size"] for draw in draws} == {1000.0}


def test_featurising_first_gives_the_values_of_computing_at_once(real_jets, fake_jets, jet_spec):
    metric, ctx = Counting(jet_spec), MetricContext()
    at_once = metric.compute(real_jets, fake_jets[:500], ctx)
    scorer = Scorer(metric)
    in_steps = scorer.compare(scorer.featurise(real_jets, ctx), scorer.featurise(fake_jets[:500], ctx), ctx)
    assert in_steps == at_once == scorer.score(real_jets, fake_jets[:500], ctx)


def test_a_metric_that_loses_clouds_is_refused(real_jets, jet_spec):
    with pytest.raises(DataError, match=r"Short returned features of shape \(1999, 1\) for 2000 clouds"):
        Scorer(Short(jet_spec)).featurise(real_jets, MetricContext())


def test_the_spread_from_parts_is_the_one_of_fresh_samples(jet_spec):
    rng = np.random.default_rng(3)
    metric, ctx = Counting(jet_spec), MetricContext()
    real = rng.normal(size=(20_000, 1))
    for shift in (0.0, 0.3):  # at the floor and far from it
        samples = [rng.normal(shift, 1.0, size=(2_000, 1)) for _ in range(60)]
        truth = np.std([metric.compare(real, sample, ctx).value for sample in samples])
        found = [sampling_spread(Scorer(metric), "first", Features(real), Features(sample), ctx) for sample in samples]
        told = [one["first"] for one in found]
        assert 0.5 < np.mean(told) / truth < 2.0


def test_the_spread_is_there_for_metrics_that_look_at_clouds(real_jets, fake_jets, jet_spec):
    scorer = Scorer(FeatureDistance.create(jet_spec))
    spread = sampling_spread(scorer, "w1p", real_jets, fake_jets, MetricContext())
    assert set(spread) == {"w1p", "w1p_etarel", "w1p_phirel", "w1p_ptrel"}
    assert all(value > 0 for value in spread.values())
    assert sampling_spread(scorer, "w1p", real_jets, fake_jets[:50], MetricContext()) == {}


def test_the_band_of_a_single_draw_is_made_from_the_standard_error_of_the_metric():
    found = bands("auc", [Measurement(0.5, stderr=0.01)])
    assert set(found) == {"auc"}
    assert (found["auc"].low, found["auc"].high) == pytest.approx((0.5 - 0.01645, 0.5 + 0.01645))
    assert band([0.5]).low == band([0.5]).high == 0.5
