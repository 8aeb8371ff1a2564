"""What determines the simulated jets: processes, detector, cuts, versions and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from jetgen.data import streams
from jetgen.errors import JetgenError

__all__ = [
    "DETECTOR",
    "JETS",
    "PARTONS",
    "RECIPE_VERSION",
    "Detector",
    "JetCuts",
    "Parton",
    "definition",
    "entropy",
    "jet_settings",
    "simulators",
]

RECIPE_VERSION = 1
"""Increased by hand whenever a change of the code changes a jet or the seeds; the cache and all keys depend on it."""

COMMON = ("Beams:eCM = 13000", "PhaseSpace:pTHatMin = 995", "PhaseSpace:pTHatMax = 1005")
"""Pythia settings of all classes of jets. Others keep their defaults: the Monash 2013 tune with MPI, ISR and FSR."""


@dataclass(frozen=True)
class Parton:
    """The hard process of one class of jets.

    Arguments:
        settings: the Pythia settings that select the process and its decays.
        ids: the absolute PDG codes of the hard-process partons, one of which a jet must match.
    """

    settings: tuple[str, ...]
    ids: tuple[int, ...]


PARTONS: Mapping[str, Parton] = {
    "gluon": Parton(("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on"), (21,)),
    "quark": Parton(
        (
            "HardQCD:qq2qq = on",
            "HardQCD:gg2qqbar = on",
            "HardQCD:qqbar2qqbarNew = on",
            "HardQCD:nQuarkNew = 3",
        ),
        (1, 2, 3, 4, 5),
    ),
    "top": Parton(
        ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"),
        (6,),
    ),
    "w": Parton(("WeakDoubleBoson:ffbar2WW = on", "24:onMode = off", "24:onIfAny = 1 2 3 4"), (24,)),
    "z": Parton(
        ("WeakDoubleBoson:ffbar2gmZgmZ = on", "WeakZ0:gmZmode = 2", "23:onMode = off", "23:onIfAny = 1 2 3 4"),
        (23,),
    ),
}


@dataclass(frozen=True)
class Detector:
    """The parameters of the detector simulation.

    Arguments:
        eta_seen: particles beyond this absolute pseudorapidity are dropped.
        eta_calorimeter: the absolute pseudorapidity where the calorimeters end.
        ecal_cell, hcal_cell: the width in eta and phi of a cell of the electromagnetic and the hadronic calorimeter.
        track_pt_max: a charged hadron above this transverse momentum (GeV) is measured by the hadronic calorimeter.
        resolution_scale: a factor on all resolutions.
    """

    eta_seen: float = 3.8
    eta_calorimeter: float = 3.0
    ecal_cell: float = 0.005
    hcal_cell: float = 0.010
    track_pt_max: float = 220.0
    resolution_scale: float = 0.5


@dataclass(frozen=True)
class JetCuts:
    """The selection of jets and particles; momenta in GeV.

    Arguments:
        radius: R of the anti-kT algorithm; jets are recombined in the E scheme.
        pt_min, pt_max: the range of the transverse momentum of the leading jet.
        match_radius: the largest distance in eta and phi to a hard-process parton of the class.
        particle_pt_min: softer constituents are dropped; the momentum of the jet includes them.
        fewest, most: a jet with fewer particles is dropped; of a jet with more, the hardest are kept.
    """

    radius: float = 0.4
    pt_min: float = 800.0
    pt_max: float = 1600.0
    match_radius: float = 0.4
    particle_pt_min: float = 0.2
    fewest: int = 5
    most: int = 150


DETECTOR = Detector()
JETS = JetCuts()


def definition(parton: str) -> dict[str, Any]:
    """A JSON object that determines the streams of jets of one class, which have no end.

    Raises:
        JetgenError: if Pythia or FastJet is not installed.
    """
    return {
        "recipe": RECIPE_VERSION,
        "parton": parton,
        **simulators(),
        "settings": list(jet_settings(parton)),
        "partons": list(PARTONS[parton].ids),
        "detector": asdict(DETECTOR),
        "jets": asdict(JETS),
    }


def jet_settings(parton: str) -> tuple[str, ...]:
    """The Pythia settings of one class of jets."""
    return COMMON + PARTONS[parton].settings


def simulators() -> dict[str, str]:
    """The versions of the packages on which all clouds depend.

    Raises:
        JetgenError: if one is not installed.
    """
    return {name: _installed(name) for name in ("pythia8mc", "fastjet")}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError as error:
        msg = f"the Pythia datasets need the package {name}, which is not installed; run: pip install jetgen-pythia"
        raise JetgenError(msg) from error


def entropy(*axes: str | int) -> list[int]:
    """The seed of these axes, such as a class, a split and the index of a shard: eight words of 32 bits.

    >>> len(entropy("top", "train", 0)), entropy("top", "train", 0) == entropy("top", "test", 0)
    (8, False)
    """
    return streams.entropy(f"recipe{RECIPE_VERSION}", *axes)
