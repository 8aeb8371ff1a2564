"""The dataset: what it says before any jet exists, its slices, its streams, and its errors."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest
from jetgen.api.context import RunContext
from jetgen.errors import DataError, JetgenError, UsageError
from jetgen.registry import load_target
from jetgen_pythia import specs
from jetgen_pythia.dataset import PythiaJets
from jetgen_pythia.higgs import specs as table_specs
from jetgen_pythia.higgs.recipe import CHANNELS
from jetgen_pythia.processes import shard_size, simulator
from jetgen_pythia.recipe import PARTONS, entropy
from jetgen_pythia.shards import home, shards
from jetgen_pythia.source import hardest

SPLITS = ("train", "val", "test")


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_every_dataset_has_an_entry_point_that_names_it():
    ours = [point for point in entry_points(group="jetgen.datasets") if point.value.startswith("jetgen_pythia.")]
    names = {f"pythia-{what}{particles}" for what in (*PARTONS, "mixed") for particles in (30, 150)}
    names |= {f"pythia-{channel}" for channel in CHANNELS} | {"pythia-tracks"}
    assert {point.name for point in ours} == names
    for point in ours:
        spec = point.load()
        dataset = load_target(spec.target).create("tiny", **spec.options)
        assert spec.name == point.name
        assert spec.kind == dataset.spec.kind
        if spec.kind == "jets":
            assert f"{spec.options.get('parton', 'mixed')}{dataset.spec.max_points}" in spec.name
        assert spec.default_size in spec.sizes
        assert json.dumps(spec.to_json())


def test_the_specs_load_no_numpy_and_a_planner_loads_no_simulator():
    light = "import sys, jetgen_pythia.specs, jetgen_pythia.higgs.specs\n"
    light += "print(sorted({'numpy', 'pydantic'} & set(sys.modules)))"
    plan = """
import json, sys
from jetgen_pythia.dataset import PythiaJets
from jetgen_pythia.higgs import specs as table_specs
from jetgen_pythia.higgs.recipe import CHANNELS
from jetgen_pythia.processes import shard_size, simulator
from jetgen_pythia.higgs.dataset import HiggsTable
from jetgen_pythia.mixture import MixedJets
dataset = PythiaJets.create("full", parton="gluon", particles=150)
mixed = MixedJets.create("full", particles=150)
for one in (dataset, mixed, HiggsTable.create("full", channel="background")):
    one.spec, json.dumps(one.recipe())
