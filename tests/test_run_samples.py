"""`jetbench run --samples NAME=FILE`: clouds made elsewhere are a row beside the models."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from jetgen import Clouds, Feature
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from runs import arguments


@pytest.fixture(scope="module")
def made(module_outsiders, tmp_path_factory):
    """A run of one model, and a file of 1,000 of its clouds: two and a half times the test split."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run = folder / "run"
    assert module_outsiders.jetbench(*arguments(run, "kind-gaussian")).returncode == 0
    model = next(run.glob("cells/kind-gaussian.*"))
    words = ("sample", str(model), "-n", "1000", "-o", str(folder / "made.h5"))
    assert module_outsiders.jetbench_here(*words).returncode == 0
    return run, folder / "made.h5"


def row_of(run, name):
    (path,) = run.glob(f"cells/{name}*/row.json")
    return json.loads(path.read_text())


def test_a_file_stands_beside_the_models_with_other_clouds_in_every_draw(module_outsiders, made):
    run, file = made
    done = module_outsiders.jetbench(
        *arguments(run, "kind-gaussian", more=("--samples", f"mine={file}", "--draws", "5"))
    )
    assert done.returncode == 0, done.stderr
    row = row_of(run, "mine")
    assert (row["status"], row["draws"], len(row["scores"]["w1mult"]["values"])) == ("ok", 2, 2)
    assert row["cost"]["fit_seconds"] is row["cost"]["microseconds_per_cloud"] is None
    drawn = open_clouds(next(run.glob("cells/mine*")) / "samples.h5")[:]
    assert drawn.fingerprint() == open_clouds(file)[:800].fingerprint()
    assert "mine+" in done.stdout
    assert "2 draw(s) instead of 5" in " ".join(done.stdout.split())


def test_another_content_under_the_same_name_is_another_row(module_outsiders, made, tmp_path):
    run, file = made
    clouds, spec = open_clouds(file)[:], open_clouds(file).spec
    changed = Clouds(clouds.points * np.float32(1.01), clouds.offsets)
    write_clouds(tmp_path / "made.h5", changed, spec)
    for path in (file, tmp_path / "made.h5"):
        command = arguments(run, more=("--samples", f"twice={path}"))
        assert module_outsiders.jetbench(*command).returncode == 0
    rows = [json.loads(path.read_text()) for path in run.glob("cells/twice*/row.json")]
    assert len(rows) == 2
    assert len({row["scores"]["w1mult"]["mean"] for row in rows}) == 1
    assert len({row["preset"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (
            lambda clouds: clouds[:300],
            "skipped",
            "holds 300 clouds, a draw takes 400; choose a smaller size of kind-jets",
        ),
        (
            lambda clouds: Clouds(clouds.points * [1, 1, 500], clouds.offsets),
            "failed",
            "the samples odd: ptrel adds up to",
        ),
    ],
)
def test_a_file_that_cannot_stand_there_is_a_row_with_the_reason(
    module_outsiders, made, tmp_path, change, status, reason
):
    file = made[1]
    write_clouds(tmp_path / "odd.h5", change(open_clouds(file)[:]), open_clouds(file).spec)
    run = tmp_path / "run"
    done = module_outsiders.jetbench(*arguments(run, more=("--samples", f"odd={tmp_path / 'odd.h5'}")))
    row = row_of(run, "odd")
    assert (done.returncode, row["status"]) == ({"skipped": 0, "failed": 1}[status], status)
    assert reason in row["error"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("jets.h5", "is not of the form NAME=FILE"),
        ("a/b=jets.h5", "is not of the form NAME=FILE"),
        ("mine=no-such-file.h5", "--samples mine: "),
    ],
)
def test_what_names_no_file_is_a_sentence(module_outsiders, tmp_path, text, reason):
    done = module_outsiders.jetbench_here(*arguments(tmp_path / "run", more=("--samples", text)))
    assert done.returncode == 2
    assert reason in done.stderr
    assert not (tmp_path / "run").exists()


def test_observables_that_the_truth_does_not_have_are_left_in_the_file(module_outsiders, made, tmp_path):
    clouds, spec = open_clouds(made[1])[:400], open_clouds(made[1]).spec
    more = Clouds(clouds.points, clouds.offsets, np.ones((400, 1)))
    write_clouds(tmp_path / "more.h5", more, replace(spec, conditioning=(Feature("label"),)))
    run = tmp_path / "run"
    done = module_outsiders.jetbench(*arguments(run, more=("--samples", f"more={tmp_path / 'more.h5'}")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert row_of(run, "more")["status"] == "ok"
