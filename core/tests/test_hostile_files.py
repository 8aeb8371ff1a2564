"""Files that point elsewhere, declare what they do not hold or are no files: refused before anything is read."""

import os
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from io import BytesIO

import h5py
import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds

NAMES = ("x", "y")
POINTS = np.arange(24, dtype=np.float32).reshape(3, 4, 2) / 24
MASK = np.ones((3, 4), bool)


def refusal(path, features=NAMES):
    """The one sentence with which a file is refused, at opening or when it is read."""
    with pytest.raises(DataError) as caught, open_clouds(path, features=features) as file:
        file[:]
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert sentence.isprintable()
    return sentence


# HDF5 that is more than its own bytes.


def _virtual(file, shard):
    layout = h5py.VirtualLayout(POINTS.shape, "f4")
    layout[...] = h5py.VirtualSource(shard.name, "points", POINTS.shape, "f4")
    file.create_virtual_dataset("points", layout)


def _virtual_mask(file, shard):
    file["points"] = POINTS
    del file["mask"]
    layout = h5py.VirtualLayout(MASK.shape, "?")
    file.create_virtual_dataset("mask", layout)


def _soft_link_out(file, shard):
    file["all"] = h5py.ExternalLink(shard.name, "/")
    file["points"] = h5py.SoftLink("/all/points")


def _raw(file, shard):
    file.create_dataset("points", POINTS.shape, "f4", external=[(str(shard), 0, h5py.h5f.UNLIMITED)])


def _names_elsewhere(file, shard):
    file["points"] = POINTS
    file["feature_names"] = h5py.ExternalLink(shard.name, "points")


OUTSIDE = {
    "virtual dataset": (_virtual, "points is a virtual dataset of other data (shard.h5)"),
    "virtual dataset of nothing": (_virtual_mask, "mask is a virtual dataset"),
    "external link": (
        lambda file, shard: file.update({"points": h5py.ExternalLink(shard.name, "points")}),
        "points is a link to another file, shard.h5",
    ),
    "soft link through an external one": (_soft_link_out, "points is a link to another file, shard.h5"),
    "raw external storage": (_raw, "points keeps its values in another file"),
    "names in another file": (_names_elsewhere, "feature_names is a link to another file, shard.h5"),
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("case", OUTSIDE)
def test_what_lies_outside_the_file_is_refused_by_name_whether_it_is_there_or_not(tmp_path, case, missing):
    make, sentence = OUTSIDE[case]
    shard = tmp_path / "shard.h5"
    with h5py.File(shard, "w") as file:
        file["points"] = POINTS
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["mask"] = MASK
        make(file, shard)
    if missing:
        shard.unlink()
    found = refusal(tmp_path / "a.h5")
    assert sentence in found
    assert "make one file of it" in found


def test_what_is_refused_is_read_once_it_was_made_one_file_as_the_sentence_says(tmp_path):
    with h5py.File(tmp_path / "shard.h5", "w") as file:
        file["points"] = POINTS
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["mask"] = MASK
        _virtual(file, tmp_path / "shard.h5")
    line = refusal(tmp_path / "a.h5").partition("h5py: ")[2]
    with h5py.File(tmp_path / "a.h5") as file, h5py.File(tmp_path / "b.h5", "w") as out:
        exec(line, {"file": file, "out": out})
        out["mask"] = MASK
    with open_clouds(tmp_path / "b.h5", NAMES) as file:
        assert file[:].fingerprint() == Clouds.from_padded(POINTS, MASK).fingerprint()


def test_links_inside_the_file_are_followed(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["run/points"], file["mask"] = POINTS, MASK
        file["again"] = h5py.SoftLink("run")
        file["points"] = h5py.SoftLink("/again/points")
    with open_clouds(tmp_path / "a.h5", NAMES) as file:
        assert file[:].fingerprint() == Clouds.from_padded(POINTS, MASK).fingerprint()


def test_a_group_elsewhere_is_refused_and_one_inside_itself_as_well(tmp_path):
    truth = Clouds([[1.0]], [0, 1])
    spec = CloudSpec("tracks", (Feature("x"),), 1, given=CloudSpec("tracks", (Feature("x"),), 1))
    for link, sentence in ((h5py.ExternalLink("b.h5", "/given"), "given is a link to another file"), (None, "inside")):
        write_clouds(tmp_path / "a.h5", Clouds([[1.0]], [0, 1], given=truth, event=[0]), spec)
        with h5py.File(tmp_path / "a.h5", "r+") as file:
            del file["given"]
            file["given"] = file["/"] if link is None else link
        assert sentence in refusal(tmp_path / "a.h5", None)


# Shapes that the file does not hold.


def _declared(**how):
    return lambda file: file.create_dataset("points", (10**9, 4, 2), "f4", **how)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_declared(chunks=(1000, 4, 2), compression="gzip"), "cannot hold"),
        (_declared(chunks=(1000, 4, 2)), "cannot hold"),
        (_declared(), "points was never written"),
        (lambda file: file.create_dataset("points", (3, 4, 2), "f4", chunks=(1, 4, 2)), "3 of 3 blocks of points"),
        (lambda file: file.create_dataset("points", (10**15, 0, 2), "f4"), "clouds of no slots or no features"),
        (lambda file: file.update({"points": h5py.SoftLink("/points")}), "leads in a circle"),
        (lambda file: file.update({"points": h5py.SoftLink("/nowhere")}), "which is not in the file"),
    ],
)
def test_an_array_that_is_not_there_is_not_read_as_zeros(tmp_path, make, sentence):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file)
        file["mask"] = MASK
    assert sentence in refusal(tmp_path / "a.h5")


