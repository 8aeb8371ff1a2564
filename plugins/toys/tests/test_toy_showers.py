"""Toy showers: the figures that they were fitted to, streams, and shards."""

import json

import numpy as np
import pytest
from jetgen import RunContext
from jetgen.errors import DataError, UsageError
from jetgen.registry import load_target
from jetgen_toys.showers import shards as module
from jetgen_toys.showers.dataset import ToyShowers, shower_spec
from jetgen_toys.showers.profiles import longitudinal_profile, radial_profile, spreads
from jetgen_toys.showers.recipe import BLOCK, GRID, NATURE
from jetgen_toys.showers.shards import SHARD, shards
from jetgen_toys.showers.simulator import Simulator, stream
from jetgen_toys.showers.specs import SIZES, TOY_SHOWERS
from toy_showers_targets import TARGETS, figures

SPEC = shower_spec()


@pytest.fixture(scope="module")
def showers():
    return stream(Simulator(), 0, 2000 // BLOCK, "acceptance")


@pytest.fixture(scope="module")
def found(showers):
    return figures(showers, SPEC)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The smallest size, prepared in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = ToyShowers.create("tiny")
        made.prepare(RunContext())
        yield made


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_showers_have_the_figures_of_the_description(target, found):
    assert found[target.name] == pytest.approx(target.simulator, abs=target.tolerance)


def test_the_course_of_the_mean_shower_is_the_published_one():
    energies = np.array([1e3, 1e4, 1e5, 1e6])
    mean = longitudinal_profile(energies, np.zeros((4, 2)))
    assert mean.maximum == pytest.approx([3.562, 5.865, 8.168, 10.470], abs=1e-3)
    assert mean.shape == pytest.approx([2.966, 4.093, 5.219, 6.345], abs=1e-3)
    (of_maximum, of_shape), correlation = spreads(energies)
    assert of_maximum == pytest.approx([0.286, 0.157, 0.108, 0.082], abs=1e-3)
    assert of_shape == pytest.approx([0.336, 0.209, 0.151, 0.119], abs=1e-3)
    assert correlation == pytest.approx([0.674, 0.621, 0.568, 0.515], abs=1e-3)


def test_the_course_of_showers_fluctuates_as_published():
    drawn = longitudinal_profile(np.full(20_000, 1e4), np.random.default_rng(0).normal(size=(20_000, 2)))
    logs = np.log([drawn.maximum, drawn.shape])
    assert logs.std(axis=1) == pytest.approx([0.157, 0.209], rel=0.03)
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.621, abs=0.02)


def test_the_radial_profile_is_the_published_one():
    profile = radial_profile(np.array([1e5]), np.array([[0.2, 1.0, 2.5]]))
    assert profile.narrow[0] == pytest.approx([0.065, 0.128, 0.257], abs=2e-3)
    assert profile.wide[0] == pytest.approx([1.514, 0.587, 1.149], abs=2e-3)
    assert profile.share[0] == pytest.approx([0.947, 0.886, 0.406], abs=2e-3)
    within = profile.within(np.array([0.0, 0.5, 1e6]), 1.3)
    assert within.shape == (1, 3, 3)
    assert within[..., 0].tolist() == [[0.0] * 3]
    assert within[..., 2] == pytest.approx(1.0)
    assert (within[..., 1] < profile.within(np.array([0.5]))[..., 0]).all()


def test_hits_are_voxels_of_the_grid_and_none_is_hit_twice(showers):
    energy, z, alpha, r = showers.points.T
    assert energy.min() >= np.float32(GRID.threshold)
    for values, bins in ((z, 45), (alpha, 16), (r, 9)):
        assert sorted(set(values.tolist())) == list(range(bins))
    voxel = ((showers.rows * 45 + z) * 16 + alpha) * 9 + r
    assert (np.diff(voxel) > 0).all()
    assert showers.multiplicity.min() > 30
    assert showers.multiplicity.max() <= SPEC.max_points == GRID.voxels == 6480


def test_the_conditioning_is_the_incident_energy_uniform_in_its_logarithm(showers):
    logs = np.log10(showers.conditioning[:, 0])
    assert (logs.min() > 3.0, logs.max() < 6.0) == (True, True)
    assert np.histogram(logs, 5, (3, 6))[0] == pytest.approx(400, abs=75)


