"""Refiner and base as two rows of one run, and what happens where there is no base."""

import json
import subprocess
import sys

import pytest

DATA = ("-d", "pythia-top30@tiny", "--preset", "tiny", "-m", "w1m", "--draws", "2")
NO_BASELINES = ("--no-plugin", "replay", "--no-plugin", "independence")


def jetbench(*arguments):
    command = [sys.executable, "-m", "jetgen.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def rows(folder):
    found = [json.loads(path.read_text()) for path in folder.glob("cells/*/row.json")]
    return {row["id"]: row for row in found}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refined") / "run"
    done = jetbench("run", "-g", "tf-gan", "--seeds", "2", *DATA, *NO_BASELINES, "--out", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_all_seeds_of_the_refiner_share_one_base_which_is_a_row_too(run):
    found = rows(run[0])
    refined = [row for name, row in found.items() if name.startswith("tf-gan.")]
    assert [row["needs"] for row in refined] == [{"base": "rqs-flow.tiny.pythia-top30@tiny.s0"}] * 2
    assert {row["status"] for row in found.values()} == {"ok"}


def test_the_training_of_the_base_stands_in_the_cost_of_the_refiner(run):
    table = (run[0] / "leaderboard.md").read_text()
    (line,) = [line for line in table.splitlines() if line.startswith("| tf-gan |") and " s + " in line]
    assert line


def test_a_base_that_failed_leaves_the_refiner_skipped(tmp_path):
    broken = ("--set", "tf-gan.base=mdma-gan", "--set", "tf-gan.base_overrides={steps = 1, collapse_ratio = 0.001}")
    done = jetbench("run", "-g", "tf-gan", *DATA, *NO_BASELINES, *broken, "--out", str(tmp_path / "run"))
    assert done.returncode == 1, done.stdout + done.stderr
    states = {row["generator"]: row for row in rows(tmp_path / "run").values()}
    assert states["mdma-gan"]["status"] == "failed"
    assert states["tf-gan"]["status"] == "skipped"
    assert states["tf-gan"]["error"].startswith("upstream failed")


def test_showers_are_skipped_with_the_reason():
    done = jetbench("plan", "-g", "tf-gan", "-d", "toy-showers@tiny", "--preset", "tiny", "--json")
    (cell,) = [cell for cell in json.loads(done.stdout)["cells"] if cell["id"].startswith("tf-gan.")]
    assert cell["skip"] == "tf-gan learns jets, toy-showers holds showers"


def test_a_base_that_is_not_installed_is_one_sentence():
    done = jetbench("plan", "-g", "tf-gan", *DATA, "--set", "tf-gan.base=mdma-gam")
    assert done.returncode == 2
    assert done.stderr.startswith("error: tf-gan works on top of mdma-gam: there is no generator 'mdma-gam'")
    assert "Traceback" not in done.stderr


def test_with_all_a_missing_base_skips_the_refiner_alone():
    done = jetbench("plan", "--all", *DATA, "--no-plugin", "rqs-flow", "--json")
    assert done.returncode == 0, done.stderr
    cells = {cell["id"].partition(".")[0]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["tf-gan"]["skip"].startswith("tf-gan works on top of rqs-flow: ")
    assert cells["mdma-gan"]["skip"] is None
