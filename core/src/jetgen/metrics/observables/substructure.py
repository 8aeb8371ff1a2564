"""Substructure of jets: N-subjettiness ratios tau21 and tau32, and the energy correlation ratio D2."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from jetgen.data.jets import coordinates, four_momenta
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.efps import efps
from jetgen.metrics.observables.high_level import within_reach

__all__ = ["OBSERVABLES", "energy_correlation_ratio", "leading_jets", "subjettiness", "substructure"]

_Array = NDArray[np.float64]

OBSERVABLES = ("tau21", "tau32", "d2")
"""The columns of :func:`substructure`."""

RADIUS = 0.8
"""The radius of both clusterings, and the R0 of N-subjettiness."""

_SMALLEST_TAU = 1e-9  # a smaller tau is rounding: all particles share one direction
_EDGE, _TRIANGLE = ((0, 1),), ((0, 1), (1, 2), (2, 0))


def substructure(clouds: Clouds, spec: CloudSpec, *, device: str = "cpu", threads: int = 1) -> _Array:
    """float64 (N, 3): tau21, tau32 and D2 of each cloud of ``etarel``, ``phirel`` and ``ptrel``, as in 2310.00049.

    The particles of a cloud are clustered with anti-kT at R = 0.8, and the jet with the largest transverse momentum is
    used; particles without momentum are ignored. tau21 = tau2 / tau1 and tau32 = tau3 / tau2 are ratios of
    :func:`subjettiness`; D2 = e3 / e2^3 (1409.6298) with the energy correlations at beta = 1.

    A jet of N particles or fewer has tau_N = 0, because each particle is an axis. A ratio with denominator 0 is 0:
    tau21 of particles that share one direction, tau32 of jets with two particles, D2 of jets with one.

    Arguments:
        clouds: the clouds; they need not be clustered already.
        spec: their features.
        device, threads: where and with how many threads the correlations are computed; clustering uses one thread.
    """
    jets = leading_jets(clouds, spec)
    tau1, tau2, tau3 = subjettiness(jets, spec).T
    d2 = energy_correlation_ratio(jets, spec, device=device, threads=threads)
    return np.stack([_ratio(tau2, tau1, _SMALLEST_TAU), _ratio(tau3, tau2, _SMALLEST_TAU), d2], axis=1)


def leading_jets(clouds: Clouds, spec: CloudSpec) -> Clouds:
    """The constituents of the hardest anti-kT jet of each cloud; empty where no particle has momentum."""
    import fastjet

    clouds = within_reach(clouds, spec)
    hard = clouds.points[:, spec.index("ptrel")] > 0
    counts = np.bincount(clouds.rows[hard], minlength=len(clouds))
    clouds = Clouds.from_multiplicities(clouds.points[hard], counts)
    momenta = _momenta(clouds, spec)
    found = _clustering(clouds, momenta, fastjet.antikt_algorithm)
    event, jet, particle = _members(clouds, found.constituent_index())
    pt = np.hypot(*(np.bincount(jet, momenta[particle, i]) for i in (0, 1)))
    owner = np.full(len(pt), -1)
    owner[jet] = event
    by_pt = np.lexsort((pt, owner))
    best = np.full(len(clouds), -1)
    best[owner[by_pt]] = by_pt  # of several, the last one stays
    kept = np.sort(particle[best[event] == jet])
    counts = np.bincount(clouds.rows[kept], minlength=len(clouds))
    return Clouds.from_multiplicities(clouds.points[kept], counts)


def subjettiness(jets: Clouds, spec: CloudSpec) -> _Array:
    """float64 (N, 3), tau1, tau2 and tau3 with beta = 1 (1011.2268).

    tau_N = sum_i pT_i min_k dR(i, k) / (0.8 sum_i pT_i), where k runs over the N axes: the exclusive kT jets
    (R = 0.8, four-momenta added), with their pseudorapidities.
    """
    tau = np.zeros((len(jets), 3))
    for most, size in ((1, jets.multiplicity == 2), (2, jets.multiplicity == 3), (3, jets.multiplicity > 3)):
        if size.any():  # N particles cannot form N + 1 jets, and their tau_N is 0
            tau[size, :most] = _subjettiness_up_to(most, jets[size], spec)
    return tau


def energy_correlation_ratio(jets: Clouds, spec: CloudSpec, *, device: str = "cpu", threads: int = 1) -> _Array:
    """float64 (N,), D2 = e3 / e2^3 with beta = 1 (1409.6298).

    e2 = sum_{i<j} z_i z_j R_ij and e3 = sum_{i<j<k} z_i z_j z_k R_ij R_jk R_ki, where z is a share of the summed pT:
    the energy flow polynomials of an edge and of a triangle, which count each pair twice and each triple six times.
    """
    pt = jets.points[:, spec.index("ptrel")].astype(np.float64)
    total = np.bincount(jets.rows, pt, minlength=len(jets)).astype(
        np.float64, copy=False
    )  # bincount gives integers without jets
    edge, triangle = efps(jets, spec, (_EDGE, _TRIANGLE), device=device, threads=threads).T
    e2, e3 = _ratio(edge / 2.0, total**2), _ratio(triangle / 6.0, total**3)
    return _ratio(e3, e2**3)


def _subjettiness_up_to(most: int, jets: Clouds, spec: CloudSpec) -> _Array:
    import fastjet

    eta, phi, pt = coordinates(jets, spec)
    momenta = _momenta(jets, spec)
    clustering = _clustering(jets, momenta, fastjet.kt_algorithm)
    total = RADIUS * np.bincount(jets.rows, pt, minlength=len(jets))
    tau = []
    for n in range(1, most + 1):
        _, axis, particle = _members(jets, clustering.exclusive_jets_constituent_index(n))
        x, y, z = (np.bincount(axis, momenta[particle, i]).reshape(-1, n) for i in range(3))
        axis_eta, axis_phi = np.arcsinh(z / np.hypot(x, y))[jets.rows], np.arctan2(y, x)[jets.rows]
        distance = np.hypot(eta[:, None] - axis_eta, wrapped(phi[:, None] - axis_phi)).min(axis=1)
        tau.append(np.bincount(jets.rows, pt * distance, minlength=len(jets)) / total)
    return np.stack(tau, axis=1)


def _momenta(clouds: Clouds, spec: CloudSpec) -> _Array:
    energy, x, y, z = four_momenta(clouds, spec)
    return np.stack([x, y, z, energy], axis=1)


def _clustering(clouds: Clouds, momenta: _Array, algorithm: int) -> Any:
    """All clouds clustered by FastJet."""
    import awkward as ak
    import fastjet
    from fastjet._swig import ClusterSequence  # only there can the banner be kept off the standard output

    ClusterSequence.set_fastjet_banner_stream(None)
    columns = dict(zip(("px", "py", "pz", "E"), momenta.T, strict=True))
    particles = ak.unflatten(ak.zip(columns, with_name="Momentum4D"), clouds.multiplicity)
    return fastjet.ClusterSequence(particles, fastjet.JetDefinition(algorithm, RADIUS))


def _members(clouds: Clouds, index: Any) -> tuple[NDArray[np.int64], ...]:
    """Per particle in a jet: the numbers of its cloud, of its jet among all jets, and of itself among all particles.

    ``index`` has, for each cloud and each of its jets, the positions of the particles in the cloud.
    """
    import awkward as ak

    sizes = ak.to_numpy(ak.flatten(ak.num(index, axis=2), axis=None)).astype(np.int64)
    cloud = np.repeat(np.repeat(np.arange(len(clouds)), ak.to_numpy(ak.num(index, axis=1))), sizes)
    place = ak.to_numpy(ak.flatten(index, axis=None)).astype(np.int64)
    return cloud, np.repeat(np.arange(len(sizes)), sizes), place + clouds.offsets[cloud]


def _ratio(above: _Array, below: _Array, smallest: float = 0.0) -> _Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below > smallest)
