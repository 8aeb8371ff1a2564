"""Parquet with a list in each cell: what jetgen writes, and what awkward and others do."""

import jetgen
import numpy as np
import pyarrow as pa
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.exports import export
from pyarrow import parquet

NAMES = ("etarel", "phirel", "ptrel")


def write(path, columns, rows_in_a_group=2):
    parquet.write_table(pa.table(columns), path, row_group_size=rows_in_a_group)
    return path


def test_what_is_exported_is_read_back_with_its_meaning(tmp_path):
    spec = CloudSpec("jets", jet_spec(5).features, 5, conditioning=(Feature("type"), Feature("pt", "GeV", "positive")))
    points = np.arange(12, dtype=np.float32).reshape(4, 3)
    clouds = Clouds(points, [0, 3, 3, 4], [[0, 500], [1, 600], [2, 700]], weights=[0.5, 1.0, 2.0])
    export(tmp_path / "jets.parquet", clouds, spec)
    with open_clouds(tmp_path / "jets.parquet") as file:
        assert (file.spec, file.declared) == (spec, True)
        assert file[:].fingerprint() == clouds.fingerprint()
        assert file[1:2].conditioning.tolist() == [[1, 600]]
    with open_clouds(tmp_path / "jets.parquet", ["ptrel", "etarel"]) as file:
        assert file[:].points.tolist() == points[:, [2, 0]].tolist()


def test_lists_of_others_are_clouds_across_row_groups(tmp_path):
    lists = {name: [[1.0 + i], [], [2.0, 3.0], [4.0 * i, 5.0, 6.0]] for i, name in enumerate(NAMES)}
    path = write(tmp_path / "jets.parquet", {**lists, "label": [0, 1, 0, 1], "name": ["a", "b", "c", "d"]})
    with open_clouds(path) as file:
        assert (file.spec.names, file.spec.max_points, file.spec.conditioning) == (NAMES, 3, ())
        assert file[:].multiplicity.tolist() == [1, 0, 2, 3]
        assert file[1:3].points.tolist() == [[2.0] * 3, [3.0] * 3]
        assert len(file[2:2]) == 0
    with open_clouds(path, conditioning=["label"]) as file:
        assert file[:].conditioning[:, 0].tolist() == [0, 1, 0, 1]


def test_records_of_awkward_are_clouds_and_a_file_of_them_is_a_dataset(tmp_path, real_jets):
    ak = pytest.importorskip("awkward")
    ak.to_parquet(real_jets.to_awkward(NAMES), str(tmp_path / "jets.parquet"))
    with open_clouds(tmp_path / "jets.parquet") as file:
        assert file.spec.names == NAMES
        assert file[:].fingerprint() == real_jets.fingerprint()
    data = jetgen.dataset(str(tmp_path / "jets.parquet"))
    assert sum(len(split) for split in (data.train, data.val, data.test)) == len(real_jets)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"eta": [[1.0], [2.0, 3.0]], "pt": [[1.0], [2.0]]}, "in row 1 pt has 1 values and eta has 2"),
        ({"eta": [[1.0], None]}, "the column eta is empty in row 1"),
        ({"eta": [[1.0], [np.nan]]}, "is not finite at row 1, point 0, feature eta"),
        ({"eta": [[1.0], [None]]}, "is not finite at row 1, point 0, feature eta"),
    ],
)
def test_what_is_wrong_in_a_list_is_a_sentence_with_its_row(tmp_path, columns, reason):
    path = write(tmp_path / "jets.parquet", columns)
    with pytest.raises(DataError, match=reason), open_clouds(path) as file:
        file[:]


def test_a_file_that_is_cut_is_damaged_and_one_without_rows_is_empty(tmp_path):
    path = write(tmp_path / "jets.parquet", {"eta": [[1.0], [2.0]]})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"jets\.parquet"):
        open_clouds(path)
    export(tmp_path / "none.parquet", Clouds(np.empty((0, 3)), [0]), jet_spec(5))
    with open_clouds(tmp_path / "none.parquet") as file:
        assert len(file) == len(file[:]) == 0
