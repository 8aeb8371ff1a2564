"""`pip install jetgen-mdma` on an empty machine, and the run that follows; `make test-install` asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from runs import rows

ROOT = Path(__file__).parent.parent
OURS = ("core", "plugins/mdma-flowmatch", "plugins/mdma-gan", "plugins/pythia", "plugins/tracks", "plugins/mdma")
STANDARD = {"energy_test", "novelty", "nplm", "sks", "sliced", "w1efp", "w1m", "w1mult", "w1p", "w1pt"}
GENERATORS = {"mdma-flowmatch": {*STANDARD, "nll"}, "mdma-gan": STANDARD}

pytestmark = pytest.mark.install

EMPTY = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("JETGEN_", "PIP_", "PYTHON"))},
    "PIP_CONFIG_FILE": os.devnull,
}
"""The environment of a user who has set nothing, so that pip looks nowhere but where it is told to."""

REGISTRY_SECONDS = 300
"""How long the registry may take before the test is given up: some seconds where the files are in the cache of pip."""


def call(*words: object, cwd: Path, env: Mapping[str, str] = EMPTY) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, check=False)


def gather_wheels(folder: Path) -> None:
    """Ours, built from this repository, and all that they ask for, in the versions of constraints.txt."""
    pip = [sys.executable, "-m", "pip"]
    packages = [ROOT / package for package in OURS]
    built = call(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, *packages, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    ours = folder.glob("*.whl")  # by their paths: what a registry may have under these names is not ours
    pinned = ["--only-binary", ":all:", "--constraint", ROOT / "constraints.txt", "--dest", folder]
    command = [*pip, "download", "-q", "--retries", "1", "--timeout", "30", *pinned, *ours]
    try:
        fetched = subprocess.run(command, capture_output=True, text=True, check=False, timeout=REGISTRY_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package registry took more than {REGISTRY_SECONDS} s for the requirements of jetgen-mdma")
    if fetched.returncode and "connection broken" in fetched.stderr:
        pytest.skip("the package registry, which has the requirements of jetgen-mdma, cannot be reached from here")
    assert fetched.returncode == 0, fetched.stderr


@pytest.fixture
def installed():
    """The programs of an environment that holds `jetgen-mdma` and its requirements, installed from a folder of wheels.

    It takes almost two gigabytes, so it is removed at once and not kept as pytest keeps its own folders.
    """
    with tempfile.TemporaryDirectory(prefix="jetgen-mdma-") as name:
        wheels, environment = Path(name) / "wheels", Path(name) / "environment"
        gather_wheels(wheels)
        made = call(sys.executable, "-m", "venv", "--without-pip", environment, cwd=Path(name))
        assert made.returncode == 0, made.stderr
        into = [sys.executable, "-m", "pip", "--python", environment]
        offline = ["--no-index", "--find-links", wheels, "--no-compile"]  # Python compiles what is used
        done = call(*into, "install", "-q", *offline, "jetgen-mdma", cwd=Path(name))
        assert done.returncode == 0, done.stderr
        yield environment / "bin"


def test_jetgen_mdma_is_all_that_an_empty_machine_needs_for_a_run_of_everything(installed, tmp_path):
    env = {**EMPTY, "JETGEN_CACHE": str(tmp_path / "cache")}
    run = tmp_path / "run"
    tiny = ["--all", "--preset", "tiny", "-d", "pythia-top30@tiny", "--draws", "2"]
    done = call(installed / "jetbench", "run", *tiny, "--out", run, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    found = rows(run)
    assert set(found) == {"floor", "replay", "independence", *GENERATORS}
    assert {row["status"] for row in found.values()} == {"ok"}
    assert list((run / "report" / "figures").glob("*.pdf"))
    leaderboard = (run / "leaderboard.md").read_text(encoding="utf-8")
    for name, scores in GENERATORS.items():
        assert set(found[name]["scores"]) >= scores
        assert name in leaderboard
