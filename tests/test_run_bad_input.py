"""Bad input on the command line: one clear sentence and a non-zero exit."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys

import pytest
from filelock import FileLock
from jetgen.harness.run.folder import locked
from own_files import assert_one_sentence
from runs import arguments

MISTAKES = {
    "generator": (["-g", "kind-gausian", "-d", "kind-jets@tiny"], "did you mean kind-gaussian?"),
    "dataset": (["-g", "kind-gaussian", "-d", "kind-jest@tiny"], "did you mean kind-jets?"),
    "size": (["-g", "kind-gaussian", "-d", "kind-jets@tinny"], "did you mean tiny?"),
    "metric": (["-g", "kind-gaussian", "-m", "novelti"], "did you mean novelty?"),
    "preset": (["-g", "kind-gaussian", "--preset", "quik"], "did you mean quick?"),
    "setting": (["-g", "kind-gaussian", "--set", "kind-gaussian.widht=2"], "did you mean width?"),
    "value": (["-g", "kind-gaussian", "--set", "kind-gaussian.width=wide"], "the setting width"),
    "range": (["-g", "kind-gaussian", "--set", "kind-gaussian.width=-1"], "greater than 0"),
    "form": (["-g", "kind-gaussian", "--set", "width"], "generator.key=value"),
    "owner": (["-g", "kind-gaussian", "--set", "kind-gausian.width=1"], "did you mean kind-gaussian?"),
    "nothing": ([], "nothing to run"),
    "jobs": (["-g", "kind-gaussian", "--jobs", "999"], "--jobs 999 is more than the"),
    "jobs and threads": (["-g", "kind-gaussian", "--jobs", "2", "--threads", "1"], "core(s) of --threads"),
    "seeds": (["-g", "kind-gaussian", "--seeds", "1" + 20 * "0"], "seeds are more than the 10,000"),
    "endless": (["-g", "kind-gaussian", "--timeout", "inf"], "--timeout inf is no number of seconds"),
    "memory": (["-g", "kind-gaussian", "--memory", "inf"], "--memory inf is no number of GiB"),
    "not a number": (["-g", "kind-gaussian", "--set", "kind-gaussian.width=nan"], "nan is no value of a setting"),
    "infinite": (["-g", "kind-gaussian", "--set", "kind-gaussian.width=-inf"], "-inf is no value of a setting"),
    "deep": (["-g", "kind-gaussian", "--set", "kind-gaussian.width=" + 5000 * "["], "the setting width"),
    "all and one": (["--all", "-g", "kind-gaussian"], "--all and -g do not go together"),
    "nobody's preset": (["-g", "kind-gaussian", "--preset", "tinny"], "no generator of this run has a preset 'tinny'"),
    "suite": (["missing.toml"], "cannot be read"),
    "both": (["--all", "missing.toml"], "do not go together"),
}


@pytest.mark.parametrize(("words", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_by_one_sentence_and_status_2(module_outsiders, tmp_path, words, sentence):
    run = tmp_path / "run"
    done = module_outsiders.jetbench_here("run", "--preset", "tiny", *words, "--out", str(run))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr
    assert not run.exists()


def test_a_mistake_ends_the_process_with_one_sentence_and_status_2(module_outsiders, tmp_path):
    """Once as a process: what stands above and below happens inside the process of the tests."""
    run = tmp_path / "run"
    done = module_outsiders.jetbench("run", "-g", "kind-gausian", "-d", "kind-jets@tiny", "--out", str(run))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == ["error: " + done.stderr.strip().removeprefix("error: ")]
    assert "did you mean kind-gaussian?" in done.stderr
    assert not run.exists()


OWN = {
    "a leaderboard": ("leaderboard.md", "mine"),
    "a table": ("results.parquet", "mine"),
    "a holder": ("holder.json", "{}"),
    "a lock and notes": ("run.lock", ""),
    "a plan of something else": ("plan.json", '{"steps": []}'),
    "a plan that is no JSON": ("plan.json", "first this, then that"),
}


@pytest.mark.parametrize(("name", "text"), OWN.values(), ids=OWN)
def test_a_folder_of_the_users_own_is_refused_and_left_as_it_is(module_outsiders, tmp_path, name, text):
    run = tmp_path / "mine"
    run.mkdir()
    (run / "notes.txt").write_text("mine")
    (run / name).write_text(text)
    before = {path.name: path.read_text() for path in run.iterdir()}
    for command in (arguments(run, "kind-gaussian"), ["retry", str(run)]):
        done = module_outsiders.jetbench_here(*command)
        assert done.returncode == 1
        assert_one_sentence(done.stderr, str(run))
        assert {path.name: path.read_text() for path in run.iterdir()} == before


def test_an_empty_folder_is_used_and_a_file_is_none(module_outsiders, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = module_outsiders.jetbench_here(*arguments(tmp_path / "file", "kind-gaussian"))
    assert done.returncode == 1
    assert_one_sentence(done.stderr, "is a file; choose a folder with --out")
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "run.lock").touch()
    with locked(tmp_path / "left"):
        assert (tmp_path / "left" / "holder.json").exists()


def test_a_suite_with_an_unknown_key_is_refused_with_the_nearest_one(module_outsiders, tmp_path):
    suite = tmp_path / "suite.toml"
    suite.write_text('datasets = ["kind-jets@tiny"]\npresett = "tiny"\n')
    done = module_outsiders.jetbench_here("run", str(suite), "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "did you mean preset?" in done.stderr


SUITES = {
    "no datasets": (b"datasets = []\n", "the list of datasets is empty"),
    "no generators": (b'datasets = ["kind-jets@tiny"]\ngenerators = []\n', "the list of generators is empty"),
    "another encoding": ("datasets = ['jets-\u00e9']\n".encode("latin-1"), "it is not UTF-8"),
    "too deep": (b"datasets = " + 5000 * b"[", "is not TOML"),
}


@pytest.mark.parametrize(("text", "sentence"), SUITES.values(), ids=SUITES)
def test_a_suite_that_cannot_be_used_is_one_sentence(module_outsiders, tmp_path, text, sentence):
    (tmp_path / "suite.toml").write_bytes(text)
    done = module_outsiders.jetbench_here("run", str(tmp_path / "suite.toml"), "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert_one_sentence(done.stderr, sentence)


def test_a_run_minds_neither_odd_names_nor_files_that_shadow_modules(module_outsiders, tmp_path):
    """A colon, a home and a dash in the name of a folder; modules of the user's in the current folder."""
    for name in ("random", "types", "numpy", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    (tmp_path / "home").mkdir()
    for out, there in (("scan:lr1", "scan:lr1"), ("~/x", "home/x"), ("-dash", "-dash")):
        words = arguments(out, metrics=("w1mult",))
        start = (
            f"import sys, jetgen.cli; sys.argv = ['jetbench', *{[*words, '-g', 'kind-gaussian']!r}]; jetgen.cli.main()"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", start],
            env=module_outsiders.environment(HOME=str(tmp_path / "home"), PYTHONWARNINGS="error"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / there / "results.parquet").exists()
        if out == "scan:lr1":
            finished = tmp_path / there
            shutil.copytree(finished, tmp_path / "home" / "x")
            shutil.copytree(finished, tmp_path / "-dash")


def test_a_home_that_does_not_exist_is_one_sentence(module_outsiders):
    for command in (arguments("~nosuchuser/run", "kind-gaussian"), ["status", "~nosuchuser/run"]):
        done = module_outsiders.jetbench_here(*command)
        assert done.returncode == 2
        assert_one_sentence(done.stderr, "~nosuchuser/run", "name the folder in full")


def test_a_suite_runs_what_it_names(module_outsiders, tmp_path):
    suite = tmp_path / "suite.toml"
    suite.write_text(
        'generators = ["kind-gaussian"]\ndatasets = ["kind-jets@tiny"]\nmetrics = ["w1mult"]\n'
        'preset = "tiny"\ndraws = 1\n[settings.kind-gaussian]\nwidth = 2.0\n'
    )
    plan = module_outsiders.jetbench_here("plan", str(suite), "--json")
    cells = json.loads(plan.stdout)["cells"]
    model = next(cell for cell in cells if cell["generator"] and cell["generator"]["name"] == "kind-gaussian")
    assert model["generator"]["settings"]["width"] == 2.0
    assert model["generator"]["origins"]["width"] == str(suite)
    assert model["generator"]["origins"]["clouds_per_step"] == "preset tiny"
    assert [metric["name"] for metric in model["metrics"]] == ["w1mult"]


def test_a_run_folder_of_another_version_is_refused_and_left_alone(module_outsiders, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "plan.json").write_text('{"format": 99}')
    for command in (arguments(run, "kind-gaussian"), ["status", str(run)], ["retry", str(run)]):
        done = module_outsiders.jetbench_here(*command)
        assert done.returncode == 1
        assert "has format 99, this jetgen reads format" in done.stderr
    assert (run / "plan.json").read_text() == '{"format": 99}'


@pytest.mark.parametrize("command", ["status", "retry"])
def test_a_folder_that_is_no_run_is_refused(module_outsiders, tmp_path, command):
    done = module_outsiders.jetbench_here(command, str(tmp_path))
    assert done.returncode == 1
    assert "is not a run folder" in done.stderr


def test_an_unknown_cell_is_answered_with_the_nearest_one(module_outsiders, finished_run):
    done = module_outsiders.jetbench_here("why", str(finished_run), "kind-gaussian.tiny.kind-jets@tiny.s1")
    assert done.returncode == 2
    assert "did you mean kind-gaussian.tiny.kind-jets@tiny.s0?" in done.stderr


def test_an_output_folder_that_cannot_be_written_is_refused(module_outsiders, tmp_path):
    if os.geteuid() == 0:
        # Nothing is read-only for root, but nobody makes a folder inside a file.
        (tmp_path / "file").write_text("")
        run = tmp_path / "file" / "run"
    else:
        run = tmp_path / "locked"
        run.mkdir(mode=0o555)
    done = module_outsiders.jetbench_here(*arguments(run, "replay", references=True))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_output_folder_is_one_sentence_and_leaves_no_half_file(module_outsiders, tmp_path):
    run = tmp_path / "run"
    limit = 2_000  # bytes: less than any plan
    done = subprocess.run(
        [sys.executable, "-m", "jetgen.cli", *arguments(run, "replay", references=True)],
        env=module_outsiders.environment(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (run / "plan.json").exists()
    assert not list(run.glob(".*.part"))


def test_two_runs_on_one_folder_at_once_are_refused(module_outsiders, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with FileLock(run / "run.lock"):
        done = module_outsiders.jetbench(*arguments(run, "replay", references=True))
    assert done.returncode == 1
    assert "is in use by another run" in done.stderr


def test_strict_plugins_refuses_to_run_beside_a_broken_one(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    outsiders.write("broken-outsider", "raise RuntimeError('at import')\n", generators={"broken": "BROKEN"})
    done = outsiders.jetbench_here(*arguments(tmp_path / "run", "replay", references=True, more=("--strict-plugins",)))
    assert done.returncode == 1
    assert "broken-outsider/broken is broken" in done.stderr
    relaxed = outsiders.jetbench_here("plan", "-g", "replay", "-d", "kind-jets@tiny", "--preset", "tiny")
    assert relaxed.returncode == 0
    assert "left out: broken-outsider/broken" in relaxed.stderr
