"""A run on a user's own file: the same rows as on any dataset, and a sentence for a file that is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from own_files import BAD, assert_one_sentence, golden, with_nan, write
from runs import cell, rows, stage_times


@pytest.fixture
def outsiders(outsiders):
    """With the hook that times briefly what a model costs."""
    outsiders.install("kind-outsider")
    return outsiders


def command(data, run, *more):
    judged = ("-m", "w1mult", "--draws", "2", "--preset", "tiny")
    return ["run", "-g", "independence", "-d", str(data), *judged, "--out", str(run), *more]


def test_a_run_on_a_file_resumes_and_other_data_of_that_name_are_a_table_of_their_own(outsiders, tmp_path):
    data, run = write(tmp_path / "my jets.h5", golden("real", 400)), tmp_path / "run"
    done = outsiders.jetbench(*command(data, run))
    assert done.returncode == 0, done.stderr
    found = rows(run)
    assert {name: row["status"] for name, row in found.items()} == dict.fromkeys(
        ("floor", "replay", "independence"), "ok"
    )
    assert found["independence"]["dataset"] == "my-jets"
    score = found["independence"]["scores"]["w1mult"]
    assert len(score["values"]) == 2
    assert (score["n_real"], score["n_fake"]) == (60, 60)
    assert "my-jets@all" in (run / "leaderboard.md").read_text()

    before = stage_times(run)
    assert outsiders.jetbench(*command(data, run)).returncode == 0
    assert stage_times(run) == before

    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other" / data.name, golden("fake", 400))
    assert outsiders.jetbench(*command(other, run, "--no-plugin", "replay")).returncode == 0
    after = stage_times(run)
    assert {name: after[name] for name in before} == before
    ids = sorted(path.name for path in run.glob("cells/independence.*"))
    assert len(ids) == 2
    assert ids[1].startswith(f"{ids[0]}~")
    text = (run / "leaderboard.md").read_text()
    assert text.count("### Quality: my-jets@all (data ") == 2
    scores = [json.loads((run / "cells" / one / "row.json").read_text())["scores"] for one in ids]
    assert scores[0] != scores[1]


def test_a_plan_is_not_run_on_a_file_that_changed_since(outsiders, tmp_path):
    data, run = write(tmp_path / "jets.npz", golden("real", 100)), tmp_path / "run"
    assert outsiders.jetbench(*command(data, run, "--no-plugin", "replay")).returncode == 0
    write(data, golden("real", 101))
    next(run.glob("datasets/*/prepare.json")).unlink()
    done = outsiders.jetbench("cell", str(run), cell(run, "independence").name)
    assert done.returncode == 1
    assert "jets@all has changed since the plan was made; plan anew with jetbench run" in done.stdout


def test_the_plan_knows_the_file_by_its_whole_path_and_its_true_sizes(outsiders, tmp_path, monkeypatch):
    data = write(tmp_path / "jets.npz", golden("real", 100))
    monkeypatch.chdir(tmp_path)
    done = outsiders.jetbench_here("plan", "-g", "replay", "-d", data.name, "--json")
    assert done.returncode == 0, done.stderr
    dataset = json.loads(done.stdout)["cells"][0]["dataset"]
    assert dataset["options"] == {"path": str(data), "features": None}
    assert dataset["counts"] == [70, 15, 15]
    assert dataset["recipe"]["file"] == "jets.npz"


@pytest.mark.parametrize(("name", "spoil", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_sentence_and_leaves_no_run_folder(outsiders, tmp_path, name, spoil, sentence):
    data, run = tmp_path / name, tmp_path / "run"
    spoil(data, golden("real", 50))
    done = outsiders.jetbench_here(*command(data, run))
    assert done.returncode == 1
    assert_one_sentence(done.stderr, str(data), sentence)
    assert not run.exists()


def test_a_value_that_is_not_finite_deep_in_the_file_is_a_failed_row_with_the_place(outsiders, tmp_path):
    data, run = write(tmp_path / "jets.h5", with_nan(golden("real"), 1987)), tmp_path / "run"
    done = outsiders.jetbench(*command(data, run))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for row in rows(run).values():
        assert (row["status"], row["phase"], row["error_type"]) == ("failed", "prepare", "DataError")
        assert f"{data}: points is not finite at row 1987, point 0, feature ptrel" in row["error"]
    assert not list(run.rglob("*.part"))
    assert not list(run.rglob("samples.h5"))


def test_features_under_other_names_are_learnt_and_the_metrics_that_need_the_usual_ones_say_so(outsiders, tmp_path):
    arrays = {**golden("real", 100), "feature_names": np.array(["deta", "dphi", "pt"], "S")}
    data, run = write(tmp_path / "jets.h5", arrays), tmp_path / "run"
    assert outsiders.jetbench(*command(data, run, "-m", "w1m", "--no-plugin", "replay")).returncode == 0
    row = rows(run)["independence"]
    assert row["status"] == "ok"
    assert list(row["scores"]) == ["w1mult"]
    assert row["skipped_metrics"] == {
        "w1m": "w1m needs the features etarel, phirel, ptrel; the clouds have deta, dphi, pt"
    }


def test_two_files_of_one_name_in_one_run_are_refused(outsiders, tmp_path):
    (tmp_path / "other").mkdir()
    one, other = (write(folder / "jets.npz", golden("real", 50)) for folder in (tmp_path, tmp_path / "other"))
    done = outsiders.jetbench_here(*command(one, tmp_path / "run", "-d", str(other)))
    assert done.returncode == 2
    assert_one_sentence(done.stderr, f"{one} and {other} would both be called jets@all")
    assert not (tmp_path / "run").exists()


def test_prepare_reads_a_file_through_and_counts_its_splits(outsiders, tmp_path):
    data = write(tmp_path / "jets.h5", golden("real", 100))
    done = outsiders.jetbench("prepare", str(data))
    assert done.returncode == 0, done.stderr
    assert "jets@all: 70 train, 15 val, 15 test" in done.stdout
    write(data, with_nan(golden("real", 100), 99))
    done = outsiders.jetbench_here("prepare", str(data))
    assert done.returncode == 1
    assert_one_sentence(done.stderr, str(data), "not finite at row 99")
