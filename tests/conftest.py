"""What tests that cross packages share: distributions that come and go without pip, and the command `jetbench`."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from filelock import FileLock
from jetgen.cli import main
from runs import arguments

collect_ignore = ["outsider"]
"""Packages of their own: pytest shall not look for doctests in what cannot be imported."""

PROJECTS = Path(__file__).parent / "outsider"


class Outsiders:
    """Distributions installed for child processes only, by a folder of metadata on ``PYTHONPATH``."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self.path = [folder]
        folder.mkdir()

    def install(self, project: str) -> None:
        """One of the real packages in ``tests/outsider``, with the metadata of its pyproject.toml."""
        root = PROJECTS / project
        metadata = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        self._describe(metadata["name"], metadata["version"], metadata["entry-points"])
        self.path.append(root / "src")

    def write(self, distribution: str, source: str, version: str = "1.0", **groups: Mapping[str, str]) -> None:
        """A distribution of one module with this source; ``generators={"name": "object"}`` are its entry points.

        An entry point is the name of an object of the module, or a whole ``module:object``.
        """
        module = distribution.replace("-", "_")
        (self.folder / f"{module}.py").write_text(source, encoding="utf-8")
        points = {
            f"jetgen.{group}": {name: value if ":" in value else f"{module}:{value}" for name, value in named.items()}
            for group, named in groups.items()
        }
        self._describe(distribution, version, points)

    def _describe(self, name: str, version: str, points: Mapping[str, Mapping[str, str]]) -> None:
        folder = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        lines = []
        for group, named in points.items():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in named.items()), ""]
        (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process that sees them; ``more`` is added."""
        inherited = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
        path = os.pathsep.join([*map(str, self.path), *inherited])
        # `make test` gives its own processes one thread each, which is not meant for the runs that they start.
        ours = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        return {**ours, "PYTHONPATH": path, "JETGEN_CACHE": str(self.cache), **more}

    def python(self, *arguments: str, timeout: float = 600, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run this Python with them."""
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def jetbench(self, *arguments: str, timeout: float = 600, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command `jetbench` with them."""
        return self.python("-m", "jetgen.cli", *arguments, timeout=timeout, **environment)

    def jetbench_here(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Call the command `jetbench` in this process: for mistakes in its use, and for commands that only read.

        Plugins of ours are imported here, so a test that edits one, or that needs what a process does to itself,
        takes :meth:`jetbench`.
        """
        stdout, stderr, status = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
            for folder in reversed(self.path):
                patch.syspath_prepend(folder)
            patch.delenv("OMP_NUM_THREADS", raising=False)
            for name, value in self.environment(**environment).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["jetbench", *arguments])
            try:
                main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 0
        return subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue())


@pytest.fixture
def outsiders(tmp_path: Path, session_cache: Path) -> Outsiders:
    """No outsider yet; a test installs or writes what it needs."""
    return Outsiders(tmp_path / "outsiders", session_cache)


@pytest.fixture(scope="module")
def module_outsiders(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Outsiders:
    """The kind outsider and the evil ones, for all tests of a module."""
    outsiders = Outsiders(tmp_path_factory.mktemp("installed") / "outsiders", session_cache)
    outsiders.install("kind-outsider")
    outsiders.install("evil-outsider")
    return outsiders


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Path:
    """The folder of a run of the kind outsider that ended well, one for all processes of the session: read it only."""
    run = session_cache.with_name("finished") / "run"
    run.parent.mkdir(exist_ok=True)
    with FileLock(run.parent / "lock"):
        if not (run / "leaderboard.md").exists():
            outsiders = Outsiders(tmp_path_factory.mktemp("installed") / "outsiders", session_cache)
            outsiders.install("kind-outsider")
            done = outsiders.jetbench(*arguments(run, "kind-gaussian"))
            assert done.returncode == 0, done.stderr
    return run


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of a run that ended well, for a test that changes it."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))
