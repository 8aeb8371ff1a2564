"""Files of other formats are told by their contents, and the line that converts them does."""

import gzip
import json
import pickle
import shlex
import zipfile

import h5py
import jetgen
import numpy as np
import pyarrow as pa
import pytest
import torch
from jetgen.datasets.naming import find_dataset, named_file
from jetgen.errors import DataError, UsageError
from jetgen.io.cloud_file import open_clouds
from jetgen.registry import discover
from pyarrow import parquet

POINTS = np.random.default_rng(1).random((5, 4, 3), np.float32)


def _calo(path):
    with h5py.File(path, "w") as file:
        file["showers"], file["incident_energies"] = np.ones((5, 6480)), np.ones((5, 1))


def _pandas(path):
    with h5py.File(path, "w") as file:
        file.attrs["PYTABLES_FORMAT_VERSION"] = "2.1"
        file.create_group("df")


def _energyflow(path):
    with path.open("wb") as file:
        np.savez(file, X=np.concatenate([POINTS * [100, 1, 1], np.full((5, 4, 1), 211)], 2), y=np.ones(5))


def _csv(path):
    path.write_text("etarel,phirel,ptrel\n" + "\n".join(",".join(map(str, row)) for row in POINTS[0]))


def _lists(path):
    parquet.write_table(pa.table({"jets": [[cloud[:, 2].tolist()] for cloud in POINTS]}), path)


def _plain_csv(path):
    np.savetxt(path, POINTS[0], delimiter=";")


FORMATS = {
    "torch": (lambda path: torch.save(torch.from_numpy(POINTS), path), "a file of torch", 5),
    "CaloChallenge": (_calo, "an HDF5 file of the CaloChallenge", 5),
    "EnergyFlow": (_energyflow, "an npz archive of EnergyFlow", 5),
    "CSV": (_csv, "a table of text (CSV); call it it's mine.csv, and each row is read as a cloud", None),
    "CSV without names": (_plain_csv, "a table of text (CSV)", None),
    "pandas": (_pandas, "an HDF5 file of pandas", None),
    "ROOT": (lambda path: path.write_bytes(b"root\0\0"), "the ROOT file is truncated or damaged", None),
    "Parquet of lists": (_lists, "a Parquet file of lists", None),
    "Arrow": (lambda path: path.write_bytes(b"ARROW1\0\0"), "an Arrow (Feather) file", None),
    "gzip": (lambda path: path.write_bytes(gzip.compress(b"x")), "unpack it first, by gunzip", None),
    "pickle": (lambda path: path.write_bytes(pickle.dumps(POINTS)), "a pickle, which is never loaded", None),
    "JSON": (lambda path: path.write_text(json.dumps([1, 2])), "it is JSON", None),
}
"""The name of a format: how a file is written, what must be said, and how many clouds its line makes, where it runs."""


@pytest.mark.parametrize("suffix", ["h5", "npz", "dat"])
@pytest.mark.parametrize("case", FORMATS)
def test_a_file_of_another_format_is_called_what_it_is_whatever_its_name(tmp_path, case, suffix, monkeypatch):
    write, sentence, clouds = FORMATS[case]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"it's mine.{suffix}"
    write(path)
    with pytest.raises(DataError) as caught:
        open_clouds(path)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()
    if clouds is not None:
        written = _follow(str(caught.value))
        with open_clouds(tmp_path / written) as file:
            assert len(file[:]) == clouds


def _follow(message):
    """Do what the message says, by the command or by Python; the name of the file that it makes."""
    command = message.partition("convert it: ")[2]
    if command:
        name, verb, path, option, out = shlex.split(command)
        assert (name, verb, option) == ("jetbench", "convert", "-o")
        return jetgen.convert(path, out).path
    exec(message.partition("for example: ")[2], {"np": np, "torch": torch})
    return "it's mine-jetgen.npz"


def test_other_bytes_are_not_guessed_at(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"\x00\x01 anything")
    with pytest.raises(DataError, match=r"a\.h5: the file is neither HDF5 nor npz$"):
        open_clouds(tmp_path / "a.h5")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match="neither an array 'points' nor 'particle_features'; it holds nothing"):
        open_clouds(tmp_path / "a.npz")


def test_a_file_of_any_suffix_that_exists_is_a_file_and_one_without_is_named_with_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(torch.from_numpy(POINTS), tmp_path / "x.pt")
    (tmp_path / "truth").write_bytes(b"PAR1")
    assert named_file("x.pt") == tmp_path / "x.pt"
    assert named_file("y.pt") is None
    assert named_file("truth") is None
    assert named_file("./truth") == tmp_path / "truth"
    with pytest.raises(DataError, match=r"x\.pt: .*it is a file of torch; convert it, for example: a = torch\.load"):
        find_dataset(discover(), "x.pt")
    with pytest.raises(UsageError, match=r"no dataset 'truth', but a file is called so: write \./truth"):
        find_dataset(discover(), "truth")
