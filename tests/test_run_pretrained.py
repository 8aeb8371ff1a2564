"""Generators that declare SupportsPretrained: the model that the settings name is taken, and nothing is trained."""

from __future__ import annotations

import json

import pytest
from runs import arguments, cell, rows

# Implements the protocol and no more: its fit knows nothing of weights.
READY = """
from pathlib import Path

from jetgen import GeneratorSpec, Settings
from kind_outsider.model import KindGaussian
from kind_outsider.settings import KindGaussianSettings

READY = GeneratorSpec(name="ready", summary="comes trained", target="ready_outsider:Ready",
                      settings="ready_outsider:ReadySettings", kinds=("jets",), capabilities=("SupportsPretrained",))

class ReadySettings(Settings):
    clouds_per_step: int = 100
    step_seconds: float = 0.0
    width: float = 1.0
    folder: str = ""
    presets = {"tiny": {}}

class Ready(KindGaussian):
    @classmethod
    def pretrained(cls, settings):
        return cls.load(Path(settings.folder), "cpu") if settings.folder else None

    @property
    def spec(self):
        return self.cloud_spec

    def fit(self, train, val, ctx):
        if self.settings.folder:
            raise RuntimeError("there was nothing to train")
        return super().fit(train, val, ctx)

    def save(self, folder):
        self.settings = KindGaussianSettings(**self.settings.model_dump(exclude={"folder"}))
        super().save(folder)
"""


@pytest.fixture
def ready(outsiders):
    """The generator above, installed beside the kind outsider."""
    outsiders.install("kind-outsider")
    outsiders.write("ready-outsider", READY, generators={"ready": "READY"})
    return outsiders


def weights(finished_run, tmp_path, **spec):
    """A copy of the trained model of another run, for clouds with another ``spec`` if something is said of it."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in (cell(finished_run, "kind-gaussian") / "model").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    document = json.loads((folder / "gaussians.json").read_text())
    document["cloud_spec"] |= spec
    (folder / "gaussians.json").write_text(json.dumps(document))
    return f'ready.folder="{folder}"'


def test_the_model_that_the_settings_name_is_saved_and_not_trained(ready, finished_run, tmp_path):
    run = tmp_path / "run"
    done = ready.jetbench(*arguments(run, "ready", more=("--set", weights(finished_run, tmp_path))))
    assert done.returncode == 0, done.stderr
    row = rows(run)["ready"]
    assert row["status"] == "ok"
    assert row["cost"]["steps"] == 0
    assert row["cost"]["fit_seconds"] is None
    assert row["cost"]["break_even_clouds"] is None
    results = json.loads((cell(run, "ready") / "stages" / "fit.json").read_text())["results"]
    assert results["stop_reason"] == "pretrained"
    trained = rows(finished_run)["kind-gaussian"]
    assert row["scores"]["w1mult"]["values"] == trained["scores"]["w1mult"]["values"]


def test_settings_that_name_no_model_are_trained(ready, tmp_path):
    run = tmp_path / "run"
    assert ready.jetbench(*arguments(run, "ready")).returncode == 0
    assert rows(run)["ready"]["cost"]["steps"] > 0


def test_a_model_of_other_clouds_is_refused(ready, finished_run, tmp_path):
    run = tmp_path / "run"
    done = ready.jetbench(*arguments(run, "ready", more=("--set", weights(finished_run, tmp_path, max_points=77))))
    assert done.returncode == 1
    row = rows(run)["ready"]
    assert (row["status"], row["phase"], row["error_type"]) == ("failed", "fit", "DataError")
    assert "the weights of ready are for jets of up to 77 points" in row["error"]
