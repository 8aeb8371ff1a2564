"""The datasets: what they say before any file exists, their splits and sizes, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points

import h5py
import numpy as np
import pytest
from jetgen.api.context import RunContext
from jetgen.datasets.file_dataset import FileDataset
from jetgen.errors import DataError, UsageError
from jetgen.registry import load_target
from jetgen_jetnet import specs
from jetgen_jetnet.dataset import JetNetJets
from jetgen_jetnet.published import PublishedFile

SPLITS = ("train", "val", "test")
ENOUGH = 2_700  # jets: the beginning of each split has the size `tiny`


@pytest.fixture
def ready(own, write_jets):
    """`jetnet-top30@tiny` on a file that stands in for the published one."""
    path = write_jets(own / "t.hdf5", ENOUGH)
    return JetNetJets.create("tiny", jet="top", particles=30), path


@pytest.fixture
def published(own, write_jets, monkeypatch):
    """The same, where the file has as many jets as the published one."""
    monkeypatch.setitem(specs.JETS, "top", ENOUGH)
    return JetNetJets.create("tiny", jet="top", particles=30), write_jets(own / "t.hdf5", ENOUGH)


def test_every_name_has_an_entry_point_that_leads_to_its_class():
    ours = {point.name: point.load() for group in ("datasets", "metrics") for point in _ours(f"jetgen.{group}")}
    names = {f"jetnet-{jet}{particles}" for jet in specs.JETS for particles in (30, 150)}
    assert set(ours) == names | {"fpnd_jetnet", "fpnd_truth"}
    for name, spec in ours.items():
        assert spec.name == name
        assert json.dumps(spec.to_json())
        assert callable(load_target(spec.target).create)
    for name in names:
        made = JetNetJets.create("full", **ours[name].options)
        assert f"{ours[name].options['jet']}{made.spec.max_points}" in name


def _ours(group):
    return [point for point in entry_points(group=group) if point.value.startswith("jetgen_jetnet.")]


def test_the_specs_load_no_numpy_and_a_planner_loads_no_torch_and_no_downloader():
    light = "import sys, jetgen_jetnet.specs; print(sorted({'numpy', 'pydantic'} & set(sys.modules)))"
    plan = """
