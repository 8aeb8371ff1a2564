"""CSV and Parquet as files of clouds: what is read, how it is sliced, and what is refused in one sentence."""

from __future__ import annotations

import gzip
import subprocess
import sys

import jetgen
import numpy as np
import pyarrow as pa
import pytest
from jetgen.datasets.file_dataset import FileDataset
from jetgen.datasets.naming import find_dataset, named_file, open_dataset
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.registry import Registry
from pyarrow import parquet

VALUES = np.random.default_rng(3).normal(size=(1000, 3)).astype(np.float32)
VALUES[:, 0] = np.abs(VALUES[:, 0])  # a column called pt is positive
NAMES = ("pt", "y", "mass of W")
TEXT = ",".join(NAMES) + "\n" + "".join(",".join(map(repr, row)) + "\n" for row in VALUES.tolist())


def write(path, what=TEXT, **more):
    if isinstance(what, pa.Table):
        parquet.write_table(what, path, **more)
    else:
        content = what if isinstance(what, bytes) else what.encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def table(values=VALUES, names=NAMES):
    return pa.table(dict(zip(names, values.T, strict=True)))


@pytest.fixture(params=["a.csv", "a.csv.gz", "a.parquet"])
def path(request, tmp_path):
    """The same table in each format."""
    if request.param == "a.parquet":
        return write(tmp_path / request.param, table(), row_group_size=300)
    return write(tmp_path / request.param)


def refusal(path, **options):
    with pytest.raises(DataError) as caught, open_clouds(path, **options) as file:
        file[:]
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_row_is_a_cloud_of_one_point_with_the_names_of_the_columns(path):
    with open_clouds(path) as file:
        assert (file.spec.kind, file.spec.names, file.spec.max_points) == ("table", NAMES, 1)
        assert [feature.nature for feature in file.spec.features] == ["positive", "continuous", "continuous"]
        np.testing.assert_array_equal(file[:].points, VALUES)
        for key in (slice(0, 0), slice(299, 301), slice(300, 600), slice(-1, None), slice(900, 100, -7)):
            np.testing.assert_array_equal(file[key].points, VALUES[key])
            assert set(file[key].multiplicity) <= {1}


def test_columns_are_picked_and_ordered_by_name(path):
    with open_clouds(path, ("mass of W", "pt")) as file:
        np.testing.assert_array_equal(file[5:800].points, VALUES[5:800, [2, 0]])
    assert "no feature 'mas of W' (did you mean mass of W?)" in refusal(path, features=["mas of W"])


def test_a_table_is_a_dataset_with_the_splits_of_every_file(path):
    data = jetgen.dataset(str(path))
    assert [len(split) for split in (data.train, data.val, data.test)] == [700, 150, 150]
    order = np.sort(np.random.default_rng(42).permutation(1000)[850:])
    np.testing.assert_array_equal(data.test[:].points, VALUES[order])
    assert find_dataset(Registry(()), str(path)).name == "a"


def test_a_dataset_takes_chosen_columns_and_its_recipe_says_which(path):
    data = open_dataset(find_dataset(Registry(()), str(path), ["y"]))
    assert data.recipe()["features"] == ["y"]
    assert data.load("val")[:9].n_features == 1


def test_a_column_that_is_not_read_may_hold_anything(tmp_path):
    csv = write(tmp_path / "a.csv", "name,x\nfirst,1\nsecond,2\n")
    other = write(tmp_path / "a.parquet", pa.table({"name": ["first", None], "x": [1, 2]}))
    for path in (csv, other):
        with open_clouds(path, ["x"]) as file:
            assert file[:].points.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n1,2\n3,4",
        "\ufeffx,y\r\n1,2\r\n3,4\r\n",
        "# x;y\n1;2\n3;4\n",
        "x\ty\n1\t2\n3\t4\n",
        '"x","y"\n 1 ,+2\n3.0,4e0\n\n',
    ],
)
def test_csv_as_other_programs_write_it_is_read(tmp_path, text):
    with open_clouds(write(tmp_path / "a.CSV", text)) as file:
        assert file.spec.names == ("x", "y")
        assert file[:].points.tolist() == [[1, 2], [3, 4]]


def test_a_file_without_header_is_read_if_all_names_are_given(tmp_path):
    path = write(tmp_path / "a.csv", "1,2\n3,4\n")
    said = refusal(path)
    assert "the first row is all numbers, so the 2 columns have no names" in said
    assert "--features" in said
    assert "2 columns but 1 names were given" in refusal(path, features=["x"])
    with open_clouds(path, ["x", "y"]) as file:
        assert file[:].points.tolist() == [[1, 2], [3, 4]]


