"""Ask a fresh Python process, which knows nothing of what happened in this one."""

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
    """The heavy libraries that importing these modules brings along."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        _ask({"question": "imports", "modules": modules, "answer": str(answer)}, Path(scratch))
        found: list[str] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def sample_afresh(target: str, folder: Path, like: Clouds, spec: CloudSpec, seed: int) -> Clouds:
    """Load the model in ``folder`` on the CPU in a fresh process, and draw one cloud there for each of ``like``."""
    with tempfile.TemporaryDirectory() as scratch:
        answer, truth = Path(scratch) / "answer.npz", Path(scratch) / "like.h5"
        write_clouds(truth, like, spec)
        request = {"question": "sample", "target": target, "folder": str(folder), "like": str(truth), "seed": seed}
        _ask({**request, "answer": str(answer)}, Path(scratch))
        with np.load(answer, allow_pickle=False) as arrays:
            return Clouds(arrays["points"], arrays["offsets"])


def _ask(request: dict[str, Any], scratch: Path) -> None:
    """Answers come as files: a plugin may write to standard output what it likes."""
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
        msg = f"a fresh process was not done after {_TIMEOUT:.0f} s"
        raise CheckFailedError(msg) from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        msg = f"a fresh process ended with status {done.returncode}: {last}"
        raise CheckFailedError(msg)
