"""A trained model goes to a folder and back, and is the same handle again."""

import pytest
from jetgen import load
from jetgen.errors import DataError, UsageError
from jetgen.notebook import DatasetHandle, generator


class Jets:
    """Golden jets as a dataset that needs no preparation."""

    def __init__(self, spec, jets):
        self.spec, self._jets = spec, jets

    def prepare(self, ctx):
        pass

    def load(self, split):
        return self._jets


def test_a_loaded_model_samples_the_same_and_can_be_saved_and_trained_again(tmp_path, jet_spec, real_jets):
    data = DatasetHandle("golden", Jets(jet_spec, real_jets))
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


def test_an_untrained_model_and_a_folder_without_one_are_refused(tmp_path):
    with pytest.raises(UsageError, match="has not been trained"):
        generator("independence").sample(1)
    with pytest.raises(DataError, match="is not the folder of a saved model"):
        load(tmp_path)
