"""JetClass (Zenodo 6619768) and files like it: lists ``part_px``, ..., the axis ``jet_pt``, ..., and ``label_...``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from jetgen.conversion.relative import JetTypes
from jetgen.errors import DataError
from jetgen.io.cloud_file import CloudFile, open_clouds

__all__ = ["is_jetclass", "open_jetclass"]

_PARTICLES = ("part_px", "part_py", "part_pz", "part_energy")
_AXIS = ("jet_pt", "jet_eta", "jet_phi")
_TYPE = "label_"
_KNOWN = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")


def is_jetclass(names: Collection[str]) -> bool:
    """Whether the lists of a file are those of JetClass."""
    return set(_PARTICLES) <= set(names)


def open_jetclass(path: Path, points: str | None, observables: Sequence[str]) -> tuple[CloudFile, JetTypes | None]:
    """The jets, with their axis as conditioning if the file has it; and their types if the file has these.

    Arguments:
        points: the tree of a ROOT file with several.
        observables: what the file knows of each jet as a whole.

    Raises:
        DataError: if a jet is of no type, or of two.
    """
    axis = _AXIS if set(_AXIS) <= set(observables) else ()
    file = open_clouds(path, _PARTICLES, axis, "jets", points)
    try:
        return file, _types(file)
    except DataError:
        file.close()
        raise


def _types(file: CloudFile) -> JetTypes | None:
    names = _in_order(name.removeprefix(_TYPE) for name in file.observables if name.startswith(_TYPE))
    if not names:
        return None
    found = file.observed([_TYPE + name for name in names])
    wrong = np.flatnonzero((found.sum(1) != 1) | ((found != 0) & (found != 1)).any(1))
    if len(wrong):
        msg = f"{file.path}: the jet in row {wrong[0]} is not of one type: of label_{', label_'.join(names)} one is 1"
        raise DataError(msg)
    return JetTypes(found.argmax(1), tuple(names))


def _in_order(names: Iterable[str]) -> list[str]:
    """The same order for every file, however it is stored: that of the paper, then others by name."""
    return sorted(names, key=lambda name: (_KNOWN.index(name) if name in _KNOWN else len(_KNOWN), name))
