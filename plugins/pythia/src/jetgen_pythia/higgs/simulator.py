"""Rows of one channel from events. Importing this module loads Pythia and FastJet."""

from __future__ import annotations

import numpy as np
from jetgen.data.clouds import Clouds

from jetgen_pythia.higgs.columns import COLUMNS
from jetgen_pythia.higgs.objects import measured
from jetgen_pythia.higgs.observables import observables
from jetgen_pythia.higgs.recipe import MASSES, channel_settings
from jetgen_pythia.simulator import Simulator

__all__ = ["TableSimulator"]


class TableSimulator(Simulator):
    """The simulation of the rows of one channel, without conditioning.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
    """

    none = Clouds(np.empty((0, len(COLUMNS))), [0])
    events_per_cloud = 3

    def __init__(self, channel: str) -> None:
        super().__init__(channel, channel_settings(channel))

    def attempt(self, events: int, rng: np.random.Generator) -> Clouds:
        """The rows of the events that pass the selection."""
        objects = measured(*self._collider.collide(events), rng)
        # A fixed mass would be that of most rows: a column of which a density has no meaning.
        w_mass = rng.normal(MASSES.w, MASSES.w_spread, len(objects.lepton))
        rows = observables(objects, w_mass)
        return Clouds(rows, np.arange(len(rows) + 1))
