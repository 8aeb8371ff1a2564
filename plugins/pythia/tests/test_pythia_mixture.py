"""The mixture: five classes in turn, with the class as conditioning, from the very jets of the single datasets."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jetgen.api.context import RunContext
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError
from jetgen_pythia import specs
from jetgen_pythia.dataset import PythiaJets
from jetgen_pythia.mixture import InterleavedJets, MixedJets
from jetgen_pythia.recipe import PARTONS
from jetgen_pythia.shards import Shard

SPLITS = ("train", "val", "test")
MINI = (200, 100, 100)


@dataclass(frozen=True)
class Preparation:
    """A cache where a mixture was prepared, what was reported, and the files that were there before."""

    cache: Path
    messages: list[dict[str, Any]]
    before: dict[Path, int]


@pytest.fixture(scope="module")
def preparation(shared_cache, tmp_path_factory) -> Preparation:
    """The mixture of 40, 20 and 20 jets a class, in a cache that has the test jets and those of W already."""
    cache = tmp_path_factory.mktemp("mixture") / "cache"
    shutil.copytree(shared_cache, cache, ignore=shutil.ignore_patterns("registry"))
    before = _files(cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(cache))
        patch.setitem(specs.SIZES, "mini", MINI)
        messages: list = []
        MixedJets.create("mini").prepare(RunContext(threads=2, listener=messages.append))
    return Preparation(cache, messages, before)


@pytest.fixture
def mixed(preparation, monkeypatch) -> MixedJets:
    """The prepared mixture, of up to 30 particles."""
    monkeypatch.setenv("JETGEN_CACHE", str(preparation.cache))
    monkeypatch.setitem(specs.SIZES, "mini", MINI)
    return MixedJets.create("mini", particles=30)


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}


def _each(jets: Clouds) -> set[bytes]:
    return {jets[i : i + 1].points.tobytes() for i in range(len(jets))}


def test_the_class_is_coded_in_the_order_of_jetnet_and_files_tell_it(cache):
    spec = MixedJets.create("tiny", particles=150).spec
    (jet_type,) = spec.conditioning
    assert (jet_type.name, jet_type.nature) == ("jet_type", "categorical")
    assert jet_type.categories == ("gluon", "quark", "top", "w", "z")
    single = PythiaJets.create("tiny", particles=150).spec
    assert (spec.kind, spec.features, spec.max_points) == (single.kind, single.features, 150)
    assert CloudSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_every_size_is_five_equal_parts_of_itself():
    for size, counts in specs.SIZES.items():
        classes = MixedJets.create(size).recipe()["classes"]
        assert [one["parton"] for one in classes] == list(PARTONS)
        for split, n in zip(SPLITS, counts, strict=True):
            assert sum(one[split] for one in classes) == n
            assert len({one[split] for one in classes}) == 1


def test_the_recipe_follows_what_determines_the_jets(monkeypatch):
    recipe = MixedJets.create("tiny").recipe()
    assert json.loads(json.dumps(recipe)) == recipe
    assert MixedJets.create("tiny").recipe() == recipe
    assert MixedJets.create("small").recipe() != recipe
    assert MixedJets.create("tiny", particles=150).recipe() != recipe
    monkeypatch.setattr("jetgen_pythia.recipe.RECIPE_VERSION", 99)
    assert MixedJets.create("tiny").recipe() != recipe


def test_no_file_of_a_split_is_in_another_split_of_any_dataset_of_any_size(cache):
    parts = [shard for parton in PARTONS for shard in PythiaJets.create("full", parton=parton).shards()]
    parts += _shards(MixedJets.create("full"))
    train, val, test = ({shard.path for shard in parts if shard.split == split} for split in SPLITS)
    assert len(train) == 5 * 1240
    assert len(train | val | test) == len(train) + len(val) + len(test)


def test_a_mixture_begins_the_files_of_the_single_datasets(cache):
    for size in specs.SIZES:
        single = {shard.path for parton in PARTONS for shard in PythiaJets.create(size, parton=parton).shards()}
        assert {shard.path for shard in _shards(MixedJets.create(size))} <= single


def _shards(dataset: MixedJets) -> list[Shard]:
    return [shard for part in dataset._parts.values() for shard in part.shards()]


def test_the_jets_of_a_class_are_the_first_of_its_own_dataset(mixed):
    for split in SPLITS:
        jets = mixed.load(split)[:]
        assert np.bincount(jets.conditioning[:, 0].astype(int)).tolist() == [len(jets) // 5] * 5
    for i, parton in enumerate(PARTONS):
        alone = PythiaJets.create("mini", parton=parton, particles=30).load("test")[:20]
        ours = jets[np.flatnonzero(jets.conditioning[:, 0] == i)]
        assert ours.points.tobytes() == alone.points.tobytes()
        assert ours.multiplicity.tolist() == alone.multiplicity.tolist()


def test_no_test_jet_of_a_single_dataset_is_in_the_train_or_val_of_the_mixture(mixed):
    known = _each(mixed.load("train")[:]) | _each(mixed.load("val")[:])
    assert len(known) == 300
    held_out = set().union(*(_each(PythiaJets.create("tiny", parton=parton).load("test")[:]) for parton in PARTONS))
    assert len(held_out) == 2000
    assert not known & held_out


def test_every_slice_of_five_has_every_class(mixed):
    source = mixed.load("train")
    for start in (0, 1, 7, 143, 195):
        classes = source[start : start + 5].conditioning[:, 0]
        assert sorted(classes.tolist()) == [0, 1, 2, 3, 4]
        assert classes[0] == start % 5


def test_slices_are_those_of_a_list(mixed):
    source = mixed.load("train")
    whole = source[:]
    assert (len(source), whole.conditioning.shape, whole.multiplicity.max()) == (200, (200, 1), 30)
    for key in (slice(0, 7), slice(99, 103), slice(-30, None), slice(None, None, 9), slice(150, 20, -3), slice(9, 3)):
        assert source[key].fingerprint() == whole[np.arange(200)[key]].fingerprint()
    assert source[9:3].conditioning.shape == (0, 1)


def test_a_slice_reads_only_the_files_that_it_covers(filled, monkeypatch):
    parts = [PythiaJets.create("tiny", parton=parton).load("test") for parton in PARTONS]
    read: list[str] = []
    whole = Shard.read

    def noted(shard: Shard) -> Clouds:
        read.append(shard.name)
        return whole(shard)

    monkeypatch.setattr(Shard, "read", noted)
    source = InterleavedJets(parts)
    assert (len(source), read) == (2000, [])
    source[498:502]
    assert read == [f"{parton}/test/{i}" for parton in PARTONS for i in (0, 1)]


def test_the_conditions_of_the_test_jets_are_their_classes(mixed):
    test = mixed.load("test")[:]
    conditions = Conditions.like(test)
    assert conditions.conditioning.tolist() == [[float(i % 5)] for i in range(100)]
    assert conditions.multiplicity is None


def test_preparing_makes_what_is_missing_and_says_how_far_it_is(preparation, mixed):
    assert {(message["kind"], message["total"], message["unit"]) for message in preparation.messages} == {
        ("progress", 1500, "jets")
    }
    after = _files(preparation.cache)
    assert {path: after[path] for path in preparation.before} == preparation.before
    made = len(after) - len(preparation.before)  # what is there already depends on the tests before
    assert made >= 3, "train, val and test jets of Z are in no other test"
    assert [message["done"] for message in preparation.messages] == list(range(1500 - 100 * made, 1501, 100))
    messages: list = []
    mixed.prepare(RunContext(threads=2, listener=messages.append))
    assert [message["done"] for message in messages] == [1500]
    assert _files(preparation.cache) == after


def test_simulated_jets_are_fresh_and_in_turn(cache):
    dataset = MixedJets.create("tiny")
    first, again = dataset.simulate(7, 1), dataset.simulate(7, 1)
    assert first.conditioning[:, 0].tolist() == [0, 1, 2, 3, 4, 0, 1]
    assert first.fingerprint() == again.fingerprint()
    assert _each(dataset.simulate(5, 2)).isdisjoint(_each(first))
    assert first.multiplicity.max() <= 30
    assert (len(dataset.simulate(0, 1)), dataset.simulate(0, 1).conditioning.shape) == (0, (0, 1))
    assert not cache.exists()


def test_what_does_not_exist_is_one_sentence(cache):
    with pytest.raises(UsageError, match=r"no size 'smal'.*did you mean small"):
        MixedJets.create("smal")
    with pytest.raises(DataError, match=r"1 of 1 files of .*test are missing; make them with jetbench prepare"):
        MixedJets.create("tiny").load("test")
    with pytest.raises(UsageError, match="no split 'dev'"):
        MixedJets.create("tiny").load("dev")
