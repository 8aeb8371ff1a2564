"""The outsider itself: what the tests of the harness lean on must be true of it."""

from __future__ import annotations

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext

SPEC = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 6)


@pytest.fixture
def kind(outsiders, monkeypatch):
    """The model and settings classes of the outsider."""
    outsiders.install("kind-outsider")
    monkeypatch.syspath_prepend(outsiders.path[-1])
    from kind_outsider.model import KindGaussian
    from kind_outsider.settings import KindGaussianSettings

    return KindGaussian, KindGaussianSettings


@pytest.fixture
def train():
    rng = np.random.default_rng(5)
    multiplicity = rng.integers(0, 7, 500)
    points = rng.normal([0.1, -0.2, 0.5], [0.05, 0.1, 0.02], (multiplicity.sum(), 3))
    return Clouds.from_multiplicities(points, multiplicity)


def test_it_learns_the_moments_and_keeps_positive_features_positive(kind, train):
    model_class, settings_class = kind
    model = model_class.create(settings_class(), SPEC)
    report = model.fit(train, train, RunContext())
    assert (report.steps, report.stop_reason) == (6, "finished")
    fake = model.sample(Conditions(5_000), RunContext(seed=2))
    assert len(fake) == 5_000
    assert np.allclose(fake.points.mean(0), train.points.mean(0), atol=5e-3)
    assert np.allclose(fake.points.std(0), train.points.std(0), rtol=0.05)
    assert (fake.points[:, 2] >= 0).all()
    asked = np.array([0, 3, 6])
    assert model.sample(Conditions(3, multiplicity=asked), RunContext()).multiplicity.tolist() == [0, 3, 6]


def test_an_interrupted_training_goes_on_to_the_same_model(kind, train, tmp_path, monkeypatch):
    model_class, settings_class = kind
    settings = settings_class(clouds_per_step=100)
    whole = model_class.create(settings, SPEC)
    whole.fit(train, train, RunContext(seed=3))
    out = RunContext(seed=3, out=tmp_path)
    stopped, left = model_class.create(settings, SPEC), iter([1.0, 1.0, 0.0])
    with monkeypatch.context() as patch:
        patch.setattr(RunContext, "remaining", lambda _ctx: next(left))
        report = stopped.fit(train, train, out)
    assert (report.steps, report.stop_reason) == (2, "deadline")
    resumed = model_class.create(settings, SPEC)
    resumed.fit(train, train, out)
    assert np.array_equal(resumed.factors, whole.factors)
    log = (tmp_path / "ranks.log").read_text().splitlines()
    assert log == [f"rank {rank}" for rank in range(6)], "a rank was trained twice"


def test_a_saved_model_gives_the_same_clouds(kind, train, tmp_path):
    model_class, settings_class = kind
    model = model_class.create(settings_class(), SPEC)
    model.fit(train, train, RunContext())
    model.save(tmp_path)
    again = model_class.load(tmp_path, "cpu")
    fingerprints = {each.sample(Conditions(50), RunContext(seed=1)).fingerprint() for each in (model, again)}
    assert len(fingerprints) == 1