def test_a_name_that_declares_gigabytes_is_not_allocated(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["points"], file["mask"], file["feature_names"] = POINTS, MASK, NAMES
        place = file["feature_names"].id.get_offset()
    data = bytearray((tmp_path / "a.h5").read_bytes())
    assert data[place : place + 4] == struct.pack("<I", 1)
    data[place : place + 4] = struct.pack("<I", 2**31)
    (tmp_path / "a.h5").write_bytes(data)
    assert "a text of feature_names declares 2,147,483,648 bytes" in refusal(tmp_path / "a.h5")


@pytest.mark.parametrize("where", ["attribute", "array"])
def test_a_damaged_heap_of_texts_is_refused_instead_of_read_for_ever(tmp_path, where):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["points"], file["mask"] = POINTS, MASK
        (file if where == "array" else file.attrs)["feature_names"] = list(NAMES)
    data = bytearray((tmp_path / "a.h5").read_bytes())
    heap = data.index(b"GCOL")
    data[heap + 16 : heap + 32] = bytes(16)  # the first object has no index and no size
    (tmp_path / "a.h5").write_bytes(data)
    assert "a heap of texts in the HDF5 file is damaged" in refusal(tmp_path / "a.h5")


def test_a_file_that_is_much_smaller_than_its_arrays_because_they_compress_well_is_read(tmp_path):
    n = 30_000
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("points", data=np.zeros((n, 4, 2), "f4"), compression="gzip")
        file.create_dataset("mask", data=np.ones((n, 4), bool), compression="gzip")
    assert (tmp_path / "a.h5").stat().st_size < n
    with open_clouds(tmp_path / "a.h5", NAMES) as file:
        assert len(file) == n


@pytest.mark.parametrize(
    ("offsets", "sentence"),
    [
        (np.array([0, 2**64 - 5, 3], np.uint64), "offsets is 18446744073709551611 at index 1"),
        (np.array([0, 2**63 - 1, -2, 3], np.int64), "offsets fall from 9223372036854775807 to -2 at index 2"),
        (np.array([0, 2, 1, 3], np.uint64), "offsets fall from 2 to 1 at index 2"),
        (np.array([0.0, 3.0]), "offsets has dtype float64; integers are needed"),
        (np.array([0, np.nan, 3]), "offsets has dtype float64; integers are needed"),
    ],
)
@pytest.mark.parametrize("suffix", ["h5", "npz"])
def test_offsets_that_are_no_offsets_are_refused_with_the_place(tmp_path, offsets, sentence, suffix):
    path = tmp_path / f"a.{suffix}"
    if suffix == "npz":
        np.savez(path, points=POINTS[:, 0], offsets=offsets)
    else:
        with h5py.File(path, "w") as file:
            file["points"], file["offsets"] = POINTS[:, 0], offsets
    assert sentence in refusal(path)


def test_multiplicities_whose_sum_wraps_and_rows_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="offsets fall"):
        Clouds.from_multiplicities(np.zeros((0, 1)), np.array([2**62] * 4))
    with pytest.raises(DataError, match="points is no array: its rows have different lengths"):
        Clouds([[1.0], [1.0, 2.0]], [0, 2])


@pytest.mark.parametrize("names", [np.arange(2), [1.5, 2.5], np.empty(0)])
def test_names_that_are_no_texts_are_refused(tmp_path, names):
    np.savez(tmp_path / "a.npz", points=POINTS, mask=MASK, feature_names=names)
    assert "feature_names holds" in refusal(tmp_path / "a.npz")
    with pytest.raises(DataError, match="a feature is called 3; the name of a feature is a text"):
        CloudSpec.from_json({"kind": "jets", "features": [{"name": 3}], "max_points": 3})


@pytest.mark.parametrize("most", [3.5, "3", True, None, float("inf")])
def test_a_largest_multiplicity_that_is_no_integer_is_refused(most):
    with pytest.raises(DataError, match="an integer is needed"):
        CloudSpec("jets", (Feature("x"),), most)


