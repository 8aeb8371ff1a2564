"""A file as a dataset: what it is called, how it is split, what is read of it and what it is made of."""

from __future__ import annotations

import multiprocessing
import tracemalloc

import h5py
import jetgen
import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, RunContext
from jetgen.datasets.file_dataset import SIZE, FileDataset
from jetgen.datasets.naming import find_dataset, named_file, open_dataset
from jetgen.errors import DataError, UsageError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.store import Store
from jetgen.io.writing import write_clouds
from jetgen.registry import Registry

SPLITS = ("train", "val", "test")
NAMES = ("etarel", "phirel", "ptrel")
NOTHING = Registry(())


def write_padded(path, clouds, slots=30, **more):
    points, mask = clouds.padded(slots)
    arrays = {"points": points, "mask": mask, "feature_names": np.array(NAMES, "S"), **more}
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


@pytest.fixture(scope="module")
def files(tmp_path_factory, real_jets, jet_spec):
    """The same 2,000 jets in three layouts."""
    folder = tmp_path_factory.mktemp("files")
    write_clouds(folder / "native.h5", real_jets, jet_spec)
    for name in ("padded.hdf5", "archive.npz"):
        write_padded(folder / name, real_jets)
    return folder


@pytest.fixture(params=["native.h5", "padded.hdf5", "archive.npz"])
def dataset(request, files):
    return FileDataset(files / request.param)


def assert_same(one, other):
    np.testing.assert_array_equal(one.offsets, other.offsets)
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.conditioning, other.conditioning)


def rows_of(clouds, real_jets):
    """Which of the real jets these are, by their first point."""
    known = {tuple(point): row for row, point in enumerate(real_jets.points[real_jets.offsets[:-1]].tolist())}
    assert len(known) == len(real_jets)
    return [known[tuple(point)] for point in clouds.points[clouds.offsets[:-1]].tolist()]


def test_the_splits_are_the_published_ones_disjoint_and_complete(dataset, real_jets):
    order = np.random.default_rng(42).permutation(2000)
    expected = {"train": order[:1400], "val": order[1400:1700], "test": order[1700:]}
    found = {split: rows_of(dataset.load(split)[:], real_jets) for split in SPLITS}
    for split in SPLITS:
        assert found[split] == sorted(expected[split].tolist())
    assert sorted([*found["train"], *found["val"], *found["test"]]) == list(range(2000))
    assert dataset.counts == tuple(len(dataset.load(split)) for split in SPLITS) == (1400, 300, 300)


def test_the_sizes_are_those_of_the_published_top_jets(tmp_path):
    path = tmp_path / "flat.npz"
    np.savez(path, points=np.zeros((177_945, 1), np.float32), offsets=np.arange(177_946), feature_names=np.array(["x"]))
    assert FileDataset(path).counts == (124_561, 26_692, 26_692)


@pytest.mark.parametrize(
    "key",
    [slice(None), slice(0, 7), slice(150, 290), slice(290, 999), slice(-3, None), slice(5, 5), slice(2, 90, 11)],
    ids=str,
)
@pytest.mark.parametrize("split", SPLITS)
def test_a_slice_is_the_slice_of_a_full_read(dataset, real_jets, monkeypatch, split, key):
    monkeypatch.setattr("jetgen.datasets.file_dataset._BLOCK_POINTS", 30 * 70)  # the jets do not end with a block
    source = dataset.load(split)
    whole = real_jets[np.sort(rows_of(source[:], real_jets))]
    assert_same(source[key], whole[key])


def test_a_falling_slice_comes_in_falling_order(dataset, real_jets):
    source = dataset.load("val")
    assert rows_of(source[40:3:-4], real_jets) == rows_of(source[:], real_jets)[40:3:-4]


def test_the_meaning_comes_from_the_file(dataset):
    assert dataset.spec.kind == "jets"
    assert dataset.spec.names == NAMES
    assert dataset.spec.max_points == 30


def test_features_can_be_picked_and_put_in_order(files):
    dataset = FileDataset(files / "native.h5", ("ptrel", "etarel"))
    whole = FileDataset(files / "native.h5")
    assert dataset.spec.names == ("ptrel", "etarel")
    assert dataset.recipe()["features"] == ["ptrel", "etarel"] != whole.recipe()["features"]
    np.testing.assert_array_equal(dataset.load("val")[:9].points, whole.load("val")[:9].points[:, [2, 0]])


