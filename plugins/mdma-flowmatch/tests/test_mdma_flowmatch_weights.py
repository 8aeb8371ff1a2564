"""The weights that are shipped, and weights from a folder."""

import json
import re

import jetgen
import numpy as np
import pytest
import torch
from jetgen import RunContext
from jetgen.api.pretrained import find_weights, shipped_weights
from jetgen.data.jets import jet_spec, relative_pt
from jetgen.errors import UsageError
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance
from jetgen_mdma_flowmatch.generator import MDMAFlowMatch
from safetensors.torch import load_file

PACKAGE = "jetgen_mdma_flowmatch"
SHIPPED = sorted(shipped_weights(PACKAGE))


@pytest.fixture
def saved(jets, tmp_path):
    """The folder of a small trained model."""
    small = jetgen.generator("mdma-flowmatch", preset="tiny", steps=5, summary_steps=5).settings
    model = MDMAFlowMatch.create(small, jet_spec(30))
    model.fit(jets[:300], jets[300:400], RunContext(seed=1))
    folder = tmp_path / "model"
    folder.mkdir()
    model.save(folder)
    return folder


def test_top_jets_of_both_sizes_are_shipped():
    assert {"pythia-top30", "pythia-top150"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_small_and_say_where_they_come_from(name):
    folder = shipped_weights(PACKAGE)[name]
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["data"]["dataset"] == name
    assert card["seed"] >= 0
    assert card["recipe"]["settings"]["steps"] > 0
    assert card["training"]["fit_seconds"] > 0
    for score in ("w1m", "w1p", "w1efp"):
        assert card["scores"][score]["floor"] > 0
    assert (folder / "weights.safetensors").stat().st_size < 5e6


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_sample_without_data_or_training(name):
    model = jetgen.generator("mdma-flowmatch", weights=name)
    clouds = model.sample(50, seed=1)
    assert len(clouds) == 50
    assert clouds.multiplicity.max() <= int(name.removeprefix("pythia-top"))
    assert clouds.points[:, 2].min() >= 0


def test_shipped_jets_of_150_particles_have_the_momentum_of_true_ones():
    jets = jetgen.generator("mdma-flowmatch", weights="pythia-top150", nfe=4).sample(200, seed=1)
    pt = relative_pt(jets, jet_spec(150))
    # Of 10,000 true ones: spread 0.0002, median 0.9998.
    assert np.median(pt) == pytest.approx(0.9998, abs=1e-4)
    assert pt.std() < 5e-4


def test_shipped_weights_load_although_their_files_hold_former_names():
    folder = shipped_weights(PACKAGE)["pythia-top30"]
    stored = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    tensors, former = load_file(folder / "weights.safetensors"), stored["settings"]
    model = MDMAFlowMatch.load(folder, "cpu")
    found, network = model.settings, model.trained().points.network
    assert (found.conditioning_width, found.condition_on_size) == (former["inner_context"], former["told_size"])
    assert (found.pt_transform, found.mirroring) == (former["momentum"], former["flips"])
    assert found.summary_momentum == "scalar", "they were trained when there was no other"
    assert network.mean_multiplicity == stored["typical"]
    assert torch.equal(network.condition.weight, tensors.pop("points.network.steer.weight"))
    assert torch.equal(network.conditioning[0].weight, tensors.pop("points.network.context.0.weight"))
    assert len(model.trained().state_dict()) == len(tensors) + 2


def test_shipped_top_jets_are_almost_as_near_to_true_ones_as_these_to_each_other(jets):
    fake = jetgen.generator("mdma-flowmatch", weights="pythia-top30").sample(2000, seed=1)
    # The golden jets are few, and their mean mass is low by more than two standard errors.
    for metric, most in ((MassDistance, 4), (FeatureDistance, 2)):
        judge, context = metric.create(jet_spec(30)), jetgen.MetricContext()
        floor = judge.compute(jets[:1000], jets[1000:], context).value
        assert judge.compute(jets, fake, context).value < most * floor


def test_a_saved_model_samples_with_other_settings_of_the_solver(saved):
    few, many = (jetgen.generator("mdma-flowmatch", weights=str(saved), solver="euler", nfe=nfe) for nfe in (1, 4))
    assert not np.array_equal(few.sample(20, seed=1).points, many.sample(20, seed=1).points)
    assert few.sample(20, seed=1).fingerprint() == few.sample(20, seed=1).fingerprint()


def test_what_was_taken_can_be_saved_and_loaded_when_the_folder_is_gone(saved, tmp_path):
    taken = jetgen.generator("mdma-flowmatch", weights=str(saved), nfe=2, solver="euler")
    before = taken.sample(20, seed=1)
    taken.save(tmp_path / "copy")
    saved.rename(tmp_path / "elsewhere")
    assert jetgen.load(tmp_path / "copy").sample(20, seed=1).fingerprint() == before.fingerprint()


def test_weights_that_changed_since_they_were_asked_for_are_refused(saved):
    asked = jetgen.generator("mdma-flowmatch", weights=str(saved))
    with (saved / "weights.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UsageError, match="have changed since they were asked for"):
        asked.sample(5)


def test_unknown_weights_are_refused_with_the_nearest_name():
    sentence = "there are no weights 'pythia-top3' (did you mean pythia-top30?)"
    with pytest.raises(UsageError, match=re.escape(sentence)):
        find_weights(PACKAGE, "pythia-top3")
    with pytest.raises(UsageError, match=f"the setting weights of mdma-flowmatch .*{re.escape(sentence)}"):
        jetgen.generator("mdma-flowmatch", weights="pythia-top3")
