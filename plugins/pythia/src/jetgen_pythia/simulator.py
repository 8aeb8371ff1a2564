"""From a seed to clouds: what the simulations of all processes share. Importing this module loads Pythia."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from jetgen.data.clouds import Clouds

from jetgen_pythia.events import Collider
from jetgen_pythia.recipe import entropy

__all__ = ["Simulator"]

_EVENTS = 100
"""The largest number of events in memory: about 50 MB of particles."""


class Simulator(ABC):
    """The simulation of one process; a subclass makes clouds of events.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
    """

    none: ClassVar[Clouds]
    """No clouds, with the columns of the process."""
    events_per_cloud: ClassVar[int] = 1
    """How many events are simulated at once for each cloud that is missing."""

    def __init__(self, process: str, settings: tuple[str, ...]) -> None:
        self._process = process
        self.events = 0
        """How many events were simulated so far."""
        self._collider = Collider(process, settings)

    @abstractmethod
    def attempt(self, events: int, rng: np.random.Generator) -> Clouds:
        """The clouds of at most so many new events; an event gives one cloud or none."""

    def clouds(self, n: int, *axes: str | int) -> Clouds:
        """``n`` clouds, with the seed that ``axes`` name.

        The same call gives the same clouds, whatever was simulated before.
        """
        words = entropy(self._process, *axes)
        self._collider.seed(words[0])
        rng = np.random.default_rng(words[1:])
        parts, missing = [self.none], n
        while missing > 0:
            events = min(missing * self.events_per_cloud, _EVENTS)
            parts.append(self.attempt(events, rng))
            self.events += events
            missing -= len(parts[-1])
        return Clouds.concatenate(parts)[:n]
