"""Substructure of jets: worked out by hand for two, three and four particles, and against FastJet's own jets."""

import subprocess
import sys

import numpy as np
import pytest
from jetgen import Clouds
from jetgen.metrics.observables.substructure import OBSERVABLES, leading_jets, subjettiness, substructure

pytest.importorskip("fastjet")

CUT = 0.8


def jet(*particles):
    return Clouds(np.array(particles, np.float64), [0, len(particles)])


def of(clouds, spec):
    return dict(zip(OBSERVABLES, substructure(clouds, spec)[0], strict=True))


def test_one_particle_is_its_own_axis(jet_spec):
    assert of(jet([0.1, 0.2, 0.7]), jet_spec) == {"tau21": 0.0, "tau32": 0.0, "d2": 0.0}
    assert subjettiness(jet([0.1, 0.2, 0.7]), jet_spec).tolist() == [[0.0, 0.0, 0.0]]


def test_two_particles_lie_on_both_sides_of_their_sum(jet_spec):
    pair = jet([0.0, 0.2, 0.5], [0.0, -0.2, 0.5])
    assert subjettiness(pair, jet_spec)[0] == pytest.approx([0.2 / CUT, 0.0, 0.0])
    assert of(pair, jet_spec) == {"tau21": 0.0, "tau32": 0.0, "d2": 0.0}  # two axes for two particles, no triple


def test_two_unequal_particles_have_their_axis_nearer_to_the_harder(jet_spec):
    axis = np.arctan2(0.1 * np.sin(0.4), 0.3 + 0.1 * np.cos(0.4))  # at eta 0, where directions add like vectors
    expected = (0.3 * axis + 0.1 * (0.4 - axis)) / (0.4 * CUT)
    assert subjettiness(jet([0.0, 0.0, 0.3], [0.0, 0.4, 0.1]), jet_spec)[0] == pytest.approx([expected, 0, 0])


def test_a_close_pair_and_a_third_particle(jet_spec):
    close, far, p, q = 0.05, 0.5, 0.3, 0.2
    cloud = jet([0.0, close, p], [0.0, far, q], [0.0, -close, p])
    total = 2 * p + q
    axis = np.arctan2(q * np.sin(far), 2 * p * np.cos(close) + q * np.cos(far))
    tau1 = (p * abs(close - axis) + p * (close + axis) + q * (far - axis)) / (CUT * total)
    tau2 = 2 * p * close / (CUT * total)  # the pair has the smallest kT and is merged, its axis is at 0
    assert subjettiness(cloud, jet_spec)[0] == pytest.approx([tau1, tau2, 0.0], rel=1e-5)
    z, w = p / total, q / total
    sides = 2 * close, far + close, far - close
    e2 = z * z * sides[0] + z * w * (sides[1] + sides[2])
    e3 = z * z * w * np.prod(sides)
    expected = {"tau21": tau2 / tau1, "tau32": 0.0, "d2": e3 / e2**3}
    assert of(cloud, jet_spec) == pytest.approx(expected, rel=1e-5)


def test_an_equilateral_triangle_of_equal_particles(jet_spec):
    side = 0.1
    height = side * np.sqrt(3) / 2
    cloud = jet([0.0, 0.0, 0.2], [side, 0.0, 0.2], [side / 2, height, 0.2])
    # e2 = 3 s / 9 and e3 = s^3 / 27: D2 is 1 for any side
    assert of(cloud, jet_spec)["d2"] == pytest.approx(1.0, rel=1e-5)


def test_four_particles_in_two_tight_pairs(jet_spec):
    apart, tight, loose = 0.3, 0.02, 0.05
    cloud = jet([apart, tight, 0.1], [-apart, loose, 0.1], [apart, -tight, 0.1], [-apart, -loose, 0.1])
    eta = {half: np.arcsinh(np.sinh(apart) / np.cos(half)) for half in (tight, loose)}  # of the sum of a pair
    to_axis = {half: np.hypot(eta[half] - apart, half) for half in (tight, loose)}
    x, z = 0.2 * (np.cos(tight) + np.cos(loose)), 0.0
    centre = np.arcsinh(z / x)
    tau1 = (np.hypot(apart - centre, tight) + np.hypot(apart + centre, loose)) / (2 * CUT)
    tau2 = (to_axis[tight] + to_axis[loose]) / (2 * CUT)
    tau3 = to_axis[tight] / (2 * CUT)  # the loose pair is resolved
    assert subjettiness(cloud, jet_spec)[0] == pytest.approx([tau1, tau2, tau3], rel=1e-5)
    same, crossed = np.hypot(2 * apart, loose - tight), np.hypot(2 * apart, loose + tight)
    e2 = (2 * tight + 2 * loose + 2 * same + 2 * crossed) / 16
    e3 = (2 * (2 * tight) + 2 * (2 * loose)) * same * crossed / 64
    expected = {"tau21": tau2 / tau1, "tau32": tau3 / tau2, "d2": e3 / e2**3}
    assert of(cloud, jet_spec) == pytest.approx(expected, rel=1e-5)


def test_particles_in_one_direction_have_no_substructure(jet_spec):
    cloud = jet(*[[0.3, -0.2, pt] for pt in (0.4, 0.3, 0.2, 0.1)])
    assert of(cloud, jet_spec) == {"tau21": 0.0, "tau32": 0.0, "d2": 0.0}


