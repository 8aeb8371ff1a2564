"""What determines the true events: the process, the jet, and which of its particles are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from jetgen_pythia.recipe import JETS, RECIPE_VERSION, jet_settings, simulators

__all__ = ["CHARGED", "PROCESS", "Charged", "charged_definition", "charged_settings"]

PROCESS = "tracks"
"""The name of the process, in the cache and in the seeds."""

_EVENT_VERSION = 1
"""Increased by hand whenever a change of the code changes a true event; the cache and all keys depend on it."""


@dataclass(frozen=True)
class Charged:
    """The charged particles of a jet; momenta in GeV.

    Arguments:
        parton: the class of the jets; those of gluons have the most particles.
        eta_seen: particles beyond this absolute pseudorapidity make no jet.
        radius: the largest distance of a particle to the axis of its jet.
        particle_pt_min: softer particles are dropped.
        most: of more particles, the hardest are kept.
    """

    parton: str = "gluon"
    eta_seen: float = 3.8
    radius: float = 0.4
    particle_pt_min: float = 1.0
    most: int = 30


CHARGED = Charged()


def charged_settings() -> tuple[str, ...]:
    """The Pythia settings."""
    return jet_settings(CHARGED.parton)


def charged_definition() -> dict[str, Any]:
    """A JSON object that determines the streams of true events, which have no end.

    Raises:
        JetgenError: if Pythia or FastJet is not installed.
    """
    return {
        "recipe": RECIPE_VERSION,
        "events": _EVENT_VERSION,
        **simulators(),
        "settings": list(charged_settings()),
        "jets": asdict(JETS),
        "charged": asdict(CHARGED),
    }
