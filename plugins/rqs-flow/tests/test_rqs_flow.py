import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.errors import DataError, TrainingError, UsageError
from jetgen.torch.clouds import generator
from jetgen_rqs_flow.generator import RQSFlow
from jetgen_rqs_flow.places import PlacesFlow
from jetgen_rqs_flow.settings import RQSFlowSettings
from jetgen_rqs_flow.spec import RQS_FLOW
from jetgen_rqs_flow.talk import TalkFlow

FEATURES = (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive"))
JETS = CloudSpec("jets", FEATURES, 30)


def settings(preset="tiny", **values):
    return resolve(RQSFlowSettings, "rqs-flow", preset, [("test", values)]).settings


@pytest.fixture(scope="module")
def clouds():
    """400 top jets of Pythia 8, and with some of them cut short: multiplicities of 30 alone would prove little."""
    stored = np.load(Path(__file__).with_name("top30_sample.npz"))
    mask = stored["mask"].copy()
    cut = np.random.default_rng(1).integers(0, 30, 100)
    mask[:100] &= np.arange(30) < cut[:, None]
    return Clouds.from_padded(stored["points"], mask)


@pytest.fixture(scope="module", params=["places", "talk"])
def trained(request, clouds):
    small = {"design": request.param, "steps": 20}
    flow = RQSFlow.create(settings(**small), JETS)
    report = flow.fit(clouds[:300], clouds[300:], RunContext(seed=1))
    return flow, report


def same(a, b):
    return np.array_equal(a.points, b.points) and np.array_equal(a.offsets, b.offsets)


def test_the_flow_of_the_talk_has_its_number_of_parameters_and_learns(clouds):
    full = settings("full", steps=2)
    flow = RQSFlow.create(full, JETS)
    report = flow.fit(clouds[:64], clouds[64:128], RunContext(seed=1))
    assert report.parameters == 6_255_592
    assert report.steps == 2
    assert len(flow.sample(Conditions(3), RunContext())) == 3


def test_training_raises_the_likelihood(clouds):
    def densities(steps):
        flow = RQSFlow.create(settings(steps=steps), JETS)
        flow.fit(clouds[:300], clouds[300:], RunContext(seed=1))
        return flow.log_prob(clouds[300:], RunContext())

    gain = densities(60) - densities(1)
    gain = gain[np.isfinite(gain)]
    assert len(gain) > 90
    assert gain.mean() > 4 * gain.std() / len(gain) ** 0.5


def test_samples_are_jets_and_the_same_surroundings_give_the_same_ones(trained):
    flow, _ = trained
    jets = flow.sample(Conditions(50), RunContext(seed=3))
    assert len(jets) == 50
    assert np.isfinite(jets.points).all()
    assert (jets.points[:, 2] >= 0).all()
    assert same(jets, flow.sample(Conditions(50), RunContext(seed=3)))
    assert not same(jets, flow.sample(Conditions(50), RunContext(seed=4)))
    assert not same(jets, flow.sample(Conditions(50), RunContext(seed=3).at("draw", 1)))


def test_no_clouds_and_asked_for_multiplicities_are_fine(trained):
    flow, _ = trained
    assert len(flow.sample(Conditions(0), RunContext())) == 0
    counts = np.array([0, 1, 2, 3, 29, 30, 7])
    assert flow.sample(Conditions(7, multiplicity=counts), RunContext()).multiplicity.tolist() == counts.tolist()
    with pytest.raises(DataError, match="multiplicities between 0 and 30"):
        flow.sample(Conditions(1, multiplicity=np.array([31])), RunContext())


def health_in(events):
    (health,) = [event for event in events if event["kind"] == "health"]
    return health


@pytest.mark.parametrize("asked", [False, True], ids=["drawn", "asked"])
def test_a_cloud_is_the_same_whatever_batches_are_computed_and_however_many_clouds(trained, clouds, asked):
    flow, _ = trained

    def sampled(n, batch_points):
        other = RQSFlow.create(flow.settings.model_copy(update={"batch_points": batch_points}), JETS)
        other.preprocessing, other._trained = flow.preprocessing, flow._trained
        multiplicity = clouds.multiplicity[50:90][:n] if asked else None
        return other.sample(Conditions(n, multiplicity=multiplicity), RunContext(seed=3))

    expected = sampled(40, 300)
    for n, batch_points in ((40, 1), (40, 10**6), (7, 300), (7, 10**6), (1, 300)):
        found = sampled(n, batch_points)
        np.testing.assert_array_equal(found.multiplicity, expected[:n].multiplicity)
        np.testing.assert_allclose(found.points, expected[:n].points, rtol=1e-5, atol=1e-5)


def test_health_is_reported(trained):
    events = []
    trained[0].sample(Conditions(40), RunContext(listener=events.append))
    health = health_in(events)
    assert (health["kind"], health["generated"], health["in_float64"]) == ("health", 40, 0)
    assert health["clipped"] >= 0


def test_a_saved_flow_is_the_same_flow(trained, clouds, tmp_path):
    flow, _ = trained
    flow.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"weights.safetensors", "model.json"}
    again = RQSFlow.load(tmp_path, "cpu")
    assert same(flow.sample(Conditions(20), RunContext()), again.sample(Conditions(20), RunContext()))
    ctx = RunContext(seed=2)
    assert np.array_equal(flow.log_prob(clouds[:30], ctx), again.log_prob(clouds[:30], ctx))


