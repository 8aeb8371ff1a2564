"""A parametric detector: tracks, two calorimeters with cells, and Gaussian resolutions.

It follows the parametrisation behind the published JetNet jets (arXiv:1709.08705), fitted to their statistics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen_pythia.events import Particles
from jetgen_pythia.kinematics import Momenta, eta_of, phi_of, pt_of
from jetgen_pythia.recipe import DETECTOR

__all__ = ["CHARGED_HADRONS", "NEUTRINOS", "detect"]

CHARGED_HADRONS = (211, 321, 2212, 3112, 3222, 3312)
"""PDG codes of the charged hadrons that live long enough."""

NEUTRINOS = (12, 14, 16)
"""PDG codes of what leaves nothing."""

_LEPTONS = (11, 13, 15)
_PHOTONS = (22,)
_NEUTRAL = (130, 310, 2112, 3122, 3322)


def detect(particles: Particles, rng: np.random.Generator) -> tuple[NDArray[np.int64], Momenta]:
    """The deposits that the detector measures: int64 (D,), the event of each, and float64 (D, 4), its four-momentum.

    The deposits are sorted by event. Neutrinos, and all particles that are not listed above, leave none.
    """
    pid, momenta = np.abs(particles.pid), particles.momenta
    seen = np.abs(momenta[:, 2]) < np.tanh(DETECTOR.eta_seen) * momenta[:, 3]
    charged = np.isin(pid, CHARGED_HADRONS)
    stiff = charged & (pt_of(momenta) > DETECTOR.track_pt_max)
    tracks = particles[seen & ((charged & ~stiff) | np.isin(pid, _LEPTONS))]
    hadronic = _cells(particles[seen & (stiff | np.isin(pid, _NEUTRAL))], DETECTOR.hcal_cell)
    photonic = _cells(particles[seen & np.isin(pid, _PHOTONS)], DETECTOR.ecal_cell)
    parts = [(tracks.event, tracks.momenta), hadronic, photonic]
    width = np.concatenate(
        [_track_width(tracks.momenta), _hcal_width(hadronic[1][:, 3]), _ecal_width(photonic[1][:, 3])]
    )
    event = np.concatenate([part[0] for part in parts])
    factor = np.maximum(1e-10, rng.normal(1, DETECTOR.resolution_scale * width))
    measured = np.concatenate([part[1] for part in parts]) * factor[:, None]
    order = np.argsort(event, kind="stable")
    return event[order], measured[order]


def _cells(particles: Particles, width: float) -> tuple[NDArray[np.int64], Momenta]:
    """The energy in each cell that was hit, as a massless particle at the centre of the cell; its event comes first."""
    limit = DETECTOR.eta_calorimeter
    n_eta, n_phi = int(2 * limit / width), int(2 * np.pi / width)
    row = np.floor((eta_of(particles.momenta) + limit) * (n_eta / (2 * limit))).astype(np.int64)
    column = np.floor(phi_of(particles.momenta) % (2 * np.pi) * (n_phi / (2 * np.pi))).astype(np.int64)
    inside = (row >= 0) & (row < n_eta)
    # Rounding may give an angle of 2 pi: it belongs to the last cell.
    cell = (particles.event * n_eta + row) * n_phi + np.minimum(column, n_phi - 1)
    hit, which = np.unique(cell[inside], return_inverse=True)
    energy = np.bincount(which, particles.momenta[inside, 3], minlength=len(hit))
    eta = -limit + (hit // n_phi % n_eta + 0.5) * (2 * limit / n_eta)
    phi = (hit % n_phi + 0.5) * (2 * np.pi / n_phi)
    pt = energy / np.cosh(eta)
    return hit // (n_phi * n_eta), np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), energy], 1)


def _track_width(momenta: Momenta) -> NDArray[np.float64]:
    return np.hypot(0.00025 * pt_of(momenta), 0.015)


def _ecal_width(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(0.027**2 * 1.6 / energy + (0.15 * 1.6 / energy) ** 2 + 0.005**2)


def _hcal_width(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(1.2**2 * 7 / energy + 0.05**2)
