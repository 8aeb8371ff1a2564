"""The Fréchet ParticleNet distance: against jetnet's own values, and as a function of sets."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError, PluginError
from jetgen_jetnet import resources
from jetgen_jetnet.fpnd import FrechetToJetNet, FrechetToTruth, normalised
from jetgen_jetnet.resources import read_statistics, read_weights


@pytest.fixture(scope="module")
def metric(jet_spec):
    return FrechetToTruth.create(jet_spec)


@pytest.fixture(scope="module")
def activations(golden_jets, metric):
    return tuple(metric.featurise(jets, MetricContext(threads=2)) for jets in golden_jets)


def test_fpnd_of_generated_and_of_true_jets_is_that_of_jetnet(activations, golden_values, jet_spec):
    for found, name in zip(activations, ("fpnd_of_real", "fpnd"), strict=True):
        values = FrechetToJetNet.create(jet_spec).compare(found, found, MetricContext()).named("fpnd_jetnet")
        assert list(values) == ["fpnd_jetnet", "fpnd_jetnet_gluon", "fpnd_jetnet_quark", "fpnd_jetnet_top"]
        assert values["fpnd_jetnet_top"] == pytest.approx(golden_values[name], rel=1e-4)
        assert values["fpnd_jetnet"] == values["fpnd_jetnet_top"]


def test_fpnd_jetnet_looks_at_the_generated_jets_alone(golden_jets, jet_spec):
    real, fake = golden_jets
    metric = FrechetToJetNet.create(jet_spec)
    assert metric.compute(real[:20], fake[:50], MetricContext()) == metric.compute(fake, fake[:50], MetricContext())


def test_two_halves_of_the_truth_are_nearer_than_generated_jets(activations, metric):
    real, fake = activations
    closure = metric.compare(real[:1000], real[1000:], MetricContext())
    made = metric.compare(real[:1000], fake[1000:], MetricContext())
    assert made.components == {}
    assert 0 < closure.value < made.value / 2


def test_equal_samples_have_no_distance(activations, metric):
    assert metric.compare(activations[0], activations[0], MetricContext()).value == pytest.approx(0, abs=1e-6)


def test_the_order_of_particles_changes_nothing(golden_jets, activations, metric):
    jets = golden_jets[0][:40]
    order = np.lexsort([np.random.default_rng(0).random(len(jets.points)), jets.rows])
    shuffled = Clouds(jets.points[order], jets.offsets)
    np.testing.assert_allclose(metric.featurise(shuffled, MetricContext()), activations[0][:40], atol=1e-5)


def test_a_jet_is_measured_alike_in_any_company(golden_jets, activations, metric):
    alone = metric.featurise(golden_jets[1][7:8], MetricContext())
    np.testing.assert_allclose(alone, activations[1][7:8], atol=1e-5)


def test_the_number_of_threads_changes_no_digit_and_is_put_back(golden_jets, activations, metric):
    before = torch.get_num_threads()
    found = metric.featurise(golden_jets[1][:100], MetricContext(threads=3))
    np.testing.assert_array_equal(found[:96], activations[1][:96])  # whole batches
    assert torch.get_num_threads() == before


def test_progress_is_reported(golden_jets, metric):
    events = []
    metric.featurise(golden_jets[0][:3], MetricContext(listener=events.append))
    assert [(event["done"], event["total"], event["unit"]) for event in events] == [(3, 3, "jets")]


def test_the_30_leading_particles_of_larger_jets_count(golden_jets, activations, metric, jet_spec):
    jets = golden_jets[0][:20]
    soft = np.tile(np.float32([0.5, -0.5, 1e-6]), (20 * 5, 1))
    rows = np.concatenate([np.repeat(np.arange(20), 5), jets.rows])
    order = np.argsort(rows, kind="stable")
    larger = Clouds(np.concatenate([soft, jets.points])[order], jets.offsets + 5 * np.arange(21))
    full = jets.multiplicity == 30
    assert 0 < full.sum() < 20
    found = metric.featurise(larger, MetricContext())
    np.testing.assert_allclose(found[full], activations[0][:20][full], atol=1e-5)
    assert (np.abs(found - activations[0][:20]).max(1)[~full] > 1e-3).all()


def test_empty_places_are_particles_without_momentum_on_the_axis(jet_spec, metric):
    one = Clouds([[0.1, 0.2, 0.8]], [0, 1])
    padded = Clouds(np.concatenate([one.points, np.zeros((29, 3), np.float32)]), [0, 30])
    np.testing.assert_array_equal(normalised(one, jet_spec), normalised(padded, jet_spec))
    expected = np.array([0.1 / 1.6211985, 0.2 / 0.5207249, 0.8 / 0.8934717 - 0.5])
    np.testing.assert_allclose(normalised(one, jet_spec)[0, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(normalised(one, jet_spec)[0, 1:], np.tile(np.float32([0, 0, -0.5]), (29, 1)))


def test_empty_jets_and_negative_momenta_are_measured(metric):
    odd = Clouds([[0.1, 0.0, -0.2], [0.0, 0.0, 0.0]], [0, 0, 2, 2])
    found = metric.featurise(odd, MetricContext())
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[0], found[2])
    assert np.abs(found[1] - found[0]).max() > 1e-3
    assert np.isfinite(metric.compare(found, found, MetricContext()).value)


def test_features_are_taken_by_name(golden_jets, activations):
    jets = golden_jets[0][:10]
    turned = Clouds(np.concatenate([jets.points[:, ::-1], jets.points[:, :1]], 1), jets.offsets)
    spec = CloudSpec("jets", (Feature("ptrel"), Feature("phirel"), Feature("etarel"), Feature("charge")), 30)
    found = FrechetToTruth.create(spec).featurise(turned, MetricContext())
    np.testing.assert_allclose(found, activations[0][:10], atol=1e-5)


def test_one_jet_has_no_distance(golden_jets, metric):
    with pytest.raises(DataError, match="needs 2 jets or more on either side, not 1"):
        metric.compute(golden_jets[0][:1], golden_jets[1][:5], MetricContext())


def test_the_network_has_the_shape_of_particlenet():
    weights = read_weights()
    shapes = [[layer.weight.shape for layer in block] for block in weights.blocks]
    assert shapes == [[(64, 6), (64, 64), (64, 64)], [(128, 134), *[(128, 128)] * 2], [(256, 390), *[(256, 256)] * 2]]
    assert weights.dense.weight.shape == (256, 451)
    layers = [layer for block in weights.blocks for layer in block] + [weights.dense]
    assert all(np.isfinite(array).all() and 1e-3 < np.abs(array).max() < 30 for layer in layers for array in layer)


def test_the_statistics_are_those_of_a_gaussian():
    for name in resources.CLASSES:
        mean, covariance = read_statistics(name)
        assert mean.shape == (256,)
        np.testing.assert_allclose(covariance, covariance.T, atol=1e-12)
        assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_without_jetnet_the_user_is_told_what_to_install(monkeypatch):
    def missing(name: str):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(resources, "distribution", missing)
    with pytest.raises(PluginError, match=r"jetnet, which is not installed; run: pip install .*jetnet==0\.2\.5$"):
        read_weights()


@pytest.mark.parametrize("name", ["pnet_state_dict.pt", "q_sigma.txt"])
def test_a_file_that_is_not_that_of_jetnet_is_refused(tmp_path, monkeypatch, name):
    class Moved:
        def locate_file(self, path: str) -> Path:
            return tmp_path / Path(path).name

    original = Path(str(distribution("jetnet").locate_file(f"{resources._FOLDER}/{name}")))
    shutil.copy(original, tmp_path / name)
    monkeypatch.setattr(resources, "distribution", lambda _: Moved())
    read = read_weights if name.endswith(".pt") else lambda: resources._table(name)
    read()
    (tmp_path / name).write_bytes(original.read_bytes()[:-1] + b"?")
    with pytest.raises(PluginError, match=rf"{name} is not the file of jetnet 0\.2\.5: its SHA-256 is"):
        read()
    (tmp_path / name).unlink()
    with pytest.raises(PluginError, match=rf"FPND needs {name} of the distribution jetnet, but .* cannot be read"):
        read()
