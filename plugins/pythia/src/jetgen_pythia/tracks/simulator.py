"""The charged particles of leading jets. Importing this module loads Pythia and FastJet."""

from __future__ import annotations

import numpy as np
from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds

from jetgen_pythia.clustering import leading_jets
from jetgen_pythia.detector import CHARGED_HADRONS, NEUTRINOS
from jetgen_pythia.events import Particles
from jetgen_pythia.kinematics import distance, eta_of, phi_of, pt_of
from jetgen_pythia.simulator import Simulator
from jetgen_pythia.source import hardest
from jetgen_pythia.tracks.recipe import CHARGED, PROCESS, charged_settings

__all__ = ["ChargedSimulator", "charged_in_jets"]

_CLASSES = ((11, 1), (13, 2))  # electrons and muons; every other charged particle is a hadron, class 0


class ChargedSimulator(Simulator):
    """The simulation of true events: the charged particles of a jet, with pT (GeV), eta, phi (rad) and class."""

    none = Clouds(np.empty((0, 4)), [0])

    def __init__(self) -> None:
        super().__init__(PROCESS, charged_settings())

    def attempt(self, events: int, rng: np.random.Generator) -> Clouds:
        """The charged particles of the leading jets, of the events that have one with a charged particle."""
        del rng  # nothing is measured here
        n, status, particles = self._collider.collide(events)
        return charged_in_jets(n, particles[status > 0])


def charged_in_jets(n: int, particles: Particles) -> Clouds:
    """The charged particles about the axis of the leading jet of each event, hardest first.

    Arguments:
        n: the number of events.
        particles: the stable particles of the events.
    """
    seen = np.abs(eta_of(particles.momenta)) < CHARGED.eta_seen
    visible = particles[seen & ~np.isin(np.abs(particles.pid), NEUTRINOS)]
    jets = leading_jets(n, visible.event, visible.momenta)
    charged = visible[np.isin(np.abs(visible.pid), [*CHARGED_HADRONS, *(code for code, _ in _CLASSES)])]
    charged = charged[pt_of(charged.momenta) > CHARGED.particle_pt_min]
    charged = charged[jets.of_events(charged.event) >= 0]
    jet = jets.of_events(charged.event)
    near = distance(charged.momenta, jets.momenta[jet]) < CHARGED.radius
    charged, jet = charged[near], jet[near]
    order = np.lexsort((-pt_of(charged.momenta), jet))
    charged, counts = charged[order], np.bincount(jet, minlength=len(jets.event))
    kind = sum((np.abs(charged.pid) == code) * number for code, number in _CLASSES)
    momenta = charged.momenta
    points = np.stack([pt_of(momenta), eta_of(momenta), wrapped(phi_of(momenta)), kind], 1)
    return hardest(Clouds.from_multiplicities(points, counts[counts > 0]), CHARGED.most)