def test_content_does_not_depend_on_how_a_stream_is_sliced():
    simulator = Simulator()
    whole = stream(simulator, 0, 4, "train")
    assert len(whole) == 4 * BLOCK
    for start, blocks in ((0, 1), (1, 2), (3, 1)):
        part = stream(Simulator(), start, blocks, "train")
        assert part.fingerprint() == whole[start * BLOCK : (start + blocks) * BLOCK].fingerprint()


def test_splits_are_independent_streams():
    first = {split: stream(Simulator(), 0, 1, split) for split in ("train", "val", "test")}
    assert len({energy for clouds in first.values() for energy in clouds.conditioning[:, 0].tolist()}) == 3 * BLOCK
    counts = [clouds.multiplicity for clouds in first.values()]
    assert np.abs(np.corrcoef(counts)[np.triu_indices(3, 1)]).max() < 0.5


def test_a_larger_size_begins_with_the_files_of_a_smaller_one(tmp_path):
    for column, split in enumerate(("train", "val", "test")):
        sizes = [shards(tmp_path, split, counts[column]) for counts in SIZES.values()]
        assert sizes[0] == sizes[1][: len(sizes[0])]
        assert sizes[1] == sizes[2][: len(sizes[1])]


@pytest.mark.parametrize("key", [slice(0, 7), slice(390, None), slice(5, 5), slice(300, 10, -90), slice(None)])
def test_a_slice_is_a_part_of_the_stream(dataset, key):
    whole = stream(Simulator(), 0, SHARD // BLOCK, "train")[:400]
    assert dataset.load("train")[key].fingerprint() == whole[key].fingerprint()
    assert len(dataset.load("train")) == 400


def test_what_is_there_stays_and_what_is_damaged_is_made_again(dataset):
    first, other = dataset.shards()[:2]
    stamps = [first.path.stat().st_mtime_ns, other.path.stat().st_mtime_ns]
    whole = first.path.read_bytes()
    damaged = whole[:-2000] + bytes(2000)
    first.path.write_bytes(damaged)
    with pytest.raises(DataError, match=r"damaged .*make it again with jetbench prepare"):
        dataset.load("train")[:3]
    dataset.prepare(RunContext())
    assert first.path.read_bytes() == whole
    assert first.path.stat().st_mtime_ns != stamps[0]
    assert other.path.stat().st_mtime_ns == stamps[1]


def test_a_file_of_another_split_is_not_taken_for_this_one(dataset):
    train, val, _ = dataset.shards()
    kept = val.path.read_bytes()
    val.path.write_bytes(train.path.read_bytes())
    with pytest.raises(DataError, match="its fingerprint is another"):
        val.read()
    val.path.write_bytes(kept)
    assert val.intact()


def test_what_was_not_prepared_is_missing_with_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path))
    with pytest.raises(DataError, match=r"12 of 12 files of .*train are missing; make them with jetbench prepare"):
        ToyShowers.create("small").load("train")


def test_the_folder_follows_the_definition(monkeypatch, tmp_path):
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path))
    here = module.home()
    monkeypatch.setattr(module, "definition", lambda: {"recipe": 2})
    assert module.home() != here
    assert module.home().parent == here.parent == tmp_path / "toy-showers"


def test_fresh_showers_follow_their_seed_and_come_in_any_number(dataset):
    assert [len(dataset.simulate(n, 1)) for n in (0, 1, 120)] == [0, 1, 120]
    prints = [dataset.simulate(10, seed).fingerprint() for seed in (1, 1, 2)]
    assert prints[0] == prints[1] != prints[2]


def test_the_dataset_says_what_it_is_before_any_data_exist():
    made = load_target(TOY_SHOWERS.target).create("small")
    recipe = json.loads(json.dumps(dict(made.recipe())))
    assert recipe["nature"] == SPEC.geometry["nature"] == NATURE == "toy showers, not Geant4"
    assert (recipe["train"], recipe["val"], recipe["test"]) == SIZES["small"]
    assert "not Geant4" in TOY_SHOWERS.summary
    assert made.spec.names == ("energy", "z", "alpha", "r")
    assert [feature.bins for feature in made.spec.features] == [0, 45, 16, 9]
    assert [feature.nature for feature in made.spec.features] == ["positive", "continuous", "periodic", "continuous"]
    assert type(SPEC).from_json(SPEC.to_json()) == SPEC


def test_an_unknown_size_or_split_is_refused(dataset):
    with pytest.raises(UsageError, match=r"no size 'smal' .*did you mean small"):
        ToyShowers.create("smal")
    with pytest.raises(UsageError, match="no split 'all'; use train, val, test"):
        dataset.load("all")
