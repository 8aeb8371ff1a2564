"""Trained weights that come with the plugin, by name."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

from jetgen.errors import UsageError
from jetgen.suggest import did_you_mean

__all__ = ["digest", "find_weights", "shipped_weights"]


def shipped_weights() -> dict[str, Path]:
    """The folder of each set of weights; ``card.json`` in it says how they were made and how good they are."""
    home = Path(str(files("jetgen_mdma_flowmatch"))) / "weights"
    return {path.parent.name: path.parent for path in sorted(home.glob("*/model.json"))}


def find_weights(name: str) -> Path:
    """The folder of the shipped weights of that name, or of the saved model at that path.

    Raises:
        UsageError: if there is neither.
    """
    known = shipped_weights()
    folder = known.get(name, Path(name))
    if not (folder / "model.json").is_file():
        there = f"there are {', '.join(known)}" if known else "none are shipped"
        msg = f"there are no weights {name!r}{did_you_mean(name, known)}: {there}, or name the folder of a saved model"
        raise UsageError(msg)
    return folder


def digest(folder: Path) -> str:
    """SHA-256 of the file of weights in a folder; empty if there is none."""
    path = folder / "weights.safetensors"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