BAD_TEXT = {
    "text": ("x,y\n1,2\n3,high\n", "the column y holds 'high', which is no number, in row 1 (counted from 0 below"),
    "text far below": (
        "x,y\n" + "1,2\n" * 600_000 + "3,-\n",
        "the column y holds '-', which is no number, in row 600000",
    ),
    "empty cell": ("x,y\n1,2\n,4\n", "the column x is empty or not finite in row 1 (counted from 0 below the header)"),
    "NaN": ("x,y\n1,2\n3,nan\n", "the column y is empty or not finite in row 1"),
    "NaN far below": ("x,y\n" + "1,2\n" * 600_000 + "3,NaN\n", "the column y is empty or not finite in row 600000"),
    "infinity": ("x,y\n1,2\n3,1e99\n", "the column y is empty or not finite in row 1"),
    "too few cells": ("x,y\n1,2\n3\n", "there are 1 cells instead of 2 in row 1"),
    "too many cells": ("x,y\n1,2\n3,4,5\n", "there are 3 cells instead of 2 in row 1"),
    "header alone": ("x,y\n", "there is a header but no row below it"),
    "header without an end": ("x,y", "there is a header but no row below it"),
    "empty": ("", "the file is empty"),
    "empty first row": ("\n1,2\n", "the first row is empty"),
    "one name twice": ("x,y,x\n1,2,3\n", "the columns 0 and 2 (counted from 0) are both called x"),
    "no name": ("x,,z\n1,2,3\n", "column 1 (counted from 0) has no name"),
    "no text at all": (b"\xff\xfe\x00\x01", "the CSV file is truncated or damaged"),
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_a_bad_csv_file_is_refused_in_one_sentence(tmp_path, case):
    text, sentence = BAD_TEXT[case]
    assert sentence in refusal(write(tmp_path / "a.csv", text))


def test_a_file_of_compressed_text_that_was_cut_is_refused(tmp_path):
    path = write(tmp_path / "a.csv.gz")
    path.write_bytes(path.read_bytes()[:-50])
    assert "the CSV file is truncated or damaged (EOFError" in refusal(path)
    assert "the file is empty" in refusal(write(tmp_path / "b.csv.gz", ""))
    assert "there is no such file" in refusal(tmp_path / "none.csv")


BAD_TABLE = {
    "text": ({"x": [1.0], "name": ["a"]}, "the column name is of type string, not of numbers"),
    "boolean": ({"x": [1.0], "ok": [True]}, "the column ok is of type bool, not of numbers"),
    "lists": ({"x": [1.0], "pts": [[[1.0, 2.0]]]}, "the column pts has several numbers in a cell (list"),
    "missing": ({"x": [1, 2, 3, None]}, "the column x is empty or not finite in row 3 (counted from 0)"),
    "NaN": ({"x": [1.0, 2.0, 3.0, float("nan")]}, "the column x is empty or not finite in row 3 (counted from 0)"),
    "no rows": ({"x": pa.array([], pa.float32())}, "the table has no rows"),
}


@pytest.mark.parametrize("case", BAD_TABLE)
def test_a_bad_parquet_file_is_refused_in_one_sentence(tmp_path, case):
    columns, sentence = BAD_TABLE[case]
    assert sentence in refusal(write(tmp_path / "a.parquet", pa.table(columns), row_group_size=3))


def test_a_parquet_file_that_was_cut_or_is_another_file_is_refused(tmp_path):
    path = write(tmp_path / "a.parquet", table())
    path.write_bytes(path.read_bytes()[:-100])
    assert "the Parquet file is truncated or damaged" in refusal(path)
    assert "the Parquet file is truncated or damaged" in refusal(write(tmp_path / "b.parquet", TEXT))


def test_a_slice_of_a_parquet_file_reads_only_the_row_groups_that_it_lies_in(tmp_path):
    values = VALUES.copy()
    values[650, 1] = np.inf
    path = write(tmp_path / "a.parquet", table(values), row_group_size=300)
    with open_clouds(path) as file:
        np.testing.assert_array_equal(file[0:600].points, values[:600])
        np.testing.assert_array_equal(file[900:].points, values[900:])
        with pytest.raises(DataError, match="the column y is empty or not finite in row 650"):
            file[599:601]


def test_integers_are_read_as_numbers(tmp_path):
    columns = {name: pa.array([1, 2, 2**24 + 1], kind) for name, kind in (("a", pa.int64()), ("b", pa.uint32()))}
    with open_clouds(write(tmp_path / "a.parquet", pa.table(columns))) as file:
        assert file[:].points.tolist() == [[1, 1], [2, 2], [2**24, 2**24]]


def test_contents_come_before_names(tmp_path):
    with open_clouds(write(tmp_path / "a.h5", table())) as file:
        assert len(file) == 1000
    np.savez(tmp_path / "a.npz", points=VALUES, offsets=np.arange(1001), feature_names=NAMES)
    (tmp_path / "a.npz").rename(tmp_path / "b.csv")
    with open_clouds(tmp_path / "b.csv") as file:
        assert len(file) == 1000


def test_names_of_tables_are_files_even_if_there_are_none(tmp_path):
    for name in ("none.csv", "none.csv.gz", "none.parquet"):
        assert named_file(name) is not None
        with pytest.raises(DataError, match="there is no such file"):
            FileDataset(tmp_path / name).spec  # noqa: B018


def test_to_import_the_readers_loads_no_pyarrow():
    code = "import sys, jetgen.io.cloud_file; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
