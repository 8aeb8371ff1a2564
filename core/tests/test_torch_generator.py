"""The base class of torch generators, by the smallest one: a linear map of noise, and the mean of the points."""

import json
import random
from typing import ClassVar

import numpy as np
import pytest
import torch
from fuzzing.damage import BYTES, KINDS
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext, TorchSettings
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError, TrainingError
from jetgen.torch import NoiseShape, TorchGenerator, TrainingPlan
from jetgen.torch.clouds.noise import cloud_noise
from safetensors.torch import save_file

JETS = jet_spec(30)


class AffineSettings(TorchSettings):
    width: int = 4
    presets: ClassVar = {"tiny": {"steps": 20, "warmup": 2, "batch_size": 16}}


class Affine(TorchGenerator):
    settings_class = AffineSettings
    threads = None

    def build(self, features, conditioning, mean_multiplicity):
        return torch.nn.Linear(features + 1 + conditioning, features)

    def noise_shape(self, model):
        return NoiseShape(self.preprocessing.features, cloud=1)

    def loss(self, model, batch, rng):
        self.threads = torch.get_num_threads()
        return (batch.points - model.bias)[batch.mask].square().mean()

    def sample_batch(self, model, noise, mask, conditioning):
        known = torch.cat([noise.cloud, conditioning], 1).unsqueeze(1).expand(-1, mask.shape[1], -1)
        return model(torch.cat([noise.points, known], 2))


def first_jets(model):
    return model.sample(Conditions(20), RunContext(seed=1)).fingerprint()


def affine(**values):
    return Affine.create(AffineSettings(**{**AffineSettings.presets["tiny"], **values}), JETS)


@pytest.fixture(scope="module")
def jets(real_jets):
    return real_jets[:300]


@pytest.fixture(scope="module")
def trained(jets):
    model = affine()
    model.fit(jets[:200], jets[200:], RunContext(seed=1))
    return model


@examples(deadline=None, max_examples=20)
@given(st.integers(1, 5000), st.integers(0, 120))
def test_a_cloud_depends_neither_on_batches_nor_on_how_many_are_asked_for(trained, points, n):
    whole = trained.sample(Conditions(120), RunContext(seed=3))
    before = trained.settings
    trained.settings = before.model_copy(update={"batch_points": points})
    found = trained.sample(Conditions(n), RunContext(seed=3))
    trained.settings = before
    assert found.multiplicity.tolist() == whole.multiplicity[:n].tolist()
    np.testing.assert_allclose(found.points, whole[:n].points, rtol=1e-4, atol=1e-6)


def test_a_request_in_any_chunks_of_noise_gives_the_same_numbers():
    numbers = np.concatenate(list(cloud_noise(50, NoiseShape(3, 2), 4, seed=7)))
    assert numbers.shape == (50, 14)
    assert abs(numbers.mean()) < 5 / np.sqrt(numbers.size)
    few = np.concatenate(list(cloud_noise(9, NoiseShape(3, 2), 4, seed=7)))
    np.testing.assert_array_equal(few, numbers[:9])
    other = np.concatenate(list(cloud_noise(9, NoiseShape(3, 2), 4, seed=8)))
    assert not np.isin(other, few).any()


@pytest.mark.parametrize("threads", [1, 2])
def test_the_threads_of_the_context_are_used_and_those_of_before_are_back_afterwards(jets, threads):
    model, before = affine(steps=2), torch.get_num_threads()
    model.fit(jets[:50], jets[50:60], RunContext(threads=threads))
    assert (model.threads, torch.get_num_threads()) == (threads, before)


def test_a_saved_model_is_the_same_model_and_one_of_older_names_is_too(trained, tmp_path):
    trained.save(tmp_path)
    expected = first_jets(trained)
    assert first_jets(Affine.load(tmp_path, "cpu")) == expected
    path = tmp_path / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["sha256"]  # they had none
    document["representation"], document["typical"] = document.pop("preprocessing"), document.pop("mean_multiplicity")
    document["settings"]["momentum"] = document["settings"].pop("pt_transform")
    document["settings"]["flips"] = document["settings"].pop("mirroring")
    path.write_text(json.dumps(document), encoding="utf-8")
    assert first_jets(Affine.load(tmp_path, "cpu")) == expected


