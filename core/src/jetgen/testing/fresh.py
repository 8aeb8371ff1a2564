"""Run a request in a new Python process, which shares no state with this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.io.writing import write_clouds
from jetgen.testing.verdict import CheckFailedError

__all__ = ["heavy_imports", "sample_afresh"]

_TIMEOUT = 300.0


def heavy_imports(modules: list[str]) -> list[str]:
    """The heavy libraries (torch, TensorFlow, JAX) that are imported with these modules.

    Raises:
        CheckFailedError: if the modules cannot be imported.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        _ask({"question": "imports", "modules": modules, "answer": str(answer)}, Path(scratch))
        found: list[str] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def sample_afresh(target: str, folder: Path, like: Clouds, spec: CloudSpec, seed: int) -> Clouds:
    """One cloud for each of ``like``, from the model in ``folder``, loaded on the CPU in a new process.

    Raises:
        CheckFailedError: if the process fails or does not end in time.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answer, truth = Path(scratch) / "answer.npz", Path(scratch) / "like.h5"
        write_clouds(truth, like, spec)
        request = {"question": "sample", "target": target, "folder": str(folder), "like": str(truth), "seed": seed}
        _ask({**request, "answer": str(answer)}, Path(scratch))
        with np.load(answer, allow_pickle=False) as arrays:
            return Clouds(arrays["points"], arrays["offsets"], weights=arrays.get("weights"))


def _ask(request: dict[str, Any], scratch: Path) -> None:
    """The answer comes in a file, because a plugin may write to standard output."""
    path = [str(Path(entry).absolute()) for entry in sys.path]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "jetgen.testing.child", json.dumps(request)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            cwd=scratch,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"a new process was not done after {_TIMEOUT:.0f} s"
        raise CheckFailedError(msg) from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        msg = f"a new process ended with exit status {done.returncode}: {last}"
        raise CheckFailedError(msg)
