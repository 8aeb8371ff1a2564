"""The packages that the guide for plugin authors builds are real: taken from the page, installed, checked and run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jetgen.testing import describe_checks

GUIDE = Path(__file__).parents[1] / "docs" / "writing-a-plugin.md"
FILE = re.compile(r"^`(?P<path>[\w/.-]+)`\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
TEXT = GUIDE.read_text(encoding="utf-8")


@pytest.fixture
def projects(outsiders, tmp_path):
    """The folder of the projects of the guide, all of them installed as they stand."""
    for file in FILE.finditer(TEXT):
        path = tmp_path / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["text"], encoding="utf-8")
    for project in sorted(path.parent for path in tmp_path.glob("*/pyproject.toml")):
        outsiders.install(project)
    return tmp_path


def test_every_block_of_code_in_the_guide_belongs_to_a_file():
    assert len(re.findall(r"^```\w+$", TEXT, re.MULTILINE)) == len(FILE.findall(TEXT)) > 0


def test_a_torch_generator_takes_at_most_45_lines():
    files = [file for file in FILE.finditer(TEXT) if re.match(r"my-flow/src/.*\.py", file["path"])]
    lines = [line for file in files for line in file["text"].splitlines() if line.strip()]
    assert 0 < len(lines) <= 45


def test_the_guide_lists_every_check_and_what_it_wants():
    assert describe_checks() in TEXT


@pytest.mark.parametrize(("name", "skipped"), [("my-flow", 2), ("one-gaussian", 2)])
def test_a_generator_of_the_guide_is_listed_and_passes_its_own_tests(outsiders, projects, name, skipped):
    listed = outsiders.jetbench("list", "generators", "--json")
    states = {plugin["name"]: plugin["state"] for plugin in json.loads(listed.stdout)}
    assert states[name] == "ok"
    tests = outsiders.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", str(projects / name / "tests"), timeout=600
    )
    assert tests.returncode == 0, tests.stdout
    assert re.search(rf"\d\d passed, {skipped} skipped", tests.stdout), tests.stdout


def test_dataset_metric_and_hook_of_the_guide_take_part_in_a_run(outsiders, projects, tmp_path):
    run = tmp_path / "run"
    done = outsiders.jetbench(
        *("run", "-g", "one-gaussian", "-d", "my-rings", "-m", "girth", "--preset", "tiny", "--draws", "2"),
        *("--out", str(run)),
        MY_ROWS=str(tmp_path / "rows.jsonl"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    scores = {row["id"].split(".")[0]: row["scores"]["girth"]["mean"] for row in rows}
    # On a ring the girth is the radius; a Gaussian of the same mean and covariance has another.
    assert scores["floor"] == pytest.approx(0, abs=1e-6)
    assert scores["one-gaussian"] > 0.01
    assert "Girth: how wide the jets are." in (run / "report" / "index.html").read_text(encoding="utf-8")
    (figure,) = (run / "report" / "figures").glob("*-girth.pdf")
    assert figure.read_bytes().startswith(b"%PDF")
