"""A trained model goes to a folder and back, and is the same handle again."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from given_jets import GivenJets
from jetgen import Clouds, load
from jetgen.data.jets import jet_spec as spec_of_jets
from jetgen.errors import DataError, JetgenError, PluginError, UsageError
from jetgen.notebook import DatasetHandle, generator

SPEC = spec_of_jets(30)


def test_a_loaded_model_samples_the_same_and_can_be_saved_and_trained_again(tmp_path, jet_spec, real_jets):
    data = DatasetHandle("golden", GivenJets(jet_spec, real_jets))
    model = generator("independence", preset="tiny")
    model.fit(data)
    model.save(tmp_path / "first")
    again = load(tmp_path / "first")
    assert again.name == "independence"
    assert again.settings == model.settings
    assert again.sample(50, seed=1).fingerprint() == model.sample(50, seed=1).fingerprint()
    again.save(tmp_path / "second")
    assert load(tmp_path / "second").sample(50, seed=1).fingerprint() == model.sample(50, seed=1).fingerprint()
    assert again.fit(data).stop_reason == "finished"


@pytest.fixture(scope="module")
def trained():
    """A trained model that tests may save but not train again."""
    model = generator("independence", preset="tiny")
    with np.load(Path(__file__).parent / "golden" / "top30_real_and_fake.npz") as arrays:
        jets = Clouds.from_padded(arrays["points_real"], arrays["mask_real"])[:200]
    model.fit(DatasetHandle("golden", GivenJets(SPEC, jets)))
    return model


def test_what_a_generator_needs_is_trained_first_or_given(trained, jet_spec, real_jets):
    pytest.importorskip("torch")
    data = DatasetHandle("golden", GivenJets(jet_spec, real_jets[:200]))
    weights = generator("weights", preset="tiny")
    weights.fit(data, seed=3)
    assert weights.sample(20).weights is not None
    weights.fit(data, seed=3, upstream={"base": trained})
    assert weights.sample(20).weights is not None
    with pytest.raises(UsageError, match=r"weights needs no model called 'bass' \(did you mean base\?\)"):
        weights.fit(data, upstream={"bass": trained})


def everything(folder):
    """All that is below a folder, with the bytes of the files."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["results", "results/..", "results/inner/..", ".", "link"])
def test_a_folder_with_a_users_files_is_never_touched(trained, tmp_path, monkeypatch, name):
    (tmp_path / "results" / "inner").mkdir(parents=True)
    (tmp_path / "results" / "inner" / "notes.txt").write_text("mine")
    (tmp_path / "results.part").mkdir()
    (tmp_path / "results.part" / "other.txt").write_text("mine, too")
    (tmp_path / "link").symlink_to("results")
    monkeypatch.chdir(tmp_path)
    before = everything(tmp_path)
    with pytest.raises(UsageError, match="is left as it is: choose a new folder"):
        trained.save(name)
    assert everything(tmp_path) == before


def test_a_file_is_not_replaced_by_a_model(trained, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file; name a folder"):
        trained.save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_used_and_a_model_folder_is_replaced_unless_somebody_put_a_file_into_it(trained, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    trained.save(folder)
    (folder / "model.json").unlink(missing_ok=True)
    trained.save(folder)
    assert load(folder).sample(20, seed=1).fingerprint() == trained.sample(20, seed=1).fingerprint()
    (folder / "my notes.txt").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(UsageError, match=r"also holds my notes\.txt, which is not of the model"):
        trained.save(folder)
    assert everything(tmp_path) == before


def test_a_model_that_cannot_be_written_leaves_the_one_before_and_nothing_beside_it(trained, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    trained.save(folder)
    before = everything(tmp_path)
    real = Path.rename

    def failing(self, target):
        if self.suffix == ".part":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(JetgenError, match=r"model cannot be written: no space is left; free some"):
        trained.save(folder)
    assert everything(tmp_path) == before


def test_a_card_names_a_registered_generator_and_imports_nothing_else(trained, tmp_path, monkeypatch):
    trained.save(tmp_path / "model")
    code = tmp_path / "model" / "evil_code.py"
    code.write_text("raise SystemExit('the code of the folder was run')\n")
    monkeypatch.chdir(tmp_path / "model")
    monkeypatch.syspath_prepend("")
    path = tmp_path / "model" / "generator.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps({**card, "seed": 7}))
    with pytest.raises(DataError, match=r"generator.json is missing or damaged \(it is not as it was saved"):
        load(tmp_path / "model")
    del card["sha256"]  # as an older jetgen wrote it
    evil = {"target": "evil_code:Model", "settings_target": "evil_code:Settings"}
    path.write_text(json.dumps({**card, **evil, "generator": {**card["generator"], **evil}}))
    assert load(tmp_path / "model").sample(20, seed=1).fingerprint() == trained.sample(20, seed=1).fingerprint()
    for name in ("evil_code", "evil_code:Model", "../model"):
        path.write_text(json.dumps({**card, "generator": {**card["generator"], "name": name}}))
        with pytest.raises(PluginError, match=r"is of the generator .* of jetgen, which is not installed"):
            load(tmp_path / "model")
    assert "evil_code" not in sys.modules


def test_a_model_of_an_earlier_jetgen_loads_by_the_name_of_its_generator(trained, tmp_path):
    trained.save(tmp_path / "model")
    path = tmp_path / "model" / "generator.json"
    card = json.loads(path.read_text())
    old = {key: card["generator"][key] for key in ("name", "settings")}
    path.write_text(json.dumps({"cloud_spec": card["cloud_spec"], "target": "gone:Class", "generator": old}))
    again = load(tmp_path / "model")
    assert again.sample(20, seed=1).fingerprint() == trained.sample(20, seed=1).fingerprint()
    again.save(tmp_path / "model")


def test_an_untrained_model_and_a_folder_without_one_are_refused(tmp_path):
    with pytest.raises(UsageError, match="has not been trained"):
        generator("independence").sample(1)
    with pytest.raises(DataError, match="is not the folder of a saved model"):
        load(tmp_path)
