"""The weights that are shipped: a refiner with its base."""

import json

import jetgen
import numpy as np
from jetgen.api.pretrained import shipped_weights
from jetgen.data.jets import relative_mass

SHIPPED = shipped_weights("jetgen_tf_gan")


def test_shipped_weights_say_where_they_come_from_and_sample_without_data_or_base():
    assert set(SHIPPED) == {"pythia-top30"}
    folder = SHIPPED["pythia-top30"]
    card = json.loads((folder / "card.json").read_text())
    assert card["base"]["weights"] == "pythia-top30"
    assert {"recipe", "seed", "scores", "judged_on", "provenance"} <= card.keys()
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 5e6
    model = jetgen.generator("tf-gan", weights="pythia-top30")
    assert model.settings.needs() == {}
    jets = model.sample(300, seed=1)
    spec = jetgen.dataset("pythia-top30@tiny").spec
    assert 0.05 < np.median(relative_mass(jets, spec)) < 0.25
