"""`jetbench explain`: what a classifier test sees in a finished cell, and a sentence where there is nothing to see."""

from __future__ import annotations

import functools
import json

import pytest
from jetgen.plot import style
from own_files import assert_one_sentence
from runs import cell

# A classifier test for small samples, of a second.
JUDGE = """
import dataclasses

from jetgen import MetricSpec
from jetgen.metrics.c2st.metric import ClassifierTest
from jetgen.metrics.c2st.profiles import FAST, Recipe

SPEC = MetricSpec(name="judge", summary="a small judge", target="judge_outsider:Judge", kinds=("jets",), smallest_n=50)

class Judge(ClassifierTest):
    name = "judge"
    profile = dataclasses.replace(FAST, set_width=16, set_recipe=Recipe(epochs=2, batch=20, rate=4e-3))
"""


@pytest.fixture(scope="module")
def explain(module_outsiders):
    """The command `jetbench explain`. It has one thread: other tests run beside this one."""
    module_outsiders.write("judge-outsider", JUDGE, metrics={"judge": "SPEC"})
    return functools.partial(module_outsiders.jetbench_here, "explain", OMP_NUM_THREADS="1")


@pytest.fixture
def explained(explain, finished_run, tmp_path):
    """The command on the model of the finished run, with the small judge."""
    out = tmp_path / "figures"

    def run(*more):
        name = cell(finished_run, "kind-gaussian").name
        return explain(str(finished_run), name, "-m", "judge", "--out", str(out), *more)

    return run, out


def test_a_cell_is_explained_in_words_tables_and_figures(explained):
    run, out = explained
    done = run()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("The judge, judge, ")
    assert "each observable alone: medians" in done.stdout
    assert "weights w = D / (1 - D)" in done.stdout
    assert max(map(len, lines[:-1])) <= 80
    assert sorted(path.name for path in out.iterdir()) == ["calibration.png", "strongest.png", "weights.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in out.iterdir())


def test_as_json_every_number_is_there_and_the_figures_are_named(explained, finished_run):
    run, out = explained
    done = run("--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["cell"] == cell(finished_run, "kind-gaussian").name
    assert document["judge"]["name"] == "judge"
    assert document["generated"]["n"] == document["true"]["n"] == document["judge"]["n"]
    alone = [one["alone"]["value"] for one in document["findings"]]
    assert alone == sorted(alone, reverse=True)
    assert document["figures"] == [str(out / f"{name}.png") for name in ("weights", "calibration", "strongest")]


def test_without_matplotlib_there_are_words_and_a_hint(explained, monkeypatch):
    run, out = explained
    find = style.importlib.util.find_spec
    monkeypatch.setattr(style.importlib.util, "find_spec", lambda name: None if name == "mplhep" else find(name))
    done = run()
    assert done.returncode == 0, done.stderr
    assert "no figures: figures need mplhep, which is not installed: pip install 'jetgen[figures]'" in done.stdout
    assert not out.exists()


def test_figures_go_beside_the_row_and_the_row_stays_as_it_is(explain, run):
    place = cell(run, "kind-gaussian")
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    done = explain(str(run), place.name, "-m", "judge")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (place / "explain").iterdir()) == [
        "calibration.png",
        "strongest.png",
        "weights.png",
    ]
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["{cell}"], 1, "clouds are too few: c2st_fast says something from 1000 on"),
        (["{cell}", "-m", "w1mult"], 2, "w1mult is no classifier test"),
        (["{cell}", "-m", "c2st_fats"], 2, "did you mean c2st_fast?"),
        (["{cell}0", "-m", "judge"], 2, "did you mean {cell}?"),
        (["{floor}", "-m", "judge"], 2, "is the floor, truth against truth"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(explain, finished_run, words, status, sentence):
    names = {"cell": cell(finished_run, "kind-gaussian").name, "floor": cell(finished_run, "floor").name}
    done = explain(str(finished_run), *(word.format(**names) for word in words))
    assert done.returncode == status
    assert_one_sentence(done.stderr, sentence.format(**names))


def test_a_cell_without_samples_says_how_it_ended(explain, run):
    place = cell(run, "kind-gaussian")
    (place / "samples.h5").unlink()
    done = explain(str(run), place.name)
    assert_one_sentence(done.stderr, "samples.h5 is gone; the same `jetbench run` makes it again")
    row = json.loads((place / "row.json").read_text())
    (place / "row.json").write_text(json.dumps({**row, "status": "failed", "phase": "fit", "error": "it broke"}))
    done = explain(str(run), place.name)
    assert_one_sentence(done.stderr, "has no samples, it is failed (it broke); `jetbench why")
    (place / "row.json").unlink()
    done = explain(str(run), place.name)
    assert_one_sentence(done.stderr, "has no samples yet: `jetbench cell")


def test_replay_is_truth_and_not_explained(explain, run):
    place = cell(run, "kind-gaussian")
    plan = json.loads((run / "plan.json").read_text())
    for one in plan["cells"]:
        if one["id"] == place.name:
            one["generator"]["target"] = "jetgen.references.generators:Replay"
    (run / "plan.json").write_text(json.dumps(plan))
    done = explain(str(run), place.name)
    assert_one_sentence(done.stderr, "hands true clouds back, so there is nothing to see")