print(sorted({"pythia8mc", "fastjet", "awkward", "torch"} & set(sys.modules)))"""
    assert _python(light).strip() == "[]"
    assert _python(plan).strip() == "[]"


def test_the_recipe_follows_what_determines_the_jets():
    recipe = PythiaJets.create("tiny", parton="top", particles=30).recipe()
    assert (recipe["train"], recipe["val"], recipe["test"]) == (400, 100, 400)
    assert recipe["pythia8mc"].startswith("8.317")
    others = [("small", "top", 30), ("tiny", "w", 30), ("tiny", "top", 150)]
    for size, parton, particles in others:
        assert PythiaJets.create(size, parton=parton, particles=particles).recipe() != recipe


def test_sizes_and_particles_share_the_same_files(cache):
    assert shards(home("top"), "top", "test", 400) == shards(home("top"), "top", "test", 10_000)[:4]
    assert home("top").is_relative_to(cache)
    assert home("top") != home("w")


def test_another_version_of_pythia_has_another_folder(cache, monkeypatch):
    before = home("top")
    monkeypatch.setattr("jetgen_pythia.recipe.version", lambda _: "8.999")
    assert home("top") != before


def test_no_two_shards_of_the_largest_size_share_a_seed():
    largest = dict.fromkeys(PARTONS, specs.SIZES["full"]) | dict.fromkeys(CHANNELS, table_specs.SIZES["full"])
    for process, counts in largest.items():
        axes = [
            (process, split, index)
            for split, n in zip(SPLITS, counts, strict=True)
            for index in range(n // shard_size(process))
        ]
        assert len({entropy(*axis)[0] % 900_000_000 for axis in axes}) == len(axes)


def test_the_jets_are_what_the_spec_says(filled, mini):
    dataset = PythiaJets.create("mini", parton="w", particles=30)
    for split, n in zip(SPLITS, mini, strict=True):
        source = dataset.load(split)
        jets = source[:]
        assert len(source) == len(jets) == n
        assert jets.multiplicity.min() >= 5
        assert jets.multiplicity.max() == dataset.spec.max_points
        assert jets.conditioning.shape == (n, 0)
        assert (np.diff(jets.points[:, 2])[jets.ranks[1:] > 0] <= 0).all()
        assert (jets.points[:, 2] > 0).all()


def test_slices_cross_files_and_steps_like_those_of_a_list(filled, mini):
    source = PythiaJets.create("mini", parton="w", particles=30).load("train")
    whole = source[:]
    for key in (slice(0, 7), slice(95, 105), slice(-30, None), slice(None, None, 9), slice(150, 20, -3), slice(9, 3)):
        assert source[key].fingerprint() == whole[np.arange(200)[key]].fingerprint()


def test_30_particles_are_the_leading_ones_of_150(filled, mini):
    few = PythiaJets.create("mini", parton="w", particles=30).load("test")[:]
    many = PythiaJets.create("mini", parton="w", particles=150).load("test")[:]
    assert many.multiplicity.max() > 30
    assert hardest(many, 30).fingerprint() == few.fingerprint()
    np.testing.assert_array_equal(few.multiplicity, np.minimum(many.multiplicity, 30))


def test_no_jet_is_in_two_splits_or_twice_in_one(filled, mini):
    dataset = PythiaJets.create("mini", parton="w", particles=150)
    seen = set()
    for split in SPLITS:
        jets = dataset.load(split)[:]
        seen |= {jets[i : i + 1].points.tobytes() for i in range(len(jets))}
    assert len(seen) == sum(mini)


def test_simulated_jets_are_fresh_exact_in_number_and_cached_nowhere(cache):
    dataset = PythiaJets.create("tiny", parton="z", particles=30)
    first, again, other = dataset.simulate(30, 1), dataset.simulate(30, 1), dataset.simulate(7, 2)
    assert (len(first), len(other), len(dataset.simulate(0, 1))) == (30, 7, 0)
    assert first.fingerprint() == again.fingerprint()
    assert other.points.tobytes() not in first.points.tobytes()
    assert first.multiplicity.max() <= 30
    assert not cache.exists()


def test_jets_that_were_not_prepared_are_one_sentence(cache):
    with pytest.raises(DataError, match=r"4 of 4 files of .*test are missing; make them with jetbench prepare"):
        PythiaJets.create("tiny", parton="top").load("test")


@pytest.mark.parametrize(
    ("size", "options", "sentence"),
    [
        ("smal", {}, "no size 'smal'.*did you mean small"),
        ("tiny", {"parton": "tpo"}, "no parton 'tpo'.*did you mean top"),
        ("tiny", {"particles": 151}, "from 1 to 150 particles"),
    ],
)
def test_what_does_not_exist_is_refused_with_a_suggestion(size, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        PythiaJets.create(size, **options)


def test_a_split_that_does_not_exist_is_refused(filled, mini):
    with pytest.raises(UsageError, match="no split 'dev'"):
        PythiaJets.create("mini", parton="w").load("dev")


def test_a_missing_simulator_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastjet", None)
    monkeypatch.delitem(sys.modules, "jetgen_pythia.clustering", raising=False)
    monkeypatch.delitem(sys.modules, "jetgen_pythia.jets", raising=False)
    monkeypatch.setattr("jetgen_pythia.streams.simulator", simulator.__wrapped__)  # without its memory
    with pytest.raises(JetgenError, match=r"jets cannot be simulated .*fastjet.*pip install"):
        PythiaJets.create("tiny", parton="z").simulate(1, 1)


def test_preparing_what_is_there_only_reports_that_it_is(filled, mini):
    messages = []
    PythiaJets.create("mini", parton="w").prepare(RunContext(threads=2, listener=messages.append))
    assert [(message["kind"], message["done"], message["total"], message["unit"]) for message in messages] == [
        ("progress", 400, 400, "jets")
    ]
