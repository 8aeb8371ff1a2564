"""The weights that are shipped; what is done with weights is core's, and tested in mdma-flowmatch."""

import json

import jetgen
import pytest
import torch
from jetgen.api.pretrained import shipped_weights
from jetgen.data.jets import jet_spec
from jetgen.errors import UsageError
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance
from jetgen_mdma_gan.generator import MDMAGAN
from safetensors.torch import load_file

SHIPPED = shipped_weights("jetgen_mdma_gan")


def test_shipped_weights_say_where_they_come_from_and_sample_without_data():
    assert "pythia-top30" in SHIPPED
    for name, folder in SHIPPED.items():
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        assert card["data"]["dataset"] == name
        assert card["scores"]["w1m"]["floor"] > 0
        assert (folder / "weights.safetensors").stat().st_size < 5e6
        assert len(jetgen.generator("mdma-gan", weights=name).sample(50, seed=1)) == 50


@pytest.mark.parametrize("folder", SHIPPED.values(), ids=SHIPPED)
def test_shipped_weights_load_although_their_files_hold_former_names(folder):
    stored = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    tensors, former = load_file(folder / "weights.safetensors"), stored["settings"]
    model = MDMAGAN.load(folder, "cpu")
    found, points = model.settings, model.trained().points
    assert found.conditioning_width == former["inner_context"]
    assert (found.pt_transform, found.mirroring) == (former["momentum"], former["flips"])
    assert points.sizes.mean == stored["typical"]
    assert torch.equal(points.condition.weight, tensors.pop("points.steer.weight"))
    assert torch.equal(points.conditioning[0].weight, tensors.pop("points.context.0.weight"))
    assert len(model.trained().state_dict()) == len(tensors) + 2


def test_shipped_adversarial_jets_are_almost_as_near_to_true_ones_as_these_to_each_other(jets):
    fake = jetgen.generator("mdma-gan", weights="pythia-top30").sample(2000, seed=1)
    # The golden jets are few, and their mean mass is low by more than two standard errors.
    for metric, most in ((MassDistance, 4), (FeatureDistance, 3)):
        judge, context = metric.create(jet_spec(30)), jetgen.MetricContext()
        floor = judge.compute(jets[:1000], jets[1000:], context).value
        assert judge.compute(jets, fake, context).value < most * floor


def test_unknown_weights_are_refused_with_one_sentence():
    with pytest.raises(UsageError, match=r"the setting weights of mdma-gan .* there are no weights 'top'"):
        jetgen.generator("mdma-gan", weights="top")
