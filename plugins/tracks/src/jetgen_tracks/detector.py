"""The detector: which true particles are found, and what is measured of them; with its exact response."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jetgen.api.protocols import Response
from jetgen.data.arrays import offsets_of
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError, UsageError, did_you_mean
from numpy.typing import NDArray

from jetgen_tracks.efficiency import EFFICIENCIES
from jetgen_tracks.particles import PARTICLES
from jetgen_tracks.resolution import residual_moments, smeared

__all__ = ["TrackDetector", "reconstructed"]


@dataclass(frozen=True)
class TrackDetector:
    """The reconstruction of charged particles with features pT (GeV), eta, phi (rad) and class.

    Arguments:
        efficiency: a name in :data:`jetgen_tracks.efficiency.EFFICIENCIES`.

    Raises:
        UsageError: if there is no such efficiency.
    """

    efficiency: str

    def __post_init__(self) -> None:
        if self.efficiency not in EFFICIENCIES:
            nearest = did_you_mean(self.efficiency, EFFICIENCIES)
            msg = f"tracks have no efficiency {self.efficiency!r}{nearest}; use {', '.join(EFFICIENCIES)}"
            raise UsageError(msg)

    def response(self, given: Clouds) -> Response:
        """What happens to each particle of these true events, exactly; see :class:`jetgen.SupportsResponse`.

        Raises:
            DataError: if the clouds do not have the features of true events.
        """
        pt, eta = self._particles(given).points[:, :2].astype(np.float64).T
        mean, variance = residual_moments(pt, eta)
        return Response(EFFICIENCIES[self.efficiency](given), mean, variance)

    def tracks(self, given: Clouds, event: NDArray[np.int64], rng: np.random.Generator) -> Clouds:
        """The tracks of true events: those of cloud i are of ``event[i]``.

        Raises:
            DataError: if the clouds do not have the features of true events.
        """
        return reconstructed(given, EFFICIENCIES[self.efficiency](self._particles(given)), event, rng)

    def _particles(self, given: Clouds) -> Clouds:
        if given.n_features != len(PARTICLES.features):
            msg = f"true events have the features {', '.join(PARTICLES.names)}; these have {given.n_features}"
            raise DataError(msg)
        return given


def reconstructed(
    given: Clouds, found: NDArray[np.float64], event: NDArray[np.int64], rng: np.random.Generator
) -> Clouds:
    """The tracks of true events, in falling order of pT.

    Arguments:
        given: the true events; pT, eta and phi are their first features.
        found: float64 (total,), the probability that each particle is found.
        event: int64 (N,), the event that each cloud is a reconstruction of.
        rng: the source of randomness.
    """
    particles = given[event]
    chance = found[given.offsets[event[particles.rows]] + particles.ranks]
    seen = rng.random(len(chance)) < chance
    pt, eta, phi = particles.points[seen, :3].astype(np.float64).T
    points = smeared(pt, eta, phi, rng)
    cloud = particles.rows[seen]
    order = np.lexsort([-points[:, 0], cloud])
    counts = np.bincount(cloud, minlength=len(particles))
    return Clouds(points[order], offsets_of(counts), None, given, event)
