"""The package that the guide for plugin authors builds is real: it is taken from the page, installed and checked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[1] / "docs" / "writing-a-plugin.md"
FILE = re.compile(r"^`(?P<path>[\w/.-]+)`\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def package(outsiders, tmp_path):
    """The files of the guide, installed."""
    project = tmp_path / "project"
    for file in FILE.finditer(GUIDE.read_text(encoding="utf-8")):
        path = project / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["text"], encoding="utf-8")
    (project / "src" / "one_gaussian" / "__init__.py").touch()
    outsiders.install(project)
    return project


def test_every_block_of_code_in_the_guide_belongs_to_a_file():
    text = GUIDE.read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(FILE.findall(text)) > 0


def test_the_generator_of_the_guide_is_listed_and_passes_its_own_tests(outsiders, package):
    listed = outsiders.jetbench("list", "generators", "--json")
    states = {plugin["name"]: plugin["state"] for plugin in json.loads(listed.stdout)}
    assert states["one-gaussian"] == "ok"
    tests = outsiders.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(package / "tests"))
    assert tests.returncode == 0, tests.stdout
    assert re.search(r"\d\d passed, 2 skipped", tests.stdout), tests.stdout
