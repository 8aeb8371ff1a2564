"""Trained weights by name, and the settings that ask for them; the package that ships some is made on the spot."""

import re
import sys
from typing import ClassVar

import pytest
from jetgen.api.pretrained import (
    PretrainedSettings,
    asked_weights,
    digest,
    find_weights,
    require_same_clouds,
    shipped_weights,
)
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError, UsageError

PACKAGE = "a_package_with_weights"


class Asking(PretrainedSettings):
    package: ClassVar[str] = PACKAGE


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of a package that ships the weights ``top`` and ``gluon``."""
    root = tmp_path / PACKAGE
    for name in ("top", "gluon"):
        folder = root / "weights" / name
        folder.mkdir(parents=True)
        (folder / "model.json").write_text("{}")
        (folder / "weights.safetensors").write_text(name)
    (root / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    return root


def asking(**values):
    return resolve(Asking, "asking", None, [("test", values)]).settings


def test_weights_are_found_by_name_and_by_folder(home):
    assert list(shipped_weights(PACKAGE)) == ["gluon", "top"]
    assert find_weights(PACKAGE, "top") == home / "weights" / "top"
    assert find_weights(PACKAGE, str(home / "weights" / "gluon")) == home / "weights" / "gluon"


def test_a_package_without_weights_says_so(home):
    for name in ("top", "gluon"):
        (home / "weights" / name / "model.json").unlink()
    with pytest.raises(UsageError, match=re.escape("no weights 'top': none are shipped, or name the folder")):
        find_weights(PACKAGE, "top")


@pytest.mark.usefixtures("home")
def test_unknown_weights_are_refused_with_the_nearest_name():
    sentence = "there are no weights 'tops' (did you mean top?): there are gluon, top"
    with pytest.raises(UsageError, match=re.escape(sentence)):
        find_weights(PACKAGE, "tops")
    with pytest.raises(UsageError, match=f"the setting weights of asking .*{re.escape(sentence)}"):
        asking(weights="tops")


def test_settings_remember_the_weights_that_they_asked_for(home):
    settings = asking(weights="top")
    assert settings.weights_digest == digest(home / "weights" / "top") != digest(home / "weights" / "gluon")
    assert asked_weights(settings) == home / "weights" / "top"
    assert asked_weights(asking()) is None
    (home / "weights" / "top" / "weights.safetensors").write_text("others")
    with pytest.raises(UsageError, match="have changed since they were asked for; ask for them again"):
        asked_weights(settings)


def test_settings_that_were_saved_are_read_when_their_weights_are_gone(home):
    saved = asking(weights=str(home / "weights" / "top")).model_dump()
    (home / "weights" / "top").rename(home / "elsewhere")
    assert Asking.model_validate(saved).weights_digest == saved["weights_digest"]


def test_weights_for_other_clouds_are_refused_with_one_sentence():
    require_same_clouds("top", jet_spec(30), jet_spec(30))
    with pytest.raises(DataError, match=r"the weights top are for jets of up to 30 points \(.*\), not for jets of up"):
        require_same_clouds("top", jet_spec(30), jet_spec(150))