def test_only_the_leading_jet_counts_and_a_far_particle_can_become_it(real_jets, jet_spec):
    one = real_jets[:1]
    alone = substructure(one, jet_spec)
    for pt, expected in ((0.01, alone), (5.0, np.zeros((1, 3)))):
        joined = Clouds(np.concatenate([[[0.0, 2.5, pt]], one.points]), [0, 1 + len(one.points)])
        np.testing.assert_allclose(substructure(joined, jet_spec), expected, rtol=1e-12)
    assert leading_jets(joined, jet_spec).points.tolist() == [[0.0, 2.5, 5.0]]


def test_empty_clouds_and_particles_without_momentum_change_nothing(real_jets, jet_spec):
    points = np.concatenate([[[0.1, 0.1, 0.0]], real_jets[0:1].points, [[0.3, 0.2, 0.0]]])
    clouds = Clouds(points, [0, 0, len(points) - 1, len(points), len(points)])
    values = substructure(clouds, jet_spec)
    assert np.array_equal(values[1], substructure(real_jets[:1], jet_spec)[0])
    assert not values[[0, 2, 3]].any()
    assert substructure(clouds[:0], jet_spec).shape == (0, 3)
    assert substructure(clouds[:1], jet_spec).tolist() == [[0.0, 0.0, 0.0]]


def test_absurd_particles_have_finite_values(jet_spec):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3)) * [1e3, 1e6, 1.0]
    points[:, 2] = 10.0 ** rng.uniform(-40, 30, 400)
    clouds = Clouds(points, [0, 1, 5, 100, 400])
    assert np.isfinite(substructure(clouds, jet_spec)).all()


def test_jets_do_not_depend_on_their_neighbours_nor_on_the_order_of_particles(fake_jets, jet_spec):
    some = fake_jets[:50]
    mixed = np.lexsort((np.random.default_rng(0).random(len(some.points)), some.rows))
    together = substructure(Clouds(some.points[mixed], some.offsets), jet_spec)
    alone = np.concatenate([substructure(some[i : i + 1], jet_spec) for i in range(50)])
    np.testing.assert_allclose(together, alone, rtol=1e-9)


def by_fastjet(points):
    """tau1, tau2 and tau3 of one cloud, each jet an object of FastJet."""
    from fastjet import JetDefinition, antikt_algorithm, kt_algorithm
    from fastjet._swig import ClusterSequence, PseudoJet

    particles = [
        PseudoJet(pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)) for eta, phi, pt in points
    ]
    found = ClusterSequence(particles, JetDefinition(antikt_algorithm, 0.8))
    leading = max(found.inclusive_jets(), key=lambda jet: jet.pt())
    inside = leading.constituents()
    again = ClusterSequence(inside, JetDefinition(kt_algorithm, 0.8))
    tau = []
    for n in (1, 2, 3):
        axes = again.exclusive_jets(n) if len(inside) > n else inside
        weighted = 0.0
        for particle in inside:
            d_phi = [abs(np.remainder(particle.phi() - axis.phi() + np.pi, 2 * np.pi) - np.pi) for axis in axes]
            d_eta = [particle.eta() - axis.eta() for axis in axes]
            weighted += particle.pt() * np.hypot(d_eta, d_phi).min()
        tau.append(weighted / (0.8 * sum(particle.pt() for particle in inside)))
    return tau


def test_axes_are_those_of_fastjet_for_real_generated_and_scattered_jets(real_jets, fake_jets, jet_spec):
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 151, 30)
    scattered = rng.normal(size=(sizes.sum(), 3)) * [0.5, 0.5, 1.0]
    scattered[:, 2] = np.exp(scattered[:, 2])
    clouds = Clouds.concatenate([real_jets[:30], fake_jets[:30], Clouds.from_multiplicities(scattered, sizes)])
    ours = subjettiness(leading_jets(clouds, jet_spec), jet_spec)
    theirs = [by_fastjet(clouds[i : i + 1].points.astype(np.float64).tolist()) for i in range(len(clouds))]
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
    assert (leading_jets(clouds, jet_spec).multiplicity < clouds.multiplicity)[60:].any()


def test_d2_is_that_of_the_energy_correlator_of_fastjet(real_jets, jet_spec):
    import awkward as ak
    import fastjet

    eta, phi, pt = real_jets[:100].points.astype(np.float64).T
    momenta = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    particles = ak.unflatten(ak.zip(momenta, with_name="Momentum4D"), real_jets[:100].multiplicity)
    found = fastjet.ClusterSequence(particles, fastjet.JetDefinition(fastjet.kt_algorithm, 10.0))
    theirs = ak.to_numpy(found.exclusive_jets_energy_correlator(njets=1, beta=1, func="d2"))
    np.testing.assert_allclose(substructure(real_jets[:100], jet_spec)[:, 2], theirs, rtol=1e-6)


def test_fastjet_prints_no_banner():
    code = (
        "import jetgen, jetgen.metrics.observables.substructure as s;"
        "spec = jetgen.CloudSpec('jets', tuple(map(jetgen.Feature, ('etarel', 'phirel', 'ptrel'))), 4);"
        "s.substructure(jetgen.Clouds([[0.1, 0.1 * i, 1.0] for i in range(4)], [0, 4]), spec)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout + done.stderr == ""
