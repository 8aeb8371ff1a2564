"""What a stage leaves in the folder of its cell for later stages: whether it is still there, and still the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from jetgen.errors import DataError
from jetgen.io.content import content_digest

__all__ = ["Output", "edited", "missing", "outputs_of"]

_OUTPUTS = {"fit": "model", "sample": "samples.h5"}
"""By stage, what it leaves: a file, or a folder of files."""


class Output(BaseModel):
    """One file that a stage left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int
    sha256: str


def outputs_of(folder: Path, stage: str) -> dict[str, Output]:
    """What ``stage`` has left in the folder of its cell, by path; empty if later stages take nothing from it."""
    name = _OUTPUTS.get(stage)
    if name is None:
        return {}
    place = folder / name
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    return {
        path.relative_to(folder).as_posix(): Output(size=path.stat().st_size, sha256=content_digest(path))
        for path in files
    }


def missing(folder: Path, outputs: Mapping[str, Output]) -> list[str]:
    """Which outputs are not there or have another size, in words: a look that every run can afford."""
    found = []
    for name, output in outputs.items():
        path = folder / name
        try:
            size = path.stat().st_size if path.is_file() else None
        except OSError:
            size = None
        if size is None:
            found.append(f"{name} is missing")
        elif size != output.size:
            found.append(f"{name} has {size:,} bytes, {output.size:,} were written")
    return found


def edited(folder: Path, outputs: Mapping[str, Output]) -> list[str]:
    """Which outputs are not as the stage left them, in words: each file is read to its end."""
    found = missing(folder, outputs)
    for name, output in [] if found else outputs.items():
        try:
            same = content_digest(folder / name) == output.sha256
        except DataError:
            same = False
        if not same:
            found.append(f"{name} is not as it was written")
    return found
