"""Weights learnt by a classifier: what they mend of a known difference, and what they say where they cannot."""

import copy

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.data.weights import effective_size
from jetgen.errors import DataError, TrainingError, UsageError
from jetgen.io.saved_model import save_model

pytest.importorskip("torch")

from jetgen.references.generators import Independence
from jetgen.references.settings import ReferenceSettings
from jetgen.refine.density_ratio import DensityRatio, _calibrated
from jetgen.refine.generator import Weights
from jetgen.refine.settings import WeightsSettings

PLANE = CloudSpec("table", (Feature("x"), Feature("y")), 1)


def plane(seed, n, shift=0.0, correlation=0.0):
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    y = correlation * x + np.sqrt(1 - correlation**2) * y
    return Clouds(np.stack([x + shift, y], axis=1), np.arange(n + 1))


@pytest.fixture(scope="module")
def shifted():
    """The ratio of two Gaussians at a distance of 1: exp(x - 1/2)."""
    truth, made = ((plane(seed, 3000, shift), plane(seed + 1, 1000, shift)) for seed, shift in ((0, 1.0), (2, 0.0)))
    return DensityRatio.fit(truth, made, PLANE, RunContext(seed=3), epochs=6, width=16)


def test_weights_are_the_ratio_of_the_densities(shifted):
    ratio, report = shifted
    fresh = plane(9, 4000)
    weights = ratio.weights(fresh)
    assert np.corrcoef(np.log(weights), fresh.points[:, 0] - 0.5)[0, 1] > 0.9
    assert weights.mean() == pytest.approx(1.0, abs=0.2)
    assert weights @ fresh.points[:, 0] / weights.sum() == pytest.approx(1.0, abs=0.25)
    assert report.stop_reason == "finished"
    assert report.parameters > 0


def test_a_saved_ratio_gives_the_same_weights(shifted, tmp_path):
    ratio, _ = shifted
    ratio.save(tmp_path)
    fresh = plane(9, 100)
    assert DensityRatio.load(tmp_path, "cpu").weights(fresh) == pytest.approx(ratio.weights(fresh), rel=1e-6)
    (tmp_path / "units.h5").unlink()
    with pytest.raises(DataError, match=r"units\.h5"):
        DensityRatio.load(tmp_path, "cpu")


def test_too_few_clouds_are_one_sentence():
    few, many = plane(0, 49), plane(1, 60)
    with pytest.raises(
        DataError, match="50 or more clouds of each kind; there are 60 true and 49 generated validation"
    ):
        DensityRatio.fit((many, many), (many, few), PLANE, RunContext())
    with pytest.raises(
        DataError, match="equally many clouds of each kind; there are 60 true and 59 generated training"
    ):
        DensityRatio.fit((many, many), (many[:59], many), PLANE, RunContext())


def test_logits_that_are_too_sure_are_calibrated_and_useless_ones_say_nothing():
    rng = np.random.default_rng(0)
    labels = rng.random(20_000) < 0.5
    logits = np.where(labels, 1.0, 0.0) + rng.normal(size=20_000)  # the true logit is this minus 1/2
    assert _calibrated(3.0 * logits, labels) == pytest.approx((1 / 3, -0.5), abs=0.05)
    assert _calibrated(-logits, labels) == pytest.approx((0.0, 0.0), abs=1e-3)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A saved model that has lost the correlation of its training clouds."""
    model = Independence.create(ReferenceSettings(), PLANE)
    model.fit(plane(0, 3000, correlation=0.7), plane(1, 10), RunContext())
    folder = tmp_path_factory.mktemp("base") / "model"
    save_model(model, folder, {"generator": {"name": "independence", "settings": {}}, "cloud_spec": PLANE.to_json()})
    return folder


def fitted(base, **settings):
    made = Weights.create(WeightsSettings(epochs=6, width=16, **settings), PLANE)
    made.fit(plane(0, 3000, correlation=0.7), plane(1, 1000, correlation=0.7), RunContext(upstream={"base": base}))
    return made


@pytest.fixture(scope="module")
def weighted(base):
    return fitted(base)


def correlation(clouds):
    return np.cov(clouds.points.T, aweights=clouds.weights)[0, 1]


def test_a_lost_correlation_comes_back_with_the_weights(weighted, base):
    clouds = weighted.sample(Conditions(4000), RunContext(seed=5))
    assert abs(correlation(clouds.with_weights(None))) < 0.08
    assert correlation(clouds) == pytest.approx(0.7, abs=0.2)
    assert 400 < effective_size(clouds.weights) < 4000
    assert clouds.weights.max() <= 10.0


@pytest.fixture
def rejecting(weighted):
    """The same model, which rejects clouds instead of weighting them."""
    other = copy.copy(weighted)
    other.settings = weighted.settings.model_copy(update={"unweighted": True})
    return other


def test_rejection_gives_clouds_without_weights_that_have_it_too(rejecting):
    clouds, again = (rejecting.sample(Conditions(2000), RunContext(seed=5)) for _ in range(2))
    assert clouds.weights is None
    assert len(clouds) == 2000
    assert correlation(clouds) == pytest.approx(0.7, abs=0.2)
    assert (clouds.points == again.points).all()


def test_a_saved_model_brings_its_base_along(weighted, tmp_path):
    weighted.save(tmp_path)
    found = Weights.load(tmp_path, "cpu")
    asked = Conditions(50), RunContext(seed=1)
    assert found.sample(*asked).weights == pytest.approx(weighted.sample(*asked).weights, rel=1e-6)
    assert found.settings == weighted.settings


def test_without_a_base_or_a_training_there_is_one_sentence():
    made = Weights.create(WeightsSettings(base="rqs-flow"), PLANE)
    with pytest.raises(UsageError, match="weights need a trained rqs-flow, the model called base"):
        made.fit(plane(0, 100), plane(1, 100), RunContext())
    with pytest.raises(TrainingError, match="has not been trained"):
        made.sample(Conditions(1), RunContext())


def test_a_base_that_makes_other_clouds_is_refused(base):
    other = CloudSpec("table", (Feature("x"), Feature("z")), 1)
    with pytest.raises(
        DataError, match=r"the weights of the base independence are for table of up to 1 points \(x, y\), not"
    ):
        Weights.create(WeightsSettings(), other).fit(plane(0, 100), plane(1, 100), RunContext(upstream={"base": base}))


def test_a_generator_that_is_too_far_from_the_truth_cannot_reject(rejecting, monkeypatch):
    monkeypatch.setattr(DensityRatio, "weights", lambda *clouds, **more: np.zeros(len(clouds[1])))  # noqa: ARG005
    monkeypatch.setattr("jetgen.refine.generator._ATTEMPTS", 3)
    with pytest.raises(TrainingError, match="5 of 5 clouds were not accepted in 3 attempts"):
        rejecting.sample(Conditions(5), RunContext())
