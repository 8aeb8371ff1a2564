"""A training that went wrong, as a user of the harness sees it."""

import json
import subprocess
import sys


def test_a_collapse_ends_in_a_row_that_says_so(tmp_path):
    options = ["-g", "mdma-gan", "-d", "pythia-top30@tiny", "--preset", "tiny", "-m", "w1mult", "--draws", "2"]
    options += ["--set", "mdma-gan.steps=1", "--set", "mdma-gan.collapse_ratio=0.001", "--no-plugin", "replay"]
    options += ["--no-plugin", "independence"]
    command = [sys.executable, "-m", "jetgen.cli", "run", *options, "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0
    rows = [json.loads(path.read_text()) for path in tmp_path.glob("run/cells/mdma-gan.*/row.json")]
    assert [(row["status"], row["phase"]) for row in rows] == [("failed", "fit")]
    assert rows[0]["error"].startswith("collapsed: the best validated clouds are")
    assert "collapsed" in (tmp_path / "run" / "leaderboard.md").read_text() + done.stdout + done.stderr
