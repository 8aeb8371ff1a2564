"""Several rows of one generator in one run, each with settings of its own."""

from __future__ import annotations

import json
from pathlib import Path

from runs import arguments


def run_of(outsiders, run: Path, *generators: str, more: tuple[str, ...] = ()):
    return outsiders.jetbench_here(*arguments(run, *generators, more=more))


def test_each_row_has_its_settings_and_is_called_by_them(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    wide = "kind-gaussian,width=2.0,clouds_per_step=1000"
    done = run_of(outsiders, tmp_path / "run", "kind-gaussian", wide, more=("--set", "kind-gaussian.width=1.5"))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(path.read_text()) for path in (tmp_path / "run").glob("cells/*/row.json")]
    found = {row["shown_as"] or row["generator"]: row["settings"] for row in rows if row["generator"]}
    assert {name: values["width"] for name, values in found.items()} == {"kind-gaussian": 1.5, wide: 2.0}
    assert found[wide]["clouds_per_step"] == 1000
    table = (tmp_path / "run" / "leaderboard.md").read_text()
    assert f"| {wide} |" in table
    assert "| kind-gaussian" in table


def test_a_setting_that_is_none_is_said_in_one_sentence(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    for generator, why in (
        ("kind-gaussian,width", "the generator 'kind-gaussian,width' is not of the form name,key=value"),
        ("kind-gaussian,width=1,width=2", "with each key once"),
        ("kind-gaussian,widht=1", "did you mean"),
    ):
        done = run_of(outsiders, tmp_path / "run", generator)
        assert done.returncode == 2
        assert why in " ".join(done.stderr.split())
    assert not (tmp_path / "run").exists()