def test_the_density_does_not_depend_on_the_order_of_the_points(trained, clouds):
    flow, _ = trained
    jet = clouds[200:201]
    turned = Clouds(jet.points[::-1], jet.offsets)
    assert flow.log_prob(turned, RunContext()) == pytest.approx(flow.log_prob(jet, RunContext()), rel=1e-5)
    assert flow.log_prob(clouds[:0], RunContext()).shape == (0,)


def test_numbers_that_are_not_finite_are_made_again_in_float64(trained, monkeypatch):
    flow, _ = trained
    network = flow.trained()
    spoilt = next(iter(network.parameters()))
    name, calls = ("_decode" if flow.settings.design == "places" else "_inverse"), []
    real = getattr(type(network), name)

    def sometimes_nan(self, noise, *others):
        calls.append(noise.dtype)
        values = real(self, noise, *others)
        if noise.dtype == torch.float32:
            values = values.clone()
            values[3] = float("nan")
        return values

    events = []
    expected = flow.sample(Conditions(10), RunContext())
    monkeypatch.setattr(type(network), name, sometimes_nan)
    jets = flow.sample(Conditions(10), RunContext(listener=events.append))
    assert calls == [torch.float32, torch.float64]
    assert health_in(events)["in_float64"] == 1
    assert np.allclose(jets[3:4].points, expected[3:4].points, atol=1e-3)
    assert spoilt.dtype == torch.float32


def test_nothing_depends_on_the_global_random_state(clouds):
    def train(seed):
        torch.manual_seed(seed)
        flow = RQSFlow.create(settings(steps=3), JETS)
        flow.fit(clouds[:200], clouds[300:], RunContext(seed=1))
        return flow.sample(Conditions(10), RunContext(seed=5))

    assert same(train(1), train(2))


def normal_density(points, mean, scale):
    return (-0.5 * ((points - mean) / scale) ** 2 - np.log(scale * np.sqrt(2 * np.pi))).sum(1)


def test_the_density_of_a_table_is_right_in_the_units_of_its_features():
    rng = np.random.default_rng(1)
    mean, scale = np.array([10.0, -3.0]), np.array([2.0, 0.01])
    rows = mean + scale * rng.normal(size=(4000, 2))
    spec = CloudSpec("table", (Feature("energy", "GeV"), Feature("time", "s")), 1)
    table = Clouds(rows, np.arange(4001))
    flow = RQSFlow.create(settings(steps=200), spec)
    flow.fit(table[:3000], table[3000:3500], RunContext(seed=1))
    found = flow.log_prob(table[3500:], RunContext())
    assert found.mean() == pytest.approx(normal_density(rows[3500:], mean, scale).mean(), abs=0.1)
    sample = flow.sample(Conditions(2000), RunContext()).points
    assert (abs(sample.mean(0) - mean) < 0.25 * scale).all()


def test_the_density_of_jets_holds_the_probability_of_their_multiplicity(clouds):
    flow = RQSFlow.create(settings(steps=5), JETS)
    flow.fit(clouds[:300], clouds[300:], RunContext(seed=1))
    seen = set(clouds[:300].multiplicity.tolist())
    for jet in (clouds[i : i + 1] for i in range(300, 400)):
        density = flow.log_prob(jet, RunContext())[0]
        assert np.isfinite(density) == (int(jet.multiplicity[0]) in seen)