# Archives.


def _npz(path, **arrays):
    np.savez(path, **{"points": POINTS, "mask": MASK, **arrays})
    return path


def _patched(path, offset, value):
    """Another number in every local header and every entry of the directory of a zip archive."""
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", offset), (b"PK\x01\x02", offset + 2)):
        at = data.find(mark)
        while at >= 0:
            data[at + place : at + place + 2] = struct.pack("<H", value)
            at = data.find(mark, at + 4)
    path.write_bytes(data)


def _with_header(path, **changes):
    target = BytesIO()
    np.lib.format.write_array_header_1_0(target, {"descr": "<f4", "fortran_order": False, "shape": (3, 4, 2)} | changes)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("points.npy", target.getvalue() + POINTS.tobytes())


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: _patched(path, 6, 1), "the array points is encrypted"),
        (lambda path: _patched(path, 8, 93), "the array points is compressed by zstd, which is not read here"),
        (lambda path: _with_header(path, shape=(10**12, 4, 2)), "declares shape (1000000000000, 4, 2)"),
        (lambda path: _with_header(path, shape=(2, 4, 2)), "declares shape (2, 4, 2)"),
        (lambda path: _with_header(path, descr="|O"), "holds pickled objects, which are never loaded"),
    ],
)
def test_an_archive_that_cannot_be_read_says_why(tmp_path, spoil, sentence):
    spoil(_npz(tmp_path / "a.npz"))
    assert sentence in refusal(tmp_path / "a.npz")


def test_an_array_that_nobody_asks_for_is_not_decompressed(tmp_path):
    _npz(tmp_path / "a.npz", other=np.arange(1000))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[data.index(np.arange(500, 510).tobytes())] ^= 1  # its checksum is wrong now
    (tmp_path / "a.npz").write_bytes(data)
    with open_clouds(tmp_path / "a.npz", NAMES) as file:
        assert file[:].fingerprint() == Clouds.from_padded(POINTS, MASK).fingerprint()


def test_an_archive_with_two_arrays_of_one_name_is_refused(tmp_path):
    _npz(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("mask.npy", b"")
    assert "holds mask.npy twice" in refusal(tmp_path / "a.npz")


# What is no file, and what the system does not give.


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda _: None, "there is no such file"),
        (lambda path: path.mkdir(), "it is a folder; name a file in it"),
        (os.mkfifo, "it is a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
        (lambda path: path.symlink_to(path), "its symbolic links lead in a circle"),
    ],
)
def test_what_is_no_file_is_neither_opened_nor_waited_for(tmp_path, make, sentence):
    make(tmp_path / "a.h5")
    assert sentence in refusal(tmp_path / "a.h5")


def test_a_compression_that_is_not_installed_is_named_with_its_remedy(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["mask"] = MASK
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(POINTS.shape)
        plist.set_filter(32099, h5py.h5z.FLAG_OPTIONAL, (2, 2))
        space = h5py.h5s.create_simple(POINTS.shape)
        made = h5py.h5d.create(file.id, b"points", h5py.h5t.py_create(POINTS.dtype), space, plist)
        made.write_direct_chunk((0, 0, 0), POINTS.tobytes())
    found = refusal(tmp_path / "a.h5")
    assert "points is compressed by the HDF5 filter unknown (32099), which is not installed" in found
    assert "pip install hdf5plugin" in found
    assert "damaged" not in found


def test_a_file_that_another_program_writes_is_not_called_damaged(tmp_path):
    write_clouds(tmp_path / "a.h5", Clouds([[1.0]], [0, 1]), CloudSpec("table", (Feature("x"),), 1))
    hold = "import h5py, sys; file = h5py.File(sys.argv[1], 'r+'); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "a.h5")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        assert "another program has it open for writing" in refusal(tmp_path / "a.h5", None)
        other.kill()


def test_damage_to_any_byte_of_a_native_file_is_noticed(tmp_path):
    rng = np.random.default_rng(0)
    clouds = Clouds(rng.normal(size=(6, 2)), [0, 2, 2, 5, 6], rng.normal(size=(4, 1)))
    spec = CloudSpec("jets", (Feature("x"), Feature("y")), 5, (Feature("mass"),))
    path = tmp_path / "a.h5"
    write_clouds(path, clouds, spec)
    whole = path.read_bytes()
    used = np.flatnonzero(np.frombuffer(whole, np.uint8))
    assert len(used) > 500
    for place in rng.choice(used, 150, replace=False):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.integers(8))]) + whole[place + 1 :])
        with suppress(DataError), open_clouds(path) as file:
            assert (file[:].fingerprint(), file.spec) == (clouds.fingerprint(), spec)
