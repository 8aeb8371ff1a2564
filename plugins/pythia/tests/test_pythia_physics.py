"""The jets have the figures of the recipe's own final samples, and the detector and the clustering do what they say."""

from __future__ import annotations

import os

import numpy as np
import pytest
from jetgen.data.angles import wrapped
from jetgen_pythia.clustering import leading_jets
from jetgen_pythia.detector import _cells, detect
from jetgen_pythia.events import Collider, Particles
from jetgen_pythia.jets import HARD
from jetgen_pythia.kinematics import eta_of, mass_of, phi_of, pt_of
from jetgen_pythia.recipe import jet_settings

# Mean and spread of n, median mass, mean and spread of pT, in 5,000 jets of the specification.
FIGURES = {
    "gluon": (64.9, 20.6, 76.7, 1011, 100),
    "quark": (38.5, 17.1, 48.3, 1017, 75),
    "top": (62.3, 16.8, 156.4, 989, 73),
    "w": (39.6, 12.0, 81.1, 1028, 66),
    "z": (40.2, 12.5, 91.3, 1032, 58),
}
SIGMAS = 3.5


@pytest.mark.parametrize("parton", FIGURES)
def test_multiplicity_agrees_with_the_specification(parton, jets_of):
    counts = jets_of(parton).multiplicity
    mean, spread, *_ = FIGURES[parton]
    error = spread * np.sqrt(1 / len(counts) + 1 / 5000)
    assert abs(counts.mean() - mean) < SIGMAS * error
    assert abs(counts.std() - spread) < SIGMAS * error  # the spread of these distributions is known about as well
    assert counts.min() >= 5
    assert counts.max() <= 150


@pytest.mark.parametrize("parton", FIGURES)
def test_transverse_momentum_agrees_with_the_specification(parton, jets_of):
    pt = jets_of(parton).conditioning[:, 0]
    *_, mean, spread = FIGURES[parton]
    assert abs(pt.mean() - mean) < SIGMAS * spread * np.sqrt(1 / len(pt) + 1 / 5000)
    assert pt.min() > 800
    assert pt.max() < 1600


@pytest.mark.parametrize("parton", FIGURES)
def test_median_mass_agrees_with_the_specification(parton, jets_of):
    mass = jets_of(parton).conditioning[:, 2]
    # The rank of the expected median among the masses is binomial, whatever the shape of the distribution.
    below = np.mean(mass < FIGURES[parton][2])
    assert abs(below - 0.5) < SIGMAS * 0.5 * np.sqrt(1 / len(mass) + 1 / 5000)


@pytest.mark.parametrize("parton", FIGURES)
def test_particles_are_hardest_first_and_add_up_to_the_jet(parton, jets_of):
    jets = jets_of(parton)
    eta, phi, pt = jets.points.T.astype(np.float64)
    within = jets.ranks[1:] > 0
    assert (np.diff(pt)[within] <= 0).all()
    assert (pt * np.repeat(jets.conditioning[:, 0], jets.multiplicity) > 0.2 - 1e-4).all()
    assert np.mean(np.hypot(eta, phi) < 0.45) > 0.99  # anti-kT jets are round, but two hard cores can reach farther
    starts = jets.offsets[:-1]
    x, y = (np.add.reduceat(pt * f(phi), starts) for f in (np.cos, np.sin))
    z, e = (np.add.reduceat(pt * f(eta), starts) for f in (np.sinh, np.cosh))
    # Dropped particles, and the masses of the kept ones, are a small correction to the hard jet.
    assert np.median(np.hypot(x, y)) == pytest.approx(1, abs=0.01)
    assert np.median(y / x) == pytest.approx(0, abs=0.002)
    mass = np.sqrt(np.maximum(e**2 - x**2 - y**2 - z**2, 0)) * jets.conditioning[:, 0]
    assert np.median(np.abs(mass / jets.conditioning[:, 2] - 1)) < 0.1


def _momenta(pt, eta, phi):
    pt, eta, phi = (np.asarray(column, float) for column in (pt, eta, phi))
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], 1)


def _particles(pid, momenta, event=None):
    n = len(momenta)
    return Particles(np.zeros(n, np.int64) if event is None else np.asarray(event), np.broadcast_to(pid, n), momenta)


def test_kinematics_go_round_trip():
    rng = np.random.default_rng(1)
    pt, eta, phi = rng.uniform(1, 100, 50), rng.uniform(-4, 4, 50), rng.uniform(-np.pi, np.pi, 50)
    momenta = _momenta(pt, eta, phi)
    np.testing.assert_allclose([pt_of(momenta), eta_of(momenta), phi_of(momenta)], [pt, eta, phi], rtol=1e-9)
    np.testing.assert_allclose(mass_of(momenta), 0, atol=1e-3)
    assert wrapped(np.array([np.pi]))[0] == -np.pi


def test_a_cell_holds_the_sum_of_its_energies_at_its_middle():
    momenta = _momenta([1, 2, 4], [0.0301, 0.0302, 0.2], [1.0001, 1.0002, 1])
    event, cells = _cells(_particles(22, momenta), 0.005)
    assert event.tolist() == [0, 0]
    assert cells[:, 3].sum() == pytest.approx(momenta[:, 3].sum())
    assert cells[0, 3] == pytest.approx(momenta[:2, 3].sum())
    assert abs(eta_of(cells)[0] - 0.0301) < 0.005
    np.testing.assert_allclose(mass_of(cells), 0, atol=1e-3)


