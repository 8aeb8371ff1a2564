"""Weights that are shipped, and weights from a folder."""

import json

import jetgen
import pytest
from jetgen import RunContext
from jetgen.errors import UsageError
from jetgen.physics import jet_spec
from jetgen.shipped import shipped_weights
from jetgen_mdma_gan.generator import MDMAGAN

SHIPPED = sorted(shipped_weights("jetgen_mdma_gan"))


@pytest.fixture
def saved(jets, tmp_path):
    """The folder of a small trained model."""
    model = MDMAGAN.create(jetgen.generator("mdma-gan", preset="tiny", steps=5).settings, jet_spec(30))
    model.fit(jets[:300], jets[300:400], RunContext(seed=1))
    folder = tmp_path / "model"
    folder.mkdir()
    model.save(folder)
    return folder


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_say_where_they_come_from_and_sample_without_data(name):
    folder = shipped_weights("jetgen_mdma_gan")[name]
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["data"]["dataset"] == name
    assert (folder / "weights.safetensors").stat().st_size < 5e6
    assert len(jetgen.generator("mdma-gan", weights=name).sample(50, seed=1)) == 50


def test_what_was_taken_can_be_saved_and_loaded_when_the_folder_is_gone(saved, tmp_path):
    taken = jetgen.generator("mdma-gan", weights=str(saved))
    before = taken.sample(20, seed=1)
    taken.save(tmp_path / "copy")
    saved.rename(tmp_path / "elsewhere")
    assert jetgen.load(tmp_path / "copy").sample(20, seed=1).fingerprint() == before.fingerprint()


def test_weights_that_changed_since_they_were_asked_for_are_refused(saved):
    asked = jetgen.generator("mdma-gan", weights=str(saved))
    with (saved / "weights.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UsageError, match="have changed since they were asked for"):
        asked.sample(5)


def test_unknown_weights_are_refused_with_one_sentence():
    with pytest.raises(UsageError, match=r"the setting weights of mdma-gan .* there are no weights 'top'"):
        jetgen.generator("mdma-gan", weights="top")
