"""Jets from deposits by FastJet, and their particles relative to the jet."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np
from fastjet._swig import ClusterSequence  # only there can the banner be kept off the standard output
from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from numpy.typing import NDArray

from jetgen_pythia.events import Particles
from jetgen_pythia.kinematics import Momenta, distance, eta_of, mass_of, phi_of, pt_of
from jetgen_pythia.recipe import JETS

__all__ = ["LeadingJets", "jets_above", "leading_jets"]

ClusterSequence.set_fastjet_banner_stream(None)


@dataclass(frozen=True)
class LeadingJets:
    """The leading jets of J events, and their K constituents.

    Arguments:
        event: int64 (J,), the event of each jet, increasing.
        momenta: float64 (J, 4), the four-momentum of each jet in GeV.
        owner: int64 (K,), the jet of each constituent, non-decreasing.
        constituents: float64 (K, 4), the four-momentum of each constituent in GeV.
    """

    event: NDArray[np.int64]
    momenta: Momenta
    owner: NDArray[np.int64]
    constituents: Momenta

    def of_events(self, event: NDArray[np.int64]) -> NDArray[np.int64]:
        """The jet of each of these events, -1 where there is none: the shape of ``event``."""
        row = np.full(1 + max(self.event.max(initial=-1), event.max(initial=-1)), -1)
        row[self.event] = np.arange(len(self.event))
        return row[event]

    def near(self, hard: Particles) -> NDArray[np.bool_]:
        """Whether a hard-process parton of the event lies within the match radius of each jet: bool (J,)."""
        jet = self.of_events(hard.event)
        partons, jet = hard.momenta[jet >= 0], jet[jet >= 0]
        near = np.zeros(len(self.event), np.bool_)
        near[jet[distance(partons, self.momenta[jet]) < JETS.match_radius]] = True
        return near

    def clouds(self) -> tuple[Clouds, NDArray[np.int64]]:
        """The particles relative to their jets, hardest first, and the indices of the jets that have enough of them.

        Features: etarel, phirel, ptrel. Conditioning (N, 3): pt (GeV), eta and mass (GeV) of the whole jet, before
        any particle is dropped.
        """
        pt = pt_of(self.constituents)
        order = np.lexsort((-pt, self.owner))
        order = order[pt[order] > JETS.particle_pt_min]
        multiplicity = np.bincount(self.owner[order], minlength=len(self.event))
        rank = np.arange(len(order)) - np.repeat(np.cumsum(multiplicity) - multiplicity, multiplicity)
        kept = order[(rank < JETS.most) & np.repeat(multiplicity >= JETS.fewest, multiplicity)]
        jet, particles = self.owner[kept], self.constituents[kept]
        features = [
            eta_of(particles) - eta_of(self.momenta)[jet],
            wrapped(phi_of(particles) - phi_of(self.momenta)[jet]),
            pt_of(particles) / pt_of(self.momenta)[jet],
        ]
        rows = np.flatnonzero(multiplicity >= JETS.fewest)
        jets = self.momenta[rows]
        conditioning = np.stack([pt_of(jets), eta_of(jets), mass_of(jets)], 1)
        sizes = np.minimum(multiplicity[rows], JETS.most)
        return Clouds.from_multiplicities(np.stack(features, 1), sizes, conditioning), rows


def leading_jets(n: int, event: NDArray[np.int64], momenta: Momenta) -> LeadingJets:
    """The leading anti-kT jet of each event, if its transverse momentum is in range.

    Arguments:
        n: the number of events.
        event: int64 (D,), the event of each deposit, non-decreasing.
        momenta: float64 (D, 4), the four-momentum of each deposit in GeV.
    """
    deposits, clustering = _clustered(n, event, momenta, JETS.radius)
    jets = clustering.inclusive_jets(JETS.pt_min)
    pt = np.hypot(jets.px, jets.py)
    leading = ak.argmax(pt, axis=1, keepdims=True)
    chosen = ak.fill_none(ak.firsts(pt[leading]) < JETS.pt_max, value=False)
    jet = ak.firsts(jets[leading])[chosen]
    index = ak.firsts(clustering.constituent_index(JETS.pt_min)[leading])[chosen]
    constituents = ak.drop_none(deposits[chosen][index])
    sizes = ak.to_numpy(ak.num(constituents))
    return LeadingJets(
        event=np.flatnonzero(ak.to_numpy(chosen)),
        momenta=_columns(jet),
        owner=np.repeat(np.arange(len(sizes)), sizes),
        constituents=_columns(ak.flatten(constituents)),
    )


def jets_above(
    pt_min: float, radius: float, n: int, event: NDArray[np.int64], momenta: Momenta
) -> tuple[NDArray[np.int64], Momenta]:
    """All anti-kT jets above a transverse momentum: int64 (J,), the event of each, increasing, and float64 (J, 4).

    Arguments:
        pt_min: in GeV.
        radius: R of the algorithm.
        n: the number of events.
        event: int64 (D,), the event of each deposit, non-decreasing.
        momenta: float64 (D, 4), the four-momentum of each deposit in GeV.
    """
    jets = _clustered(n, event, momenta, radius)[1].inclusive_jets(pt_min)
    return np.repeat(np.arange(n), ak.to_numpy(ak.num(jets))), _columns(ak.flatten(jets))


def _clustered(
    n: int, event: NDArray[np.int64], momenta: Momenta, radius: float
) -> tuple[ak.Array, fastjet.ClusterSequence]:
    """The deposits of each event as vectors, and their anti-kT clustering."""
    columns = dict(zip(("px", "py", "pz", "E"), momenta.T, strict=True))
    deposits = ak.unflatten(ak.zip(columns, with_name="Momentum4D"), np.bincount(event, minlength=n))
    return deposits, fastjet.ClusterSequence(deposits, fastjet.JetDefinition(fastjet.antikt_algorithm, radius))


def _columns(vectors: ak.Array) -> Momenta:
    names = ("px", "py", "pz", "E")
    return np.stack([ak.to_numpy(vectors[name], allow_missing=False) for name in names], 1).astype(np.float64)