def test_cells_of_different_events_are_not_merged():
    momenta = _momenta([1, 1], [0, 0], [1, 1])
    event, cells = _cells(_particles(22, momenta, [0, 3]), 0.005)
    assert event.tolist() == [0, 3]
    assert len(cells) == 2


def test_neutrinos_and_what_flies_outside_the_detector_leave_nothing():
    rng = np.random.default_rng(0)
    assert len(detect(_particles(12, _momenta([50], [0], [0])), rng)[0]) == 0
    assert len(detect(_particles(22, _momenta([50], [3.2], [0])), rng)[0]) == 0
    assert len(detect(_particles(211, _momenta([50], [3.2], [0])), rng)[0]) == 1
    assert len(detect(_particles(211, _momenta([50], [3.9], [0])), rng)[0]) == 0


def test_tracks_keep_their_direction_and_stiff_ones_move_to_a_cell():
    rng = np.random.default_rng(0)
    eta = np.array([0.1234567])
    _, soft = detect(_particles(211, _momenta([219], eta, [0.3])), rng)
    _, stiff = detect(_particles(211, _momenta([221], eta, [0.3])), rng)
    assert eta_of(soft)[0] == pytest.approx(eta[0], abs=1e-9)
    assert 1e-6 < abs(eta_of(stiff)[0] - eta[0]) < 0.01


def test_resolutions_are_half_of_the_parametrisation():
    rng = np.random.default_rng(0)
    eta, event = np.linspace(-2, 2, 4000), np.arange(4000)
    _, tracks = detect(_particles(211, _momenta(np.full(4000, 100.0), eta, eta), event), rng)
    _, neutrals = detect(_particles(2112, _momenta(100 / np.cosh(eta), eta, eta), event), rng)
    assert np.std(pt_of(tracks) / 100) == pytest.approx(0.5 * np.hypot(0.025, 0.015), rel=0.05)
    assert np.std(neutrals[:, 3] / 100) == pytest.approx(0.5 * np.sqrt(1.44 * 7 / 100 + 0.0025), rel=0.05)


def test_only_leading_jets_inside_the_window_are_kept():
    momenta = _momenta([900, 850, 700, 1700, 900], [0, 1.5, 0, 0, 1], [0, 2, 0, 0, 3.1])
    jets = leading_jets(5, np.array([0, 0, 1, 2, 4]), momenta)
    assert jets.event.tolist() == [0, 4]
    np.testing.assert_allclose(pt_of(jets.momenta), [900, 900])


def test_a_jet_across_the_seam_of_phi_is_whole():
    phi = wrapped(np.pi + np.array([-0.10, -0.05, 0.0, 0.05, 0.10]))
    jets = leading_jets(1, np.zeros(5, np.int64), _momenta([300, 250, 200, 150, 100], np.zeros(5), phi))
    clouds, rows = jets.clouds()
    assert rows.tolist() == [0]
    assert clouds.multiplicity.tolist() == [5]
    assert np.abs(clouds.points[:, 1]).max() < 0.2
    assert clouds.points[:, 2].sum() == pytest.approx(1, abs=0.01)


def test_soft_particles_and_small_jets_are_dropped_but_count_for_the_jet():
    near = np.linspace(0, 0.1, 6)
    event = np.repeat([0, 1], [6, 5])
    pt = np.array([500, 400, 30, 20, 10, 0.1, 500, 400, 30, 20, 0.1])
    jets = leading_jets(2, event, _momenta(pt, np.r_[near, near[:5]], np.zeros(11)))
    clouds, rows = jets.clouds()
    assert rows.tolist() == [0]
    assert clouds.multiplicity.tolist() == [5]
    assert clouds.conditioning[0, 0] == pytest.approx(960.1, rel=1e-6)


def test_a_jet_is_matched_to_partons_of_its_own_event_only():
    jets = leading_jets(3, np.array([0, 1, 2]), _momenta([900, 900, 900], [0, 0, 0], [3.1, 0, 0]))
    partons = _momenta([1000, 1000, 1000], [0, 0, 0.5], [-3.1, 2, 0])
    assert jets.near(_particles(6, partons, [0, 1, 2])).tolist() == [True, False, False]
    assert jets.near(_particles(6, partons[:0], np.empty(0, np.int64))).tolist() == [False, False, False]


def test_events_without_jets_give_an_empty_answer():
    jets = leading_jets(2, np.array([1]), _momenta([10], [0], [0]))
    clouds, rows = jets.clouds()
    assert (len(jets.event), len(clouds), len(rows)) == (0, 0, 0)
    assert jets.near(_particles(6, _momenta([1000], [0], [0]), [1])).tolist() == []


def test_the_hard_partons_of_top_events_are_a_pair_of_tops():
    collider = Collider("top", jet_settings("top"))
    collider.seed(3)
    n, status, particles = collider.collide(3)
    hard = particles[np.isin(status, HARD) & (np.abs(particles.pid) == 6)]
    final = particles[status > 0]
    assert n == 3
    assert sorted(hard.pid.tolist()) == [-6, -6, -6, 6, 6, 6]
    assert (np.abs(pt_of(hard.momenta) - 1000) < 6).all()
    total = [final.momenta[final.event == event, 3].sum() for event in range(3)]
    np.testing.assert_allclose(total, 13000, rtol=1e-3)


def test_the_data_of_another_installation_are_not_used(monkeypatch):
    monkeypatch.setenv("PYTHIA8DATA", "/none/xmldoc")
    collider = Collider("quark", jet_settings("quark"))
    collider.seed(1)
    assert collider.collide(1)[0] == 1
    assert os.environ["PYTHIA8DATA"] == "/none/xmldoc"
