"""From a seed to jets: events, detector, clustering, matching. Importing this module loads Pythia and FastJet."""

from __future__ import annotations

from functools import cache

import numpy as np
from jetgen.data.clouds import Clouds

from jetgen_pythia.clustering import leading_jets
from jetgen_pythia.detector import detect
from jetgen_pythia.events import Collider
from jetgen_pythia.recipe import entropy

__all__ = ["Simulator", "simulator"]

_EVENTS = 100
"""The largest number of events in memory: about 50 MB of particles."""


class Simulator:
    """The simulation of one class of jets.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
    """

    def __init__(self, parton: str) -> None:
        self._parton = parton
        self._collider = Collider(parton)

    def jets(self, n: int, *axes: str | int) -> Clouds:
        """``n`` jets of up to 150 particles, with the seed that ``axes`` name; conditioning pt, eta and mass.

        The same call gives the same jets, whatever was simulated before.
        """
        words = entropy(self._parton, *axes)
        self._collider.seed(words[0])
        rng = np.random.default_rng(words[1:])
        parts = [Clouds(np.empty((0, 3)), [0], np.empty((0, 3)))]
        missing = n
        while missing:
            # An event gives at most one jet, so no jet is left over.
            parts.append(self._attempt(min(missing, _EVENTS), rng))
            missing -= len(parts[-1])
        return Clouds.concatenate(parts)

    def _attempt(self, events: int, rng: np.random.Generator) -> Clouds:
        n, final, hard = self._collider.collide(events)
        jets = leading_jets(n, *detect(final, rng))
        clouds, rows = jets.clouds()
        return clouds[jets.near(hard)[rows]]


@cache
def simulator(parton: str) -> Simulator:
    """The simulator of one class, initialised once per process.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
    """
    return Simulator(parton)
