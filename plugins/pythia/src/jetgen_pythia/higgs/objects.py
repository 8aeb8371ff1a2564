"""From the particles of events to measured objects: one lepton, jets with tags, and the missing momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen_pythia.clustering import jets_above
from jetgen_pythia.events import Particles
from jetgen_pythia.higgs.recipe import RESOLUTION, SELECTION, TAGGING
from jetgen_pythia.kinematics import Momenta, distance, eta_of, pt_of

__all__ = ["Objects", "measured"]

_LEPTONS = (11, 13)
_NEUTRINOS = (12, 14, 16)
_CHARM, _BOTTOM = 4, 5


@dataclass(frozen=True)
class Objects:
    """The objects of N selected events; momenta in GeV.

    Arguments:
        lepton: float64 (N, 4), the four-momentum of the electron or muon.
        missing: float64 (N, 2), the missing transverse momentum.
        jets: float64 (N, J, 4), the four-momenta of the jets, hardest first; zeros after the last one.
        tagged: bool (N, J), whether the jet is tagged as a b jet.
    """

    lepton: Momenta
    missing: NDArray[np.float64]
    jets: Momenta
    tagged: NDArray[np.bool_]


def measured(n: int, status: NDArray[np.int64], particles: Particles, rng: np.random.Generator) -> Objects:
    """The objects of those of ``n`` events that pass the selection, in their order.

    Arguments:
        status: int64 (P,), Pythia's status codes.
        particles: the P particles of the records, event by event.
    """
    visible = _visible(particles[status > 0])
    lepton = _leptons(n, visible, rng)
    rest = np.bincount(lepton.event, minlength=n)[visible.event] > 0
    rest[lepton.index] = False
    jets = _smeared_jets(n, visible[rest], rng)
    missing = _missing(n, visible, rng)
    np.subtract.at(missing, jets.event, jets.added)
    np.subtract.at(missing, lepton.event, lepton.added)
    tags = _tags(jets, particles, rng)
    momenta = jets.momenta * np.where(tags, RESOLUTION.b_scale, 1)[:, None]
    accepted = (pt_of(momenta) > SELECTION.jet_pt) & (np.abs(eta_of(momenta)) < SELECTION.jet_eta)
    table, tagged = _ranked(n, jets.event[accepted], momenta[accepted], tags[accepted])
    enough = (pt_of(table) > 0).sum(1) >= SELECTION.jets_min
    rows = np.flatnonzero(enough[lepton.event] & (tagged.sum(1) >= SELECTION.tags_min)[lepton.event])
    chosen = lepton.event[rows]
    return Objects(lepton.momenta[rows], missing[chosen], table[chosen], tagged[chosen])


@dataclass(frozen=True)
class _Smeared:
    """Momenta after the detector: the event of each, increasing, its index among the true ones, and what was added."""

    event: NDArray[np.int64]
    index: NDArray[np.int64]
    momenta: Momenta
    added: NDArray[np.float64]


def _visible(final: Particles) -> Particles:
    momenta = final.momenta
    inside = np.abs(momenta[:, 2]) < np.tanh(SELECTION.eta_seen) * momenta[:, 3]
    return final[inside & ~np.isin(np.abs(final.pid), _NEUTRINOS)]


def _leptons(n: int, visible: Particles, rng: np.random.Generator) -> _Smeared:
    """The lepton of each event that has exactly one isolated electron or muon inside the cuts."""
    candidates = np.isin(np.abs(visible.pid), _LEPTONS) & (pt_of(visible.momenta) > SELECTION.lepton_pt / 2)
    index = np.flatnonzero(candidates)
    which, other = _pairs(visible.event[index], visible.event)
    near = distance(visible.momenta[index[which]], visible.momenta[other]) < SELECTION.isolation_radius
    near &= index[which] != other
    around = np.bincount(which[near], pt_of(visible.momenta[other[near]]), minlength=len(index))
    true = visible.momenta[index]
    momenta = true * rng.normal(1, RESOLUTION.lepton, len(true))[:, None]
    pt = pt_of(momenta)
    good = (pt > SELECTION.lepton_pt) & (np.abs(eta_of(momenta)) < SELECTION.lepton_eta)
    good &= around < SELECTION.isolation * pt
    event = visible.event[index]
    good &= np.bincount(event[good], minlength=n)[event] == 1
    return _Smeared(event[good], index[good], momenta[good], (momenta - true)[good, :2])


def _smeared_jets(n: int, particles: Particles, rng: np.random.Generator) -> _Smeared:
    event, true = jets_above(SELECTION.jet_pt_clustered, SELECTION.radius, n, particles.event, particles.momenta)
    width = np.hypot(RESOLUTION.jet_stochastic / np.sqrt(pt_of(true)), RESOLUTION.jet_constant)
    measured = true * np.maximum(rng.normal(1, width), 0.01)[:, None]
    # What is outside the cones is visible, too: the calibration leaves the missing momentum as it is.
    return _Smeared(event, np.arange(len(event)), RESOLUTION.jet_scale * measured, (measured - true)[:, :2])


def _missing(n: int, visible: Particles, rng: np.random.Generator) -> NDArray[np.float64]:
    """float64 (n, 2): the momentum that is missing before jets and leptons are smeared."""
    total = np.stack([np.bincount(visible.event, visible.momenta[:, i], minlength=n) for i in range(2)], 1)
    missing: NDArray[np.float64] = rng.normal(0, RESOLUTION.met_soft, (n, 2)) - total
    return missing


def _tags(jets: _Smeared, particles: Particles, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Bool (J,): a tag for each jet at random, by the heaviest quark in the hadrons near it."""
    quark = _heavy_quark(particles.pid)
    heavy = np.flatnonzero((quark >= _CHARM) & (pt_of(particles.momenta) > TAGGING.hadron_pt))
    jet, hadron = _pairs(jets.event, particles.event[heavy])
    near = distance(jets.momenta[jet], particles.momenta[heavy[hadron]]) < TAGGING.radius
    flavour = np.zeros(len(jets.event), np.int64)
    np.maximum.at(flavour, jet[near], quark[heavy[hadron[near]]])
    probability = np.select([flavour == _BOTTOM, flavour == _CHARM], [TAGGING.bottom, TAGGING.charm], TAGGING.light)
    tags: NDArray[np.bool_] = rng.random(len(jets.event)) < probability
    return tags