@pytest.mark.parametrize("file", ["model.json", "weights.safetensors"])
def test_a_damaged_model_is_the_same_model_or_refused_with_one_sentence(trained, tmp_path, file):
    expected, sentences = first_jets(trained), []
    for i, change in enumerate([*BYTES.values()] * 5 + [*KINDS.values()]):
        folder = tmp_path / str(i)
        trained.save(folder)
        if i < 5 * len(BYTES):
            data = bytearray((folder / file).read_bytes())
            change(data, random.Random(i))
            (folder / file).write_bytes(data)
        else:
            (folder / file).unlink()
            change(folder / file)
        try:
            assert first_jets(Affine.load(folder, "cpu")) == expected
        except DataError as error:
            sentences.append(str(error))
    assert len(sentences) > 50
    assert all(sentence.startswith(str(tmp_path)) and sentence.isprintable() for sentence in sentences)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda document: document.pop("preprocessing"), "the saved model is truncated or damaged (KeyError"),
        (lambda document: document.update(mean_multiplicity=[]), "the saved model is truncated or damaged"),
        (lambda document: document["settings"].update(width="x"), "the saved model is truncated or damaged"),
        (lambda document: document["cloud_spec"].update(max_points=None), "at most None points cannot be"),
    ],
)
def test_a_model_of_before_checksums_is_refused_with_one_sentence_too(trained, tmp_path, change, sentence):
    trained.save(tmp_path)
    path = tmp_path / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["sha256"]
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Affine.load(tmp_path, "cpu")
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("value", "sentence"), [(torch.nan, "are not finite"), (3, "are torch.int64")])
def test_weights_of_before_checksums_that_are_no_finite_numbers_are_refused(trained, tmp_path, value, sentence):
    trained.save(tmp_path)
    path = tmp_path / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["sha256"]
    path.write_text(json.dumps(document), encoding="utf-8")
    shapes = {name: tensor.shape for name, tensor in trained.trained().state_dict().items()}
    save_file({name: torch.full(shape, value) for name, shape in shapes.items()}, tmp_path / "weights.safetensors")
    with pytest.raises(DataError, match=sentence):
        Affine.load(tmp_path, "cpu")


def test_what_was_not_trained_is_refused_with_one_sentence(tmp_path):
    for use in (lambda one: one.sample(Conditions(1), RunContext()), lambda one: one.save(tmp_path)):
        with pytest.raises(TrainingError, match=r"^the model has not been trained; fit it first, or load a saved one$"):
            use(affine())


def test_clouds_without_points_are_nothing_to_learn_and_none_are_sampled_of_them(jets):
    with pytest.raises(DataError, match=r"^the 3 training clouds hold no points: there is nothing to learn$"):
        affine().fit(Clouds(np.empty((0, 3), np.float32), [0, 0, 0, 0]), jets, RunContext())


def test_nothing_asked_for_is_nothing_of_the_right_width(trained):
    none = trained.sample(Conditions(0), RunContext())
    assert (len(none), none.points.shape, none.points.dtype) == (0, (0, 3), np.float32)
    bare = trained.sample(Conditions(3, multiplicity=np.zeros(3, np.int64)), RunContext())
    assert bare.multiplicity.tolist() == [0, 0, 0]


def test_a_plan_may_train_parts_in_phases_of_their_own(jets):
    class Halves(Affine):
        def build(self, features, conditioning, mean_multiplicity):
            return torch.nn.ModuleDict({"first": torch.nn.Linear(1, 3), "second": torch.nn.Linear(1, 3)})

        def loss(self, model, batch, rng):
            return (batch.points - model["first"].bias - model["second"].bias)[batch.mask].square().mean()

        def plan(self, model, data):
            parts = dict(model.items())
            return TrainingPlan(parts, data.rows, [self.phase(name, model, data) for name in parts])

    model = Halves.create(AffineSettings(steps=5, batch_size=16), JETS)
    report = model.fit(jets[:50], jets[50:80], RunContext(seed=1))
    assert report.steps == 10
    assert {"first/loss/first", "second/loss/second", "first/validation"} <= report.history.keys()


def test_a_generator_without_a_loss_says_so(jets):
    class Speechless(Affine):
        loss = TorchGenerator.loss

    with pytest.raises(TypeError, match="Speechless has neither a loss nor a plan of its own"):
        Speechless.create(AffineSettings(steps=1), JETS).fit(jets[:50], jets[50:60], RunContext())


def test_presets_that_are_not_given_scale_the_defaults():
    presets = AffineSettings.presets
    assert set(presets) == {"tiny", "quick", "standard", "gpu", "full"}
    assert presets["quick"] == {}
    assert presets["standard"]["steps"] == 7 * AffineSettings().steps < presets["full"]["steps"]
    assert presets["gpu"]["batch_size"] > AffineSettings().batch_size


def test_what_preprocessing_cannot_express_is_incompatible():
    typed = CloudSpec("jets", (*JETS.features, Feature("pdg", nature="categorical")), 30)
    answering = CloudSpec("jets", JETS.features, 30, given=JETS)
    assert AffineSettings().incompatibility(JETS) is None
    assert "categorical" in AffineSettings().incompatibility(typed)
    assert "conditioning cloud" in AffineSettings().incompatibility(answering)
