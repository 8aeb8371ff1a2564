"""The columns of the tables from measured objects, as an analysis without truth would reconstruct them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from jetgen_pythia.higgs.objects import Objects
from jetgen_pythia.higgs.recipe import MASSES, SELECTION
from jetgen_pythia.kinematics import Momenta, eta_of, mass_of, pt_of

__all__ = ["neutrino", "observables"]


def observables(objects: Objects, w_mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (N, 18): the columns of :data:`jetgen_pythia.higgs.columns.COLUMNS`.

    Arguments:
        w_mass: float64 (N,), the mass of each leptonic W, in GeV.
    """
    lepton, four = objects.lepton, objects.jets[:, :4]
    jet_columns = np.stack([pt_of(four), eta_of(four)], 2).reshape(len(four), 8)
    measured = [pt_of(lepton), eta_of(lepton), np.hypot(*objects.missing.T)]
    masses = _masses(lepton + neutrino(lepton, objects.missing, w_mass), objects)
    return np.concatenate([np.stack(measured, 1), jet_columns, np.stack(masses, 1)], 1)


def neutrino(lepton: Momenta, missing: NDArray[np.float64], w_mass: NDArray[np.float64]) -> Momenta:
    """float64 (N, 4): the neutrino with the missing transverse momentum that gives the W its mass with the lepton.

    Of two solutions it is the one with the smaller momentum along the beam. Where the transverse mass is larger than
    the mass there is none, and the W gets its transverse mass.
    """
    pt, met = pt_of(lepton), np.hypot(*missing.T)
    # The lepton is taken as massless: m^2 / 2 = energy * energy' - momentum * momentum'.
    energy = np.hypot(pt, lepton[:, 2])
    product = np.maximum(w_mass**2 / 2 + (lepton[:, :2] * missing).sum(1), pt * met)
    root = energy * np.sqrt(np.maximum(product**2 - (pt * met) ** 2, 0))
    both = (product * lepton[:, 2] + np.stack([root, -root])) / pt**2
    along = np.where(np.abs(both[0]) < np.abs(both[1]), *both)
    return np.stack([*missing.T, along, np.hypot(met, along)], 1)


def _masses(leptonic: Momenta, objects: Objects) -> list[NDArray[np.float64]]:
    """m_jj, m_jjj, m_lv, m_jlv, m_bb, m_wbb and m_wwbb, each float64 (N,), from the momentum of the leptonic W."""
    first, second, rest = _b_jets(objects)
    hadronic = _hadronic_w(rest)
    ways = [(hadronic + one, leptonic + other) for one, other in ((first, second), (second, first))]
    tops = np.stack([[mass_of(top) for top in way] for way in ways])  # the way, the top, the event
    m_jjj, m_jlv = _nearest(tops, np.abs(tops - MASSES.top).sum(1))
    pair = first + second
    charged = np.stack([mass_of(pair + leptonic), mass_of(pair + hadronic)])
    m_wbb = _nearest(charged[:, None], np.abs(charged - MASSES.charged_higgs))[0]
    m_wwbb = mass_of(pair + leptonic + hadronic)
    return [mass_of(hadronic), m_jjj, mass_of(leptonic), m_jlv, mass_of(pair), m_wbb, m_wwbb]


def _b_jets(objects: Objects) -> tuple[Momenta, Momenta, Momenta]:
    """The two jets that are taken for b jets, tagged before untagged and hard before soft, and the rest (N, J - 2)."""
    order = np.argsort(~objects.tagged, axis=1, kind="stable")
    jets = np.take_along_axis(objects.jets, order[..., None], 1)
    return jets[:, 0], jets[:, 1], jets[:, 2:]


def _hadronic_w(jets: Momenta) -> Momenta:
    """float64 (N, 4): the sum of the two jets with a mass next to that of the W."""
    pairs = list(combinations(range(SELECTION.jets_max - 2), 2))
    sums = np.stack([jets[:, i] + jets[:, j] for i, j in pairs])
    there = np.stack([jets[:, j, 3] > 0 for _, j in pairs])  # missing jets come last
    away = np.where(there, np.abs(mass_of(sums) - MASSES.w), np.inf)
    nearest: Momenta = sums[np.argmin(away, 0), np.arange(len(jets))]
    return nearest


def _nearest(choices: NDArray[np.float64], away: NDArray[np.float64]) -> NDArray[np.float64]:
    """From choices (K, M, N) the one of each event that is least ``away`` (K, N): float64 (M, N)."""
    nearest: NDArray[np.float64] = np.take_along_axis(choices, np.argmin(away, 0)[None, None], 0)[0]
    return nearest