def _heavy_quark(pid: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 (P,): the flavour of the heaviest quark of each hadron, by the digits of its PDG code; 0 for others.

    >>> _heavy_quark(np.array([511, -5122, 411, 211, 5, 9900110])).tolist()
    [5, 5, 4, 2, 0, 0]
    """
    code = np.abs(pid)
    digit = np.where(code >= 1000, code // 1000 % 10, code // 100 % 10)
    return np.where((code > 100) & (code < 1_000_000), digit, 0)


def _ranked(
    n: int, event: NDArray[np.int64], momenta: Momenta, tags: NDArray[np.bool_]
) -> tuple[Momenta, NDArray[np.bool_]]:
    """The hardest jets of each of ``n`` events: float64 (n, J, 4) and bool (n, J), filled up with zeros."""
    order = np.lexsort((-pt_of(momenta), event))
    count = np.bincount(event, minlength=n)
    rank = np.arange(len(event)) - np.repeat(np.cumsum(count) - count, count)
    order, rank = order[rank < SELECTION.jets_max], rank[rank < SELECTION.jets_max]
    table, tagged = np.zeros((n, SELECTION.jets_max, 4)), np.zeros((n, SELECTION.jets_max), np.bool_)
    table[event[order], rank], tagged[event[order], rank] = momenta[order], tags[order]
    return table, tagged


def _pairs(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indices of all pairs of the same event; the events on the right are non-decreasing.

    >>> [side.tolist() for side in _pairs(np.array([3, 0]), np.array([0, 0, 1, 3]))]
    [[0, 1, 1], [3, 0, 1]]
    """
    first = np.searchsorted(right, left, "left")
    count = np.searchsorted(right, left, "right") - first
    which = np.repeat(np.arange(len(left)), count)
    return which, np.arange(len(which)) + np.repeat(first - np.cumsum(count) + count, count)
