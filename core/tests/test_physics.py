"""Observables of jets, against the reference libraries and against plain formulas."""

import numpy as np
import pytest
from jetgen import Clouds
from jetgen.data.jets import (
    clip_negative_pt,
    four_vectors,
    relative_energy,
    relative_eta,
    relative_mass,
    relative_pt,
)


def test_the_mass_is_that_of_the_reference_libraries(golden_jets, golden_values, jet_spec):
    for name, jets in zip(("real", "fake"), golden_jets, strict=True):
        mass = relative_mass(jets[:5], jet_spec)
        assert mass == pytest.approx(golden_values["jet_mass_first5"][name], rel=1e-9)


def test_the_same_comes_out_of_a_slow_sum(real_jets, jet_spec):
    for i in range(20):
        eta, phi, pt = real_jets[i : i + 1].points.astype(np.float64).T
        px, py, pz = (pt * np.cos(phi)).sum(), (pt * np.sin(phi)).sum(), (pt * np.sinh(eta)).sum()
        energy = (pt * np.cosh(eta)).sum()
        one = real_jets[i : i + 1]
        assert four_vectors(one, jet_spec)[0] == pytest.approx([energy, px, py, pz], rel=1e-12)
        assert relative_pt(one, jet_spec)[0] == pytest.approx(np.hypot(px, py), rel=1e-12)
        assert relative_energy(one, jet_spec)[0] == pytest.approx(energy, rel=1e-12)
        assert relative_eta(one, jet_spec)[0] == pytest.approx(
            np.arctanh(pz / np.sqrt(px**2 + py**2 + pz**2)), rel=1e-9
        )


def test_empty_jets_are_zero_wherever_they_stand(jet_spec):
    jets = Clouds([[0.1, 0.2, 0.5], [-0.1, 0.0, 0.5]], [0, 0, 2, 2, 2])
    for observable in (relative_mass, relative_pt, relative_energy, relative_eta):
        values = observable(jets, jet_spec)
        assert values.shape == (4,)
        assert values[[0, 2, 3]].tolist() == [0.0, 0.0, 0.0]
    assert relative_mass(Clouds(np.empty((0, 3)), [0]), jet_spec).shape == (0,)


def test_one_particle_has_no_mass_and_keeps_its_direction(jet_spec):
    jet = Clouds([[1.5, 0.3, 0.7]], [0, 1])
    assert relative_mass(jet, jet_spec)[0] < 1e-7
    assert relative_eta(jet, jet_spec)[0] == pytest.approx(1.5)


def test_an_absurd_direction_is_not_a_finite_mass(jet_spec):
    assert not np.isfinite(relative_mass(Clouds([[5000.0, 0.0, 1.0], [0.0, 0.0, 1.0]], [0, 2]), jet_spec)).any()


def test_negative_momenta_are_set_to_zero_and_counted(jet_spec):
    jets = Clouds([[-0.1, 0.2, -0.5], [-0.1, 0.0, 0.5], [0.0, 0.0, -1e-9]], [0, 2, 3])
    clipped, count = clip_negative_pt(jets, jet_spec.index("ptrel"))
    assert count == 2
    assert clipped.points[:, 2].tolist() == [0.0, 0.5, 0.0]
    assert np.array_equal(clipped.points[:, :2], jets.points[:, :2])
    assert jets.points[0, 2] == -0.5


def test_clouds_without_negative_momenta_are_handed_through(real_jets):
    clipped, count = clip_negative_pt(real_jets, 2)
    assert clipped is real_jets
    assert count == 0
