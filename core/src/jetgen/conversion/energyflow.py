"""The npz archives of EnergyFlow: ``X`` (N, P, 3 or 4), which are pT, rapidity, azimuth and PDG number; ``y`` (N,)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from jetgen.conversion.relative import JetTypes
from jetgen.io.cloud_file import CloudFile, open_clouds
from jetgen.io.store import Store

__all__ = ["is_energyflow", "open_energyflow"]

_COLUMNS = ("pt", "rapidity", "phi", "pid")
_TYPES = ("gluon", "quark")


def is_energyflow(store: Store) -> bool:
    """Whether the arrays are those of EnergyFlow."""
    shape: tuple[int, ...] = getattr(store.arrays["X"], "shape", ()) if "X" in store else ()
    return len(shape) == 3 and shape[2] in (3, 4)


def open_energyflow(path: Path, store: Store) -> tuple[CloudFile, JetTypes | None]:
    """The jets, and their types if the file has them.

    Raises:
        DataError: if the arrays do not go together.
    """
    jets, _, width = store.array("X", "jets, particles, columns").shape
    types = _types(store, jets)
    return open_clouds(path, _COLUMNS[:width], points="X", mask=_COLUMNS[0]), types


def _types(store: Store, jets: int) -> JetTypes | None:
    if "y" not in store:
        return None
    store.array("y", "jets")
    types = store.read("y")
    if len(types) != jets or not np.isin(types, range(len(_TYPES))).all():
        store.refuse(f"y has {len(types)} values for {jets} jets; each is 0 (gluon) or 1 (quark)")
    return JetTypes(types.astype(np.int64), _TYPES)
