"""Record the side effects of a block of code: changes of global random state, and files."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Traces", "watched"]


@dataclass
class Traces:
    """Side effects: whose global random state has changed, and which files are new or changed."""

    randomness: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@contextmanager
def watched(root: Path, allowed: Sequence[Path] = ()) -> Iterator[Traces]:
    """Run the block in an empty working folder inside ``root``; its traces are complete when it ends.

    Arguments:
        allowed: folders inside ``root`` where files may be written.
    """
    traces = Traces()
    here, elsewhere = Path.cwd(), root / "working-folder"
    elsewhere.mkdir(exist_ok=True)
    states, files = _random_states(), _files(root, allowed)
    os.chdir(elsewhere)
    try:
        yield traces
    finally:
        os.chdir(here)
        after = _random_states()
        traces.randomness += [name for name, state in states.items() if after[name] != state]
        traces.files += [str(path) for path, stamp in _files(root, allowed).items() if files.get(path) != stamp]


def _random_states() -> dict[str, Any]:
    """The global random states in a form that can be compared; that of torch only if torch is imported."""
    legacy: Any = np.random.get_state()  # noqa: NPY002 (the global state is what is compared)
    states: dict[str, Any] = {"NumPy's": (legacy[0], legacy[1].tobytes(), *legacy[2:]), "Python's": random.getstate()}
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        states["torch's"] = bytes(torch.random.get_rng_state().numpy())
    return states


def _files(root: Path, allowed: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    found = (path for path in root.rglob("*") if not any(path.is_relative_to(folder) for folder in allowed))
    return {path.relative_to(root): (path.stat().st_mtime_ns, path.stat().st_size) for path in found if path.is_file()}
