"""What tests of users' own files share: golden jets in a file, and every way to spoil one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

GOLDEN = Path(__file__).parents[1] / "core" / "tests" / "golden"
NAMES = ("etarel", "phirel", "ptrel")


def golden(which: str, n: int = 2000) -> dict[str, Any]:
    """``n`` of the golden jets, ``real`` or ``fake``, as the arrays of a padded file."""
    with np.load(GOLDEN / "top30_real_and_fake.npz") as arrays:
        points, mask = arrays[f"points_{which}"][:n], arrays[f"mask_{which}"][:n]
    return {"points": points, "mask": mask, "feature_names": np.array(NAMES, "S")}


def write(path: Path, arrays: dict[str, Any]) -> Path:
    """An HDF5 file or an npz archive, as ``path`` ends."""
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name] = array
    return path


def _truncated(path: Path, arrays: dict[str, Any]) -> None:
    write(path, arrays)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _no_file(path: Path, arrays: dict[str, Any]) -> None:
    del path, arrays


def _text(path: Path, arrays: dict[str, Any]) -> None:
    del arrays
    path.write_text("etarel,phirel,ptrel\n0.1,0.2,0.3\n")


def _empty(path: Path, arrays: dict[str, Any]) -> None:
    del arrays
    path.touch()


def _changed(**changes: Callable[[Any], Any]) -> Callable[[Path, dict[str, Any]], None]:
    def spoil(path: Path, arrays: dict[str, Any]) -> None:
        write(path, {**arrays, **{name: change(arrays.get(name)) for name, change in changes.items()}})

    return spoil


def _without(*names: str) -> Callable[[Path, dict[str, Any]], None]:
    def spoil(path: Path, arrays: dict[str, Any]) -> None:
        write(path, {name: array for name, array in arrays.items() if name not in names})

    return spoil


BAD: dict[str, tuple[str, Callable[[Path, dict[str, Any]], None], str]] = {
    "not there": ("bad.h5", _no_file, "there is no such file"),
    "empty": ("bad.h5", _empty, "the file is empty"),
    "text": ("bad.h5", _text, "neither HDF5 nor npz"),
    "truncated HDF5": ("bad.h5", _truncated, "truncated or damaged"),
    "truncated npz": ("bad.npz", _truncated, "truncated or damaged"),
    "no mask and no offsets": ("bad.h5", _without("mask"), "no mask and no offsets"),
    "no names": ("bad.h5", _without("feature_names"), "have no names"),
    "names for other columns": ("bad.h5", _changed(feature_names=lambda names: names[:2]), "3 columns but 2 names"),
    "flat points": ("bad.h5", _changed(points=lambda points: points[:, 0]), "two dimensions but there are no offsets"),
    "a mask of another shape": ("bad.npz", _changed(mask=lambda mask: mask[:, :-1]), "mask has shape"),
    "other arrays": ("bad.h5", _without("points"), "neither an array 'points' nor 'particle_features'"),
    "texts": ("bad.h5", _changed(points=lambda points: points.astype("S4")), "numbers are needed"),
    "too few": ("bad.npz", _changed(points=lambda points: points[:3], mask=lambda mask: mask[:3]), "too few"),
}
"""Name of the mistake: the file, how it is written from good arrays, and what the sentence must say."""


def with_nan(arrays: dict[str, Any], row: int) -> dict[str, Any]:
    """The same arrays with the pT of the first point of one cloud spoilt."""
    points = arrays["points"].copy()
    points[row, 0, 2] = np.nan
    return {**arrays, "points": points}


def assert_one_sentence(error: str, *parts: str) -> None:
    """One line that begins with ``error:`` and says all of ``parts``."""
    lines = [line for line in error.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, error
    assert "Traceback" not in error
    for part in parts:
        assert part in lines[0], lines[0]