def test_what_it_cannot_learn_is_said_before_training():
    one = Feature("etarel")
    for spec, reason in [
        (CloudSpec("jets", FEATURES, 30, conditioning=(Feature("mass"),)), "conditioning"),
        (CloudSpec("table", (one, Feature("kind", nature="categorical")), 1), "categorical"),
        (CloudSpec("table", (one,), 1), "two numbers"),
    ]:
        assert reason in settings().incompatibility(spec)
    assert settings().incompatibility(JETS) is None
    flow = RQSFlow.create(settings(), JETS)
    with pytest.raises(DataError, match="hold no points"):
        flow.fit(Clouds(np.empty((0, 3)), [0, 0]), Clouds(np.empty((0, 3)), [0, 0]), RunContext())
    with pytest.raises(TrainingError, match="has not been trained"):
        flow.sample(Conditions(1), RunContext())


def test_every_preset_is_there_and_valid_and_a_wrong_setting_gets_a_hint():
    assert list(RQSFlowSettings.presets) == ["tiny", "quick", "standard", "gpu", "full"]
    for preset in RQSFlowSettings.presets:
        assert json.dumps(settings(preset).model_dump(mode="json"))
    with pytest.raises(UsageError, match="did you mean couplings"):
        settings(coupling=3)


def test_spec_and_settings_import_no_torch_and_the_spec_no_numpy():
    code = "import sys, jetgen_rqs_flow.{0}; print([m for m in ('torch', 'numpy', 'pydantic') if m in sys.modules])"
    runs = [
        subprocess.run([sys.executable, "-c", code.format(name)], capture_output=True, text=True, check=True)
        for name in ("spec", "settings")
    ]
    loaded = [run.stdout.strip() for run in runs]
    assert loaded[0] == "[]"
    assert "torch" not in loaded[1]
    assert RQS_FLOW.target == f"{RQSFlow.__module__}:{RQSFlow.__name__}"
    assert RQS_FLOW.settings == f"{RQSFlowSettings.__module__}:{RQSFlowSettings.__name__}"


@pytest.mark.parametrize("design", ["places", "talk"])
def test_an_interrupted_training_goes_on_to_the_same_weights(design, clouds, tmp_path, monkeypatch):
    monkeypatch.setattr(generator, "fit", partial(generator.fit, checkpoint_seconds=0))
    small = settings(design=design, steps=12, dropout=0.1, validate_every=5)

    def train(out):
        flow = RQSFlow.create(small, JETS)
        flow.fit(clouds[:100], clouds[300:], RunContext(seed=1, out=out))
        return flow.trained().state_dict()

    undisturbed, calls = train(tmp_path / "undisturbed"), []
    kind = PlacesFlow if design == "places" else TalkFlow
    real = kind.log_prob

    def interrupted(self, values, multiplicity):
        calls.append(1)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return real(self, values, multiplicity)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "log_prob", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "interrupted")
    resumed = train(tmp_path / "interrupted")
    assert all(torch.equal(resumed[name], tensor) for name, tensor in undisturbed.items())


def test_when_nflows_asserts_while_sampling_the_batch_is_made_in_float64(clouds, monkeypatch):
    flow = RQSFlow.create(settings(design="talk", steps=2), JETS)
    flow.fit(clouds[:100], clouds[300:], RunContext(seed=1))
    kind, events = type(flow.trained()._transforms[0]), []
    real = kind.inverse

    def discriminant_below_zero(self, noise, conditioning):
        assert noise.dtype == torch.float64
        return real(self, noise, conditioning)

    monkeypatch.setattr(kind, "inverse", discriminant_below_zero)
    assert len(flow.sample(Conditions(5), RunContext(listener=events.append))) == 5
    assert health_in(events)["in_float64"] == 5


def test_mirrored_jets_are_as_likely_unless_told_otherwise(clouds):
    mirrored = Clouds(clouds.points * np.float32([-1, 1, 1]), clouds.offsets)[200:220]
    for mirroring in (True, False):
        flow = RQSFlow.create(settings(steps=30, mirroring=mirroring), JETS)
        flow.fit(clouds[:300], clouds[300:], RunContext(seed=1))
        there, here = flow.log_prob(mirrored, RunContext()), flow.log_prob(clouds[200:220], RunContext())
        assert np.allclose(there, here, atol=1e-2) == mirroring
