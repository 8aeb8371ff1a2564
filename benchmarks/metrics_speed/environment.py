"""The peer's environment: made once, whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["NoPeerError", "check_peer", "peer_python"]

_ROOT = Path(__file__).resolve().parents[2]
_PEER = ("numpy<2", "pyarrow<20", "pandas<3", "jetnet==0.2.5", "torch_geometric")
_CHECK = "import jetnet.evaluation, energyflow, torch_geometric"


class NoPeerError(Exception):
    """The environment cannot be made; the message is one sentence."""


def peer_python(folder: Path) -> str:
    """The interpreter of the environment in ``folder``, which is made if it is not there whole.

    Raises:
        NoPeerError: if a step fails; nothing of it counts then.
    """
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    marker = folder / "whole"
    if not marker.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _step("make it", [sys.executable, "-m", "venv", str(folder)])
        _step("install torch into it", [*pip, _pinned_torch()])
        _step("install jetnet into it", [*pip, *_PEER])
    check_peer(str(python))
    marker.touch()
    return str(python)


def check_peer(python: str) -> None:
    """Raise :class:`NoPeerError` unless that Python can import the peer."""
    _step("import jetnet there", [python, "-c", _CHECK])


def _pinned_torch() -> str:
    """The version that ours runs with: an unpinned one could bring gigabytes of CUDA along."""
    lines = (_ROOT / "constraints.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def _step(what: str, command: list[str]) -> None:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        said = str(error)
    else:
        if answer.returncode == 0:
            return
        lines = answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"]
        said = next((line for line in reversed(lines) if "rror" in line), lines[-1])
    msg = f"the peer's environment is not there: could not {what} ({said.strip()})"
    raise NoPeerError(msg)
