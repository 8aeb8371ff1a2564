"""The true events: the charged particles of single jets."""

from __future__ import annotations

import numpy as np
from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from numpy.typing import NDArray

__all__ = ["FEATURES", "MOST", "PARTICLES", "true_events"]

MOST = 12
"""The largest number of particles of a jet."""

CLASSES = ("charged hadron", "electron", "muon")

FEATURES = (Feature("pt", "GeV", "positive"), Feature("eta"), Feature("phi", "rad", "periodic"))
"""The features of a track; true particles have a class too."""

PARTICLES = CloudSpec("tracks", (*FEATURES, Feature("class", nature="categorical", categories=CLASSES)), MOST)
"""What the true events mean."""

_CHANCE = 0.45  # of each of the eleven particles beyond the first
_SHARES = (0.90, 0.05, 0.05)  # of the classes
_LOG_PT = (8.55, 1.08)  # mean and standard deviation of the logarithm of pT in MeV
_LEAST_PT = 1.0  # GeV
_ETA = 2.5
_WIDTH, _AT = 0.15, 5.0  # the spread of the directions about the axis of the jet at 5 GeV; it falls as 1 / sqrt(pT)


def true_events(n: int, rng: np.random.Generator) -> Clouds:
    """``n`` jets of 1 to 12 charged particles, which come in falling order of pT.

    The numbers are those of the toy set of 2211.06406 as far as they are known; the shapes are ours.
    """
    counts = 1 + rng.binomial(MOST - 1, _CHANCE, n)
    jet = np.repeat(np.arange(n), counts)
    pt = _momenta(len(jet), rng)
    axis = np.stack([rng.uniform(-_ETA, _ETA, n), rng.uniform(-np.pi, np.pi, n)], axis=1)
    offsets = rng.normal(size=(len(jet), 2)) * (_WIDTH / np.sqrt(pt / _AT))[:, None]
    eta, phi = (axis[jet] + offsets).T
    kind = rng.choice(len(CLASSES), len(jet), p=_SHARES)
    order = np.lexsort([-pt, jet])
    points = np.stack([pt, eta, wrapped(phi), kind], axis=1)[order]
    return Clouds.from_multiplicities(points, counts)


def _momenta(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Momenta in GeV: log-normal above the least one."""
    pt = np.zeros(n)
    while (missing := np.flatnonzero(pt < _LEAST_PT)).size:
        pt[missing] = np.exp(rng.normal(*_LOG_PT, len(missing))) / 1e3
    return pt
