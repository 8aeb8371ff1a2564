"""A folder that jetgen wrote before rqs-flow stood on TorchGenerator; the file of today is written in that form."""

import json

import numpy as np
import pytest
from jetgen import Clouds, Conditions, RunContext
from jetgen.data.jets import jet_spec
from jetgen_rqs_flow.generator import RQSFlow
from jetgen_rqs_flow.settings import RQSFlowSettings
from safetensors.torch import load_file

JETS = jet_spec(5)
FORMER_SETTINGS = {
    *("design", "couplings", "hidden", "blocks", "bins", "tail", "dropout"),
    *("shared_couplings", "shared_hidden", "shared_bins"),
    *("steps", "batch_size", "learning_rate", "warmup", "weight_decay", "ema", "clip", "validate_every"),
}


@pytest.fixture(scope="module")
def jets():
    """Jets of up to five particles."""
    rng = np.random.default_rng(1)
    multiplicity = rng.integers(1, 6, 100)
    total = int(multiplicity.sum())
    angles, momenta = rng.normal(0, 0.1, (total, 2)), rng.gamma(1, 0.1, total) + 1e-3
    return Clouds.from_multiplicities(np.column_stack([angles, momenta]), multiplicity)


def written_as_before(path):
    """What is in ``model.json``, by the former names and in the former places."""
    today = json.loads(path.read_text(encoding="utf-8"))
    settings = {name: today["settings"][name] for name in FORMER_SETTINGS}
    preprocessing = dict(today["preprocessing"])
    return {
        "settings": {**settings, "flips": today["settings"]["mirroring"], "sample_batch": 1024},
        "cloud_spec": today["cloud_spec"],
        "multiplicity": preprocessing.pop("multiplicity")["tables"][""],
        "preprocessing": preprocessing,
    }


@pytest.mark.parametrize(("design", "first"), [("places", "rest.couplings.0."), ("talk", "_transforms.0.")])
def test_a_folder_of_an_older_jetgen_holds_the_same_flow(design, first, jets, tmp_path):
    tiny = {**RQSFlowSettings.presets["tiny"], "design": design, "steps": 2, "mirroring": False}
    flow = RQSFlow.create(RQSFlowSettings(**tiny), JETS)
    flow.fit(jets[:80], jets[80:], RunContext(seed=1))
    flow.save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(written_as_before(path)), encoding="utf-8")
    assert any(name.startswith(first) for name in load_file(tmp_path / "weights.safetensors"))
    again, ctx = RQSFlow.load(tmp_path, "cpu"), RunContext(seed=2)
    assert again.settings.mirroring is False
    np.testing.assert_array_equal(again.log_prob(jets, ctx), flow.log_prob(jets, ctx))
    found, expected = (each.sample(Conditions(20), ctx) for each in (again, flow))
    np.testing.assert_array_equal(found.multiplicity, expected.multiplicity)
    np.testing.assert_array_equal(found.points, expected.points)
