"""The dataset class of the tracks. Pythia and FastJet are imported when true events are simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from jetgen.api.protocols import Response, Split
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen_tracks.detector import TrackDetector
from jetgen_tracks.particles import FEATURES, PARTICLES
from jetgen_tracks.specs import EVENTS, REPLICAS
from numpy.typing import NDArray

from jetgen_pythia.recipe import entropy
from jetgen_pythia.streams import Streams, require_known
from jetgen_pythia.tracks.recipe import CHARGED, PROCESS

__all__ = ["PythiaTracks"]

_RESPONSE_VERSION = 1
"""Increased by hand whenever a change of the code changes a track."""


class PythiaTracks(Streams):
    """Tracks of the charged particles of jets, in replicas of each true event, with the detector of ``jetgen-tracks``.

    The true events are kept in the cache; tracks are made when they are loaded.

    Arguments:
        size: a name in :data:`jetgen_tracks.specs.EVENTS`.

    Raises:
        UsageError: if there is no such size.

    >>> PythiaTracks.create("tiny").spec.given.names
    ('pt', 'eta', 'phi', 'class')
    """

    unit = "events"

    def __init__(self, size: str = "small") -> None:
        require_known("size", size, EVENTS)
        super().__init__(PROCESS, EVENTS[size])
        self._detector = TrackDetector("crowds")
        self._replicas = dict(zip(self._counts, REPLICAS, strict=True))

    @property
    def spec(self) -> CloudSpec:
        """Tracks with pT in GeV, eta and phi; ``given`` are the particles, which have a class too."""
        return CloudSpec("tracks", FEATURES, CHARGED.most, given=replace(PARTICLES, max_points=CHARGED.most))

    def recipe(self) -> Mapping[str, Any]:
        """What determines the tracks.

        Raises:
            JetgenError: if Pythia or FastJet is not installed.
        """
        return {**super().recipe(), "response": _RESPONSE_VERSION, "replicas": self._replicas}

    def load(self, split: Split) -> Clouds:  # type: ignore[override]  # replicas are made in memory
        """The tracks of one split, the replicas of an event one after the other.

        Raises:
            UsageError: if there is no such split.
            DataError: if the true events were not prepared.
        """
        events, replicas = len(super().load(split)), self._replicas[split]
        # A shard is reconstructed as a whole, with one seed, so that a larger size begins with a smaller one.
        parts = []
        for shard in self._shards(split):
            given = shard.read()
            rng = np.random.default_rng(entropy(PROCESS, "detector", split, shard.index))
            parts.append(self._detector.tracks(given, np.repeat(np.arange(len(given)), replicas), rng))
        made = Clouds.concatenate(parts)[: events * replicas]
        assert made.given is not None
        return Clouds(made.points, made.offsets, None, made.given[:events], made.event)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new true events, simulated now on one thread, each reconstructed once.

        Raises:
            JetgenError: if Pythia or FastJet cannot be imported.
        """
        return self.answer(super().simulate(n, seed), np.arange(n), seed)

    def response(self, given: Clouds) -> Response:
        """What happens to each particle of these true events, exactly; see :class:`jetgen.SupportsResponse`.

        Raises:
            DataError: if the clouds do not have the features of true events.
        """
        return self._detector.response(given)

    def answer(self, given: Clouds, event: NDArray[np.int64], seed: int) -> Clouds:
        """New tracks, made now: those of cloud i are of the true event ``event[i]``.

        Raises:
            DataError: if the clouds do not have the features of true events.
        """
        rng = np.random.default_rng(entropy(PROCESS, "answer", seed))
        return self._detector.tracks(given, event, rng)