import json, sys
from jetgen_jetnet.dataset import JetNetJets
dataset = JetNetJets.create("full", jet="gluon", particles=150)
dataset.spec, json.dumps(dataset.recipe())
import jetgen_jetnet.fpnd
print(sorted({"torch", "pooch", "requests"} & set(sys.modules)))"""
    for code in (light, plan):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("jets", specs.JETS.values())
def test_the_sizes_of_full_are_those_of_the_split_of_the_published_file(jets):
    first, second = (np.cumsum([0.70, 0.15]) * jets).astype(int).tolist()
    assert specs.sizes(jets)["full"] == (first, second - first, jets - second)


def test_the_recipe_is_known_before_any_file_exists(cache):
    recipe = JetNetJets.create("small", jet="top", particles=30).recipe()
    assert (recipe["zenodo"], recipe["file"], recipe["train"]) == (6975118, "t.hdf5", 12_000)
    for size, jet, particles in (("tiny", "top", 30), ("small", "w", 30), ("small", "top", 150)):
        assert JetNetJets.create(size, jet=jet, particles=particles).recipe() != recipe
    assert JetNetJets.create("small", jet="z", particles=150).recipe()["file"] == "z150.hdf5"
    assert not cache.exists()


def test_the_jets_are_the_beginnings_of_the_splits_of_the_file(ready):
    dataset, path = ready
    dataset.prepare(RunContext())
    whole = FileDataset(path)
    for split, n in zip(SPLITS, specs.sizes(specs.JETS["top"])["tiny"], strict=True):
        jets = dataset.load(split)[:]
        assert len(dataset.load(split)) == len(jets) == n
        assert jets.fingerprint() == whole.load(split)[:n].fingerprint()
    momenta = [dataset.load(split)[:].points[:, 2] for split in SPLITS]
    assert not set(momenta[0]) & set(momenta[1]) | set(momenta[1]) & set(momenta[2])


def test_slices_are_those_of_a_list(ready):
    source = ready[0].load("val")
    whole = source[:]
    for key in (slice(0, 7), slice(-30, None), slice(None, None, 9), slice(50, 20, -3), slice(None, None, -1)):
        assert source[key].fingerprint() == whole[np.arange(100)[key]].fingerprint()
    assert len(source[90:300]) == 10
    assert len(source[9:3]) == 0


def test_150_particles_come_from_the_other_file(own, write_jets):
    write_jets(own / "w150.hdf5", ENOUGH, 150)
    dataset = JetNetJets.create("tiny", jet="w", particles=150)
    dataset.prepare(RunContext())
    assert dataset.load("test")[:].multiplicity.max() > 30


def test_a_file_with_another_number_of_jets_has_a_recipe_of_its_own(ready, own, write_jets):
    dataset, path = ready
    first = dataset.recipe()
    write_jets(path, ENOUGH + 1)
    assert len({first["sha256"], dataset.recipe()["sha256"]}) == 2
    path.unlink()
    assert "sha256" not in dataset.recipe()


def test_the_published_file_is_remembered_and_another_is_refused(published, cache):
    dataset, path = published
    before = dataset.recipe()
    dataset.prepare(RunContext())
    dataset.prepare(RunContext())
    assert dataset.recipe() == before
    assert "sha256" not in before
    with h5py.File(path, "r+") as file:
        file["particle_features"][0, 0, 0] += 0.1
    with pytest.raises(DataError, match=r"t\.hdf5 is not the t\.hdf5 that was used before \(MD5 .*to accept this one$"):
        dataset.prepare(RunContext())
    (cache / "jetnet" / "t.hdf5.md5").unlink()
    dataset.prepare(RunContext())


def test_preparing_touches_no_network_and_reports_progress(ready, monkeypatch):
    monkeypatch.setitem(sys.modules, "jetgen_jetnet.fetching", None)  # importing it would fail
    events = []
    ready[0].prepare(RunContext(listener=events.append))
    assert events[-1]["done"] == events[-1]["total"] == ENOUGH


def test_a_file_with_too_few_jets_is_refused_with_one_sentence(own, write_jets):
    write_jets(own / "t.hdf5", 500)
    with pytest.raises(DataError, match=r"has 350 train jets, size tiny needs 400; choose a smaller size or fetch"):
        JetNetJets.create("tiny", jet="top", particles=30).prepare(RunContext())


def test_a_truncated_file_is_refused_with_one_sentence_and_left_alone(ready):
    dataset, path = ready
    content = path.read_bytes()[:-1000]
    path.write_bytes(content)
    assert "sha256" not in dataset.recipe()
    with pytest.raises(DataError, match=r"t\.hdf5: the HDF5 file is truncated or damaged .*; make or fetch it again$"):
        dataset.prepare(RunContext())
    assert path.read_bytes() == content


def test_a_file_of_another_layout_is_refused_with_one_sentence(own, write_jets):
    write_jets(own / "t.hdf5", ENOUGH, 40)
    dataset = JetNetJets.create("tiny", jet="top", particles=30)
    with pytest.raises(DataError, match=r"has 40 places for particles with etarel, phirel, ptrel; t\.hdf5 has 30 with"):
        dataset.prepare(RunContext())
    with h5py.File(own / "t.hdf5", "w") as file:
        file["jets"] = np.zeros(3)
    with pytest.raises(DataError, match="neither an array 'points' nor 'particle_features'"):
        dataset.prepare(RunContext())


def test_a_value_that_is_not_finite_is_refused(ready):
    dataset, path = ready
    with h5py.File(path, "r+") as file:
        file["particle_features"][2000, 0] = (np.nan, 0, 0.5, 1)
    with pytest.raises(DataError, match="not finite at row 2000, point 0, feature etarel"):
        dataset.prepare(RunContext())


def test_loading_without_a_file_says_where_it_was_looked_for(own, cache):
    dataset = JetNetJets.create("tiny", jet="top", particles=30)
    with pytest.raises(DataError) as caught:
        dataset.load("train")
    for part in ("t.hdf5", str(own), str(cache / "jetnet"), "jetbench prepare"):
        assert part in str(caught.value)


def test_the_users_folder_comes_before_the_cache(own, cache, write_jets):
    file = PublishedFile("top", 30)
    (cache / "jetnet").mkdir(parents=True)
    write_jets(file.cached, 10)
    assert file.found() == file.cached
    write_jets(own / "t.hdf5", 10)
    assert file.found() == own / "t.hdf5"


@pytest.mark.parametrize(
    ("size", "options", "said"),
    [
        ("smal", {}, "no size 'smal' (did you mean small?)"),
        ("tiny", {"jet": "bottom"}, "no class of jets 'bottom'"),
        ("tiny", {"particles": 100}, "no number of particles '100'"),
    ],
)
def test_a_wrong_name_is_refused_with_the_names_that_there_are(size, options, said):
    with pytest.raises(UsageError) as caught:
        JetNetJets.create(size, **options)
    assert said in str(caught.value)


def test_there_is_no_fourth_split(ready):
    with pytest.raises(UsageError, match="no split 'valid'"):
        ready[0].load("valid")
