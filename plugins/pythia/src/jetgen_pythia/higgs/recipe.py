"""What determines the rows: processes, selection, resolutions and reconstruction. Energies are in GeV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jetgen_pythia.recipe import RECIPE_VERSION, simulators

__all__ = [
    "CHANNELS",
    "MASSES",
    "RESOLUTION",
    "ROWS_IN_A_SHARD",
    "SELECTION",
    "TAGGING",
    "Masses",
    "Resolution",
    "Selection",
    "Tagging",
    "channel_settings",
    "table_definition",
]

_TABLE_VERSION = 1
"""Increased by hand whenever a change of the code changes a row; the cache and all keys depend on it."""

ROWS_IN_A_SHARD = 200
"""About two seconds of CPU time, the most that a kill can cost each worker."""

_COMMON = (
    "Beams:eCM = 8000",
    "PartonLevel:MPI = off",  # three quarters of the time, for soft energy under the jets
    "TimeShower:QEDshowerByL = off",  # leptons as after the recovery of their photons
    "111:mayDecay = off",  # a calorimeter sees the same, in half as many particles
    "24:onMode = off",
    "24:onPosIfAny = 11 13",  # Pythia cannot ask for one leptonic W of any charge; no column depends on the charge
    "24:onNegIfAny = 1 2 3 4",
)
"""Pythia settings of both channels: the Monash 2013 tune, but without multiple interactions."""

CHANNELS: Mapping[str, tuple[str, ...]] = {
    "higgs-signal": (
        "Higgs:useBSM = on",
        "HiggsBSM:gg2H2 = on",
        "35:m0 = 425",
        "35:mWidth = 1",
        "35:doForceWidth = on",
        "35:onMode = off",
        "35:addChannel = 1 0.5 100 24 -37",
        "35:addChannel = 1 0.5 100 -24 37",
        "37:m0 = 325",
        "37:mWidth = 1",
        "37:doForceWidth = on",
        "37:onMode = off",
        "37:addChannel = 1 1.0 100 24 25",
        "25:m0 = 125",
        "25:mWidth = 0.01",
        "25:doForceWidth = on",
        "25:onMode = off",
        "25:onIfMatch = 5 -5",
    ),
    "higgs-background": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
}
"""The Pythia settings of each channel, beside the common ones. Widths are narrow, and all other decays are off."""


@dataclass(frozen=True)
class Selection:
    """The objects of an event and the cuts of arXiv:1402.4735.

    Arguments:
        eta_seen: particles beyond this absolute pseudorapidity are dropped.
        radius: R of the anti-kT algorithm.
        jet_pt_clustered: jets above this transverse momentum are smeared; softer ones only enter the missing momentum.
        lepton_pt, lepton_eta, jet_pt, jet_eta: the cuts, on smeared momenta.
        isolation_radius, isolation: the particles within this distance of a lepton may have this part of its momentum.
        jets_min: an event with fewer jets is dropped.
        jets_max: of more jets, the hardest are used.
        tags_min: an event with fewer tagged jets is dropped.
    """

    eta_seen: float = 4.9
    radius: float = 0.4
    jet_pt_clustered: float = 10.0
    lepton_pt: float = 20.0
    lepton_eta: float = 2.5
    jet_pt: float = 20.0
    jet_eta: float = 2.5
    isolation_radius: float = 0.3
    isolation: float = 0.15
    jets_min: int = 4
    jets_max: int = 6
    tags_min: int = 2


@dataclass(frozen=True)
class Resolution:
    """Gaussian resolutions; the relative one of a momentum is the square root of a sum of squares.

    Arguments:
        jet_stochastic, jet_constant: of a jet, ``jet_stochastic / sqrt(pT)`` and ``jet_constant``.
        jet_scale: the calibration of all jets, for the energy outside their cone.
        b_scale: a further one of tagged jets, for the neutrinos from decays of b hadrons.
        lepton: of a lepton.
        met_soft: of each component of the missing momentum, in GeV, beside what jets and lepton add.
    """

    jet_stochastic: float = 0.6
    jet_constant: float = 0.04
    jet_scale: float = 1.03
    b_scale: float = 1.08
    lepton: float = 0.01
    met_soft: float = 5.0


@dataclass(frozen=True)
class Tagging:
    """The b tag: a jet is tagged at random, by the heaviest hadron near it.

    Arguments:
        radius: the largest distance of a hadron in eta and phi.
        hadron_pt: softer hadrons are not looked at, in GeV.
        bottom, charm, light: the probability of a tag.
    """

    radius: float = 0.4
    hadron_pt: float = 5.0
    bottom: float = 0.8
    charm: float = 0.2
    light: float = 0.02


@dataclass(frozen=True)
class Masses:
    """The masses that the reconstruction assumes, in GeV.

    Arguments:
        w, top, charged_higgs: what pairs of jets, jets and W, or b jets and W shall come near to.
        w_spread: the leptonic W gets a mass with this standard deviation.
    """

    w: float = 80.4
    w_spread: float = 0.5
    top: float = 172.5
    charged_higgs: float = 325.0


SELECTION = Selection()
RESOLUTION = Resolution()
TAGGING = Tagging()
MASSES = Masses()


def channel_settings(channel: str) -> tuple[str, ...]:
    """The Pythia settings of one channel."""
    return _COMMON + CHANNELS[channel]


def table_definition(channel: str) -> dict[str, Any]:
    """A JSON object that determines the streams of rows of one channel, which have no end.

    Raises:
        JetgenError: if Pythia or FastJet is not installed.
    """
    return {
        "recipe": RECIPE_VERSION,
        "table": _TABLE_VERSION,
        "channel": channel,
        **simulators(),
        "settings": list(channel_settings(channel)),
        "selection": asdict(SELECTION),
        "resolution": asdict(RESOLUTION),
        "tagging": asdict(TAGGING),
        "masses": asdict(MASSES),
    }
