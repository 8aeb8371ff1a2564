"""Clouds in files: what is written comes back, what is malformed is refused with one sentence."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature
from jetgen.errors import DataError, JetgenError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds

NAMES = ("etarel", "phirel", "ptrel")


def write_hdf5(path, attributes=None, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        for name, value in (attributes or {}).items():
            file.attrs[name] = value
    return path


def padded(n=3, slots=4, features=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, slots, features)).astype(np.float32), rng.random((n, slots)) < 0.6


def refusal(path, **options):
    """The one sentence with which a file is refused, at opening or when it is read."""
    with pytest.raises(DataError) as caught, open_clouds(path, **options) as file:
        file[:]
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def tracks():
    """Clouds with everything: conditioning, an empty cloud, conditioning clouds and replicas."""
    rng = np.random.default_rng(2)
    truth = Clouds(rng.normal(size=(4, 1)), [0, 3, 4], rng.normal(size=(2, 1)))
    clouds = Clouds(rng.normal(size=(6, 2)), [0, 2, 2, 5, 6], rng.normal(size=(4, 2)), truth, [0, 0, 1, 1])
    given = CloudSpec("tracks", (Feature("pt", "GeV", "positive"),), 3, (Feature("n_vertices"),))
    spec = CloudSpec(
        "tracks", (Feature("pt", "GeV"), Feature("phi", "rad", "periodic")), 5, (Feature("a"), Feature("b"))
    )
    return clouds, CloudSpec("tracks", spec.features, 5, spec.conditioning, given, {"layers": [1, 2]})


@pytest.mark.parametrize("block", [1, 3, 100])
def test_what_is_written_comes_back_with_its_meaning(tmp_path, tracks, block):
    clouds, spec = tracks
    write_clouds(tmp_path / "clouds.h5", clouds, spec, block=block)
    with open_clouds(tmp_path / "clouds.h5") as file:
        assert file.spec == spec
        assert len(file) == 4
        assert file[:].fingerprint() == clouds.fingerprint()
        assert file[1:3].fingerprint() == clouds[1:3].fingerprint()
        assert file[::-2].fingerprint() == clouds[[3, 1]].fingerprint()
        assert file[:2].given is file[2:].given
        assert len(file[9:]) == 0


def test_no_clouds_at_all_can_be_written_and_read(tmp_path, jet_spec):
    write_clouds(tmp_path / "none.h5", Clouds(np.empty((0, 3)), [0]), jet_spec)
    with open_clouds(tmp_path / "none.h5") as file:
        assert len(file) == len(file[:]) == 0


def test_equal_clouds_make_equal_bytes(tmp_path, real_jets, jet_spec):
    for name in ("a.h5", "b.h5"):
        write_clouds(tmp_path / name, real_jets[:50], jet_spec)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_file_can_be_copied_from_another_one_block_at_a_time(tmp_path, real_jets, jet_spec):
    write_clouds(tmp_path / "a.h5", real_jets, jet_spec)
    with open_clouds(tmp_path / "a.h5") as file:
        write_clouds(tmp_path / "b.h5", file, file.spec, block=300)
    with open_clouds(tmp_path / "b.h5") as file:
        assert file[:].fingerprint() == real_jets.fingerprint()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_any_slice_of_a_file_is_the_slice_of_the_clouds(tmp_path, counts, start, stop):
    clouds = Clouds.from_multiplicities(np.random.default_rng(0).normal(size=(sum(counts), 1)), counts)
    write_clouds(tmp_path / "any.h5", clouds, CloudSpec("table", (Feature("x"),), 4), block=3)
    with open_clouds(tmp_path / "any.h5") as file:
        assert file[start:stop].fingerprint() == clouds[start:stop].fingerprint()


@pytest.mark.parametrize("mask_type", [bool, np.uint8, np.float32])
def test_padded_points_with_a_mask_are_read_from_hdf5_and_npz(tmp_path, mask_type):
    points, mask = padded()
    expected = Clouds.from_padded(points, mask).fingerprint()
    arrays = {"points": points, "mask": mask.astype(mask_type), "feature_names": [name.encode() for name in NAMES]}
    write_hdf5(tmp_path / "a.h5", **arrays)
    np.savez(tmp_path / "a.npz", **arrays)
    for name in ("a.h5", "a.npz"):
        with open_clouds(tmp_path / name) as file:
            assert (file.spec.names, file.spec.kind, file.spec.max_points) == (NAMES, "jets", 4)
            assert file[:].fingerprint() == expected
            assert file[1:].fingerprint() == Clouds.from_padded(points[1:], mask[1:]).fingerprint()


def test_ragged_points_with_offsets_are_read_from_npz(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", points=np.ones((3, 1)), offsets=[0, 1, 3])
    with open_clouds(tmp_path / "a.npz", features=["x"]) as file:
        assert file[:].multiplicity.tolist() == [1, 2]
        assert file[1:].points.tolist() == [[1.0], [1.0]]


def test_the_golden_file_is_read_as_it_is(golden_file, tmp_path, real_jets):
    with np.load(golden_file) as arrays:
        np.savez(tmp_path / "real.npz", points=arrays["points_real"], mask=arrays["mask_real"])
    with open_clouds(tmp_path / "real.npz", features=NAMES) as file:
        assert file[:].fingerprint() == real_jets.fingerprint()


def test_the_layout_of_jetnet_is_read_with_its_published_names(tmp_path):
    points, mask = padded()
    jets = np.array([[1000.0, 0.1, 172.0, 30.0]] * 3)
    features = np.concatenate([points, mask[..., None]], axis=2)
    path = write_hdf5(tmp_path / "t.hdf5", particle_features=features, jet_features=jets)
    with open_clouds(path) as file:
        assert file.spec.names == NAMES
        assert file.spec.conditioning == ()
        assert file[:].fingerprint() == Clouds.from_padded(points, mask).fingerprint()
    with open_clouds(path, features=("ptrel", "etarel"), conditioning=("mass", "pt")) as file:
        assert file.spec.names == ("ptrel", "etarel")
        assert file.spec.conditioning_names == ("mass", "pt")
        assert np.array_equal(file[1:].points, points[1:][mask[1:]][:, [2, 0]])
        assert file[:].conditioning.tolist() == [[172.0, 1000.0]] * 3


@pytest.mark.parametrize("array", ["context", "conditioning"])
@pytest.mark.parametrize("key", ["context_names", "conditioning_names"])
def test_the_conditioning_of_a_file_of_ones_own_has_its_former_or_its_new_name(tmp_path, array, key):
    arrays = {"points": np.ones((3, 3)), "offsets": [0, 1, 3], array: [[5.0, 6.0], [7.0, 8.0]]}
    path = write_hdf5(tmp_path / "own.h5", {"feature_names": ", ".join(NAMES), key: "mass, pt"}, **arrays)
    with open_clouds(path, conditioning=("pt",)) as file:
        assert file.spec.conditioning_names == ("pt",)
        assert file[:].conditioning.tolist() == [[6.0], [8.0]]


def test_names_and_the_place_of_the_mask_are_taken_from_the_file(tmp_path):
    points, mask = padded()
    features = np.concatenate([mask[..., None], points[..., ::-1]], axis=2)
    names = json.dumps(["mask", *NAMES[::-1]]).strip("[]").replace('"', "")
    path = write_hdf5(tmp_path / "t.h5", {"particle_feature_names": names}, particle_features=features)
    with open_clouds(path, features=NAMES) as file:
        assert file[:].fingerprint() == Clouds.from_padded(points, mask).fingerprint()


def test_a_native_file_is_reordered_to_the_names_that_are_asked_for(tmp_path, real_jets, jet_spec):
    write_clouds(tmp_path / "a.h5", real_jets[:9], jet_spec)
    with open_clouds(tmp_path / "a.h5", features=("ptrel", "phirel")) as file:
        assert file.spec.features == (jet_spec.features[2], jet_spec.features[1])
        assert np.array_equal(file[:].points, real_jets[:9].points[:, [2, 1]])


def test_a_mask_of_float64_and_padding_of_nan_are_fine(tmp_path):
    points, mask = padded()
    points[~mask] = np.nan
    path = write_hdf5(tmp_path / "a.h5", points=points.astype(np.float64), mask=mask.astype(np.float64))
    with open_clouds(path, features=NAMES) as file:
        assert file[:].points.dtype == np.float32


def test_only_the_rows_that_are_asked_for_are_looked_at(tmp_path):
    points, mask = padded(n=5)
    mask[3], points[3, 2, 1] = True, np.nan
    path = write_hdf5(tmp_path / "a.h5", points=points, mask=mask)
    with open_clouds(path, NAMES) as file:
        assert len(file[:3]) == 3
        with pytest.raises(DataError, match="points is not finite at row 3, point 2, feature phirel"):
            file[2:]


@pytest.mark.parametrize("kind", ["h5", "npz"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_with_one_sentence(tmp_path, real_jets, jet_spec, kind, share):
    path = tmp_path / f"a.{kind}"
    if kind == "h5":
        write_clouds(path, real_jets[:50], jet_spec)
    else:
        np.savez(path, points=real_jets[:50].points, offsets=real_jets[:50].offsets)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "file is empty" in refusal(path) if share == 0 else "truncated or damaged" in refusal(path)


def test_a_damaged_chunk_is_refused_with_its_rows(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        noise = np.random.default_rng(0).normal(size=(1000, 1))
        file.create_dataset("points", data=noise, chunks=(1000, 1), compression="gzip")
        file["offsets"] = np.arange(1001)
        place = file["points"].id.get_chunk_info(0)
    data = bytearray(path.read_bytes())
    data[place.byte_offset + 100 : place.byte_offset + 200] = bytes(100)
    path.write_bytes(data)
    assert "the array points in rows 0 to 1000 is truncated or damaged" in refusal(path, features=["x"])


def test_what_is_no_file_of_clouds_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.h5")
    assert "it is a folder; name a file in it" in refusal(tmp_path)
    (tmp_path / "a.h5").write_text("these are not clouds")
    assert "neither HDF5 nor npz" in refusal(tmp_path / "a.h5")


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", points=np.array([{"a": 1}], dtype=object), offsets=[0, 1])
    assert "pickled objects, which are never loaded" in refusal(tmp_path / "a.npz")


POINTS, MASK = padded()


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"points": POINTS}, "points has no mask and no offsets"),
        ({"points": POINTS[0]}, "points has two dimensions but there are no offsets"),
        ({"points": POINTS[0, 0], "offsets": [0, 3]}, "points has shape (3,); (points, features) is needed"),
        ({"points": POINTS, "offsets": [0, 3]}, "points has shape (3, 4, 3); (points, features) is needed"),
        ({"points": POINTS, "mask": MASK[:, :3]}, "mask has shape (3, 3) but points has shape (3, 4, 3)"),
        ({"points": POINTS, "mask": MASK * 2}, "mask is 2 at row"),
        ({"points": POINTS, "mask": np.where(MASK, 1, np.nan)}, "mask is nan at row"),
        ({"points": POINTS.astype(complex), "mask": MASK}, "points has dtype complex128; numbers are needed"),
        ({"points": POINTS[..., :2], "mask": MASK}, "points has 2 columns but 3 names were given"),
        ({"points": np.where(MASK[..., None], np.inf, POINTS), "mask": MASK}, "points is not finite at row 0, point 0"),
        ({"particle_features": POINTS[..., :2]}, "particle_features has no mask and no offsets"),
        ({"particle_features": POINTS[0]}, "particle_features has shape (4, 3)"),
        ({"showers": POINTS}, "neither an array 'points' nor 'particle_features'; it holds showers"),
        ({}, "it holds nothing"),
        ({"points": POINTS[0], "offsets": [0, 3]}, "offsets end at 3 but there are 4 points"),
        ({"points": POINTS[0], "offsets": [0, 3, 2, 4]}, "offsets fall from 3 to 2 at index 2"),
        ({"points": POINTS[0], "offsets": [1, 4]}, "offsets do not begin with 0"),
        ({"points": POINTS[0], "offsets": [0.0, 4.0]}, "offsets has dtype float64; integers are needed"),
        ({"points": POINTS[0], "offsets": [0, 4], "context": [[1.0]] * 2}, "context has 2 rows for 1 clouds"),
        (
            {"points": POINTS[0], "offsets": [0, 4], "context": [[np.nan]]},
            "context is not finite at row 0, column 0",
        ),
        ({"points": POINTS, "mask": MASK, "feature_names": [b"a", b"b", b"c"]}, "points has no feature 'etarel'"),
        ({"points": POINTS, "mask": MASK, "feature_names": [b"a"]}, "points has 3 columns but 1 names: a"),
    ],
)
def test_malformed_arrays_are_refused_with_one_sentence(tmp_path, arrays, sentence):
    assert sentence in refusal(write_hdf5(tmp_path / "a.h5", **arrays), features=NAMES)


def test_columns_without_names_are_not_guessed(tmp_path):
    path = write_hdf5(tmp_path / "a.h5", points=POINTS, mask=MASK)
    assert (
        "the 3 columns of points have no names; give them, such as etarel,phirel,ptrel (`jetbench evaluate --features`"
        in refusal(path)
    )


def test_a_mistyped_feature_gets_a_hint(tmp_path, real_jets, jet_spec):
    write_clouds(tmp_path / "a.h5", real_jets[:2], jet_spec)
    assert "no feature 'ptrl' (did you mean ptrel?)" in refusal(tmp_path / "a.h5", features=["ptrl"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda file: file.attrs.update(format_version=3), "format_version is 3; this jetgen reads versions 1 and 2"),
        (lambda file: file.attrs.pop("format_version"), "format_version is None"),
        (lambda file: file.attrs.pop("cloud_spec"), "the attribute cloud_spec is missing"),
        (lambda file: file.attrs.update(cloud_spec="{"), "cloud_spec cannot be used: it is not JSON"),
        (lambda file: file.attrs.update(cloud_spec="{}"), "cloud_spec cannot be used: the description of the clouds"),
        (lambda file: file.pop("context"), "there is no array 'context' to read a, b from"),
        (
            lambda file: file.pop("given"),
            "event says which conditioning cloud each cloud answers, but there is no group given",
        ),
        (lambda file: file.pop("offsets"), "conditioning clouds (the group given) go with points and offsets"),
        (lambda file: file.pop("event"), "there is no array 'event'"),
        (
            lambda file: file["event"].write_direct(np.array([0, 9, 0, 0])),
            "event is 9 at index 1; there are 2",
        ),
        (lambda file: file["given"].pop("offsets"), "(group given): points has two dimensions"),
    ],
)
def test_a_native_file_that_lost_something_is_refused(tmp_path, tracks, change, sentence):
    write_clouds(tmp_path / "a.h5", *tracks)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        change(file)
    assert sentence in refusal(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("clouds", "sentence"),
    [
        (Clouds([[1.0, 2.0]], [0, 1]), "the clouds from row 0 have 2 features and 0 conditioning columns"),
        (Clouds(np.zeros((31, 3)), [0, 0, 31]), "cloud 1 has 31 points; its spec says at most 30"),
        (Clouds([[1.0] * 3], [0, 1], None, Clouds([[1.0]], [0, 1]), [0]), "do not have the conditioning clouds"),
    ],
)
def test_clouds_that_are_not_what_their_spec_says_are_not_written(tmp_path, jet_spec, clouds, sentence):
    with pytest.raises(DataError, match=sentence):
        write_clouds(tmp_path / "a.h5", clouds, jet_spec)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_leaves_the_old_file(tmp_path, real_jets, jet_spec):
    class Breaking:
        def __len__(self):
            return 20

        def __getitem__(self, rows):
            if rows.start:
                msg = "row 10 cannot be made"
                raise DataError(msg)
            return real_jets[rows]

    write_clouds(tmp_path / "a.h5", real_jets[:3], jet_spec)
    with pytest.raises(DataError, match="row 10 cannot be made"):
        write_clouds(tmp_path / "a.h5", Breaking(), jet_spec, block=10)
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]
    with open_clouds(tmp_path / "a.h5") as file:
        assert len(file) == 3


FULL_DISK = """
import resource, signal, sys
import numpy as np
from jetgen import Clouds, CloudSpec, Feature, JetgenError
from jetgen.io.writing import write_clouds
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
clouds = Clouds(np.ones((200_000, 1)), np.arange(200_001))
try:
    write_clouds(sys.argv[1], clouds, CloudSpec("table", (Feature("x"),), 1), block=20_000)
except JetgenError as error:
    print(error)
"""


@pytest.mark.parametrize("space", [0, 1000, 300_000])
def test_a_full_disk_is_one_sentence_and_not_a_crash(tmp_path, space):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "a.h5"), str(space)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("cannot be written: a limit on the size of files does not allow it (`ulimit -f`)\n")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, real_jets, jet_spec):
    (tmp_path / "file").touch()
    with pytest.raises(JetgenError, match="cannot be written"):
        write_clouds(tmp_path / "file" / "a.h5", real_jets[:1], jet_spec)
