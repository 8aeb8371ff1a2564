"""Which particles are found: fixed by the true event, or by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from numpy.typing import NDArray

__all__ = ["EFFICIENCIES"]

Float64 = NDArray[np.float64]

_REACH = 2.5  # in |eta|, of the tracker
_NEAR = 0.015  # in Delta R: of two tracks so near only the harder one is found
_SOFT, _FORWARD = 1.5, 2.0  # softer particles, in GeV, are lost beyond this |eta|
_CENTRAL, _CENTRAL_CHANCE, _OUTER_CHANCE = 1.5, 0.95, 0.85
_SOFT_FACTOR = 0.8


def fixed(events: Clouds) -> Float64:
    """float64 (total,), 1 for the particles that are found and 0 for the others.

    Lost are: particles beyond the tracker; soft ones that go forward; and of two particles nearer than 0.015 in Delta R
    the softer one, unless the harder one is lost itself.
    """
    pt, eta, phi = events.points[:, :3].astype(np.float64).T
    kept = (np.abs(eta) <= _REACH) & ~((pt < _SOFT) & (np.abs(eta) > _FORWARD))
    for start, stop in zip(events.offsets[:-1], events.offsets[1:], strict=True):
        order = start + np.argsort(-pt[start:stop], kind="stable")
        for place, one in enumerate(order):
            harder = order[:place][kept[order[:place]]]
            apart = np.hypot(eta[harder] - eta[one], wrapped(phi[harder] - phi[one]))
            if kept[one] and (apart < _NEAR).any():
                kept[one] = False
    found: Float64 = kept.astype(np.float64)
    return found


def by_chance(events: Clouds) -> Float64:
    """float64 (total,), the probability that each particle is found, independently of the others."""
    pt, eta = events.points[:, 0].astype(np.float64), np.abs(events.points[:, 1].astype(np.float64))
    chance = np.where(eta <= _CENTRAL, _CENTRAL_CHANCE, np.where(eta <= _REACH, _OUTER_CHANCE, 0.0))
    factor: Float64 = np.where(pt < _SOFT, _SOFT_FACTOR, 1.0)
    return factor * chance


def in_crowds(events: Clouds) -> Float64:
    """float64 (total,), the probabilities of :func:`by_chance` for the particles that :func:`fixed` finds, else 0."""
    chance: Float64 = fixed(events) * by_chance(events)
    return chance


EFFICIENCIES: Mapping[str, Callable[[Clouds], Float64]] = {"fixed": fixed, "random": by_chance, "crowds": in_crowds}
"""The probabilities that the particles of true events are found, by the name of the option."""
