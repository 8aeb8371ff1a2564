"""Jets of one class from events: detector, clustering, matching. Importing this module loads Pythia and FastJet."""

from __future__ import annotations

import numpy as np
from jetgen.data.clouds import Clouds

from jetgen_pythia.clustering import leading_jets
from jetgen_pythia.detector import detect
from jetgen_pythia.recipe import PARTONS, jet_settings
from jetgen_pythia.simulator import Simulator

__all__ = ["HARD", "JetSimulator"]

HARD = (-22, -23)
"""Status codes of the outgoing partons of the hard process; they are negative because the partons are not final."""


class JetSimulator(Simulator):
    """The simulation of one class of jets of up to 150 particles; conditioning pt, eta and mass.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
    """

    none = Clouds(np.empty((0, 3)), [0], np.empty((0, 3)))

    def __init__(self, parton: str) -> None:
        super().__init__(parton, jet_settings(parton))
        self._ids = PARTONS[parton].ids

    def attempt(self, events: int, rng: np.random.Generator) -> Clouds:
        """The leading jets of the events that are matched to a parton of the class."""
        n, status, particles = self._collider.collide(events)
        hard = particles[np.isin(status, HARD) & np.isin(np.abs(particles.pid), self._ids)]
        jets = leading_jets(n, *detect(particles[status > 0], rng))
        clouds, rows = jets.clouds()
        return clouds[jets.near(hard)[rows]]
