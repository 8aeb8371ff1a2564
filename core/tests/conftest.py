"""Real jets for the tests of core: 2,000 from Pythia and 2,000 from a published generator."""

import json
from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def jet_spec():
    return CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)


@pytest.fixture(scope="session")
def golden_file():
    return GOLDEN / "top30_real_and_fake.npz"


@pytest.fixture(scope="session")
def golden_values():
    return json.loads((GOLDEN / "top30_reference_values.json").read_text())


@pytest.fixture(scope="session")
def golden_jets(golden_file):
    with np.load(golden_file) as arrays:
        return tuple(Clouds.from_padded(arrays[f"points_{name}"], arrays[f"mask_{name}"]) for name in ("real", "fake"))


@pytest.fixture(scope="session")
def real_jets(golden_jets):
    return golden_jets[0]


@pytest.fixture(scope="session")
def fake_jets(golden_jets):
    return golden_jets[1]