def test_context_and_given_sets_come_along(tmp_path, real_jets):
    spec = jetgen.CloudSpec("tracks", (jetgen.Feature("pt"),), 1, (jetgen.Feature("mu"),))
    given = jetgen.CloudSpec("tracks", (jetgen.Feature("pt"),), 1)
    spec = jetgen.CloudSpec("tracks", spec.features, 1, spec.conditioning, given)
    value = np.arange(400, dtype=np.float32)[:, None]
    sets = Clouds(value[:100], np.arange(101))
    write_clouds(tmp_path / "events.h5", Clouds(value, np.arange(401), value, sets, np.arange(400) // 4), spec)
    clouds = FileDataset(tmp_path / "events.h5").load("train")[10:200]
    np.testing.assert_array_equal(clouds.conditioning, clouds.points)
    np.testing.assert_array_equal(clouds.event, clouds.points[:, 0] // 4)
    assert len(clouds.given) == 100


def test_the_recipe_is_the_same_for_the_same_bytes_and_another_for_any_other(files, tmp_path):
    copy = tmp_path / "padded.hdf5"
    data = bytearray((files / "padded.hdf5").read_bytes())
    copy.write_bytes(data)
    recipe = FileDataset(copy).recipe()
    assert recipe == FileDataset(files / "padded.hdf5").recipe()
    assert recipe["split"] == "70/15/15 by a NumPy default_rng(42) permutation"
    data[len(data) // 2] ^= 1  # in the middle of the points
    copy.write_bytes(data)
    changed = FileDataset(copy).recipe()
    assert changed["sha256"] != recipe["sha256"]
    assert {**changed, "sha256": ""} == {**recipe, "sha256": ""}


def test_preparing_reads_every_value_and_tells_how_far_it_is(dataset, monkeypatch):
    monkeypatch.setattr("jetgen.datasets.file_dataset._BLOCK_POINTS", 30 * 900)
    events = []
    dataset.prepare(RunContext(listener=events.append))
    assert [(event["done"], event["total"]) for event in events] == [(900, 2000), (1800, 2000), (2000, 2000)]


@pytest.mark.parametrize("name", ["late.h5", "late.npz"])
def test_a_value_that_is_not_finite_is_found_wherever_it_is(tmp_path, real_jets, name):
    points, _ = real_jets.padded(30)
    points[1987, 0, 2] = np.nan
    write_padded(tmp_path / name, real_jets, points=points)
    dataset = FileDataset(tmp_path / name)
    with pytest.raises(DataError, match=rf"{name}: points is not finite at row 1987, point 0, feature ptrel"):
        dataset.prepare(RunContext())


def test_a_split_goes_to_another_process_that_opens_the_file_itself(dataset):
    source = dataset.load("test")
    here = source[100:200]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(source.__getitem__, (slice(100, 200),))
        same = pool.apply(Clouds.fingerprint, (there,))
    assert same == here.fingerprint()


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    """70 MB of padded points: 200,000 clouds of up to 30 points."""
    path = tmp_path_factory.mktemp("large") / "large.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["points"] = rng.random((200_000, 30, 3), np.float32) / 15
        file["mask"] = rng.random((200_000, 30), np.float32) < 0.9
        file["feature_names"] = np.array(NAMES, "S")
    return path


def peak(action):
    """The most memory in bytes that ``action`` held at once; NumPy tells tracemalloc of its arrays."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def one_by_one(slices):
    for clouds in slices:
        assert len(clouds) == 256


def test_a_file_is_never_in_memory_as_a_whole(large_file):
    dataset = FileDataset(large_file)
    train, test = dataset.load("train"), dataset.load("test")
    size = large_file.stat().st_size
    assert size > 70e6
    assert peak(lambda: dataset.prepare(RunContext())) < size / 5
    assert peak(lambda: one_by_one(train[i : i + 256] for i in range(0, 19_968, 256))) < size / 50
    # The whole of the test split is about 10 MB; it is there twice while its parts are joined.
    assert peak(lambda: test[:]) < 2 * test[:].points.nbytes + size / 5
    assert peak(dataset.recipe) < 4e6


def test_a_slice_reads_only_the_range_that_it_covers(large_file, monkeypatch):
    read = []
    plain = Store.read

    def counting(store, name, start=0, stop=None):
        read.append((name, start, stop))
        return plain(store, name, start, stop)

    monkeypatch.setattr(Store, "read", counting)
    train = FileDataset(large_file).load("train")
    assert len(train) == 140_000
    assert not read
    train[1000:1256]
    rows = np.sort(np.random.default_rng(42).permutation(200_000)[:140_000])[1000:1256]
    assert read == [(name, rows[0], rows[-1] + 1) for name in ("points", "mask")]


def test_a_split_that_does_not_exist_is_refused(dataset):
    with pytest.raises(UsageError, match="no split 'training'; use train, val, test"):
        dataset.load("training")


def test_a_file_has_one_size(files):
    assert FileDataset.create(SIZE, path=str(files / "native.h5")).counts == (1400, 300, 300)
    with pytest.raises(UsageError, match="has no size 'small'; its only size is all"):
        FileDataset.create("small", path=str(files / "native.h5"))


def test_a_file_too_small_to_split_is_refused(tmp_path, real_jets, jet_spec):
    write_clouds(tmp_path / "four.h5", real_jets[:4], jet_spec)
    assert FileDataset(tmp_path / "four.h5").counts == (2, 1, 1)
    write_clouds(tmp_path / "three.h5", real_jets[:3], jet_spec)
    with pytest.raises(DataError, match=r"three\.h5: 3 clouds are too few to split 70/15/15; 4 or more are needed"):
        find_dataset(NOTHING, str(tmp_path / "three.h5"))


@pytest.fixture
def answers(tmp_path):
    """A file of 40 clouds that answer 10 events, in no order."""
    rng = np.random.default_rng(0)
    event = rng.permutation(np.repeat(np.arange(10), 4))
    given = Clouds(np.arange(10.0)[:, None], np.arange(11))
    spec = CloudSpec("tracks", (Feature("pt"),), 1, given=CloudSpec("tracks", (Feature("pt"),), 1))
    write_clouds(tmp_path / "answers.h5", Clouds(event[:, None], np.arange(41), None, given, event), spec)
    return FileDataset(tmp_path / "answers.h5")


def test_all_answers_to_one_event_are_in_one_split(answers):
    assert answers.counts == (28, 4, 8)  # of ten events seven, one and two
    events = [set(answers.load(split)[:].event.tolist()) for split in SPLITS]
    assert [len(each) for each in events] == [7, 1, 2]
    assert set.union(*events) == set(range(10))
    for split in SPLITS:
        clouds = answers.load(split)[:]
        assert (clouds.points[:, 0] == clouds.event).all()
        assert clouds.given.points[clouds.event, 0].tolist() == clouds.event.tolist()
    assert answers.recipe()["split"].endswith("permutation of events")


def test_a_file_of_too_few_events_is_refused(tmp_path, answers):
    few = answers.load("val")[:]
    write_clouds(tmp_path / "few.h5", few, answers.spec)
    with pytest.raises(DataError, match="1 events with clouds are too few to split"):
        find_dataset(NOTHING, str(tmp_path / "few.h5"))


def test_a_path_is_a_dataset_with_a_spec_made_on_the_spot(files, monkeypatch):
    monkeypatch.chdir(files)
    found = find_dataset(NOTHING, "native.h5")
    assert (found.label, found.distribution, found.counts) == ("native@all", "jetgen", (1400, 300, 300))
    assert found.spec.options == {"path": str(files / "native.h5"), "features": None}
    monkeypatch.chdir("/")
    assert len(open_dataset(found).load("test")) == 300


def test_what_ends_like_a_file_or_is_a_path_to_something_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "jets").touch()
    (tmp_path / "pythia-top30").touch()
    for name in ("jets.h5", "JETS.HDF5", "gone/jets.npz", "folder/jets", "./pythia-top30"):
        assert named_file(name) == (tmp_path / name).absolute()
    for name in ("pythia-top30", "pythia-top30@tiny", "jetgen-pythia/pythia-top30", "gone/jets"):
        assert named_file(name) is None


@pytest.mark.parametrize(
    ("file", "name"),
    [("my jets (2).h5", "my-jets-2"), ("top.v2.h5", "top.v2"), ("...h5", "file"), (f"{'j' * 240}.h5", "j" * 80)],
)
def test_the_name_of_a_file_is_fit_for_a_folder(tmp_path, real_jets, jet_spec, file, name):
    write_clouds(tmp_path / "any.h5", real_jets[:10], jet_spec)
    (tmp_path / "any.h5").rename(tmp_path / file)
    assert find_dataset(NOTHING, str(tmp_path / file)).name == name


def test_a_notebook_names_the_features_of_a_file_that_does_not(tmp_path, real_jets):
    points, mask = real_jets.padded(30)
    np.savez(tmp_path / "bare.npz", points=points, mask=mask)
    with pytest.raises(DataError, match=r"bare\.npz: the 3 columns of points have no names"):
        jetgen.dataset(str(tmp_path / "bare.npz"))
    handle = jetgen.dataset(str(tmp_path / "bare.npz"), features=NAMES)
    assert handle.spec.names == NAMES
    assert len(handle.train) == 1400
    assert open_clouds(tmp_path / "bare.npz", NAMES).spec == handle.spec


def test_features_of_a_dataset_that_names_its_own_are_refused():
    with pytest.raises(UsageError, match="features are chosen for files"):
        find_dataset(NOTHING, "pythia-top30", NAMES)
