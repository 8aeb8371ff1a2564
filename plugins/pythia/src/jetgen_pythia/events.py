"""Proton-proton collisions from Pythia 8 as flat arrays of particles."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
import pythia8mc
from jetgen.errors import JetgenError
from numpy.typing import NDArray

from jetgen_pythia.kinematics import Momenta

__all__ = ["Collider", "Particles"]

_SEEDS = 900_000_000
"""The largest seed of Pythia's random generator; the smallest is 1."""


def _pythia() -> Any:
    """Pythia with its own data: those of another installation, which PYTHIA8DATA may name, do not fit."""
    foreign = os.environ.pop("PYTHIA8DATA", None)
    try:
        return pythia8mc.Pythia("", printBanner=False)
    finally:
        if foreign is not None:
            os.environ["PYTHIA8DATA"] = foreign


@dataclass(frozen=True)
class Particles:
    """P particles of several events.

    Arguments:
        event: int64 (P,), the index of the event.
        pid: int64 (P,), the PDG code.
        momenta: float64 (P, 4), px, py, pz and E in GeV.
    """

    event: NDArray[np.int64]
    pid: NDArray[np.int64]
    momenta: Momenta

    def __getitem__(self, key: NDArray[Any]) -> Particles:
        return Particles(self.event[key], self.pid[key], self.momenta[key])


class Collider:
    """Pythia, initialised for one process. This takes about a second; setting the seed takes no time.

    The initialisation always has the same seed, and no event changes a later one. The events depend on the settings and
    on the last call of :meth:`seed` alone.

    Arguments:
        process: what error messages call it.
        settings: lines for Pythia.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
    """

    def __init__(self, process: str, settings: Sequence[str]) -> None:
        self._pythia = _pythia()
        for line in ("Print:quiet = on", "Random:setSeed = on", "Random:seed = 1", *settings):
            if not self._pythia.readString(line):
                msg = f"Pythia does not know the setting {line!r}; install the version that jetgen-pythia asks for"
                raise JetgenError(msg)
        if not self._pythia.init():
            msg = f"Pythia cannot set up the process {process}; install the version that jetgen-pythia asks for"
            raise JetgenError(msg)

    def seed(self, word: int) -> None:
        """Seed the random generator with a non-negative integer."""
        self._pythia.rndm.init(1 + word % _SEEDS)

    def collide(self, n: int) -> tuple[int, NDArray[np.int64], Particles]:
        """At most ``n`` events: their number, and the status codes int64 (P,) and all particles of their records.

        The status of a final particle is positive, and Pythia's manual lists the others.
        """
        record = self._pythia.nextBatch(n).prt
        sizes = ak.to_numpy(ak.num(record.status))
        status, pid = (_flat(record[name]).astype(np.int64) for name in ("status", "id"))
        momenta = np.stack([_flat(record.p[name]) for name in ("px", "py", "pz", "e")], 1)
        return len(sizes), status, Particles(np.repeat(np.arange(len(sizes)), sizes), pid, momenta)


def _flat(column: Any) -> NDArray[Any]:
    return np.asarray(ak.to_numpy(ak.flatten(column)))
