"""The energy mover's distance, against energyflow, a linear programme and what can be worked out by hand."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen import Clouds
from jetgen.errors import DataError
from jetgen.metrics.observables import emd as energy_movers
from jetgen.metrics.observables.emd import emd_matrix, nearest
from scipy.optimize import linprog


def jets(*particles):
    """Clouds of jets, each a list of (etarel, phirel, ptrel)."""
    points = np.array([particle for jet in particles for particle in jet], float).reshape(-1, 3)
    return Clouds(points, np.cumsum([0, *map(len, particles)]))


def distance(first, second, spec):
    return float(emd_matrix(jets(first), jets(second), spec)[0, 0])


def transport(first, second):
    """The distance of two jets as a linear programme: move what can be moved, pay for the surplus."""
    first, second = first.astype(float), second.astype(float)
    n, m = len(first), len(second)
    ground = np.hypot(*(first[:, None, :2] - second[None, :, :2]).transpose(2, 0, 1))
    sums = np.concatenate([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    limits = np.concatenate([first[:, 2], second[:, 2]])
    moved = min(first[:, 2].sum(), second[:, 2].sum())
    unit = limits.sum()  # the tolerances of the programme are absolute
    best = linprog(ground.ravel(), sums, limits / unit, np.ones((1, n * m)), [moved / unit], method="highs")
    return best.fun * unit + abs(first[:, 2].sum() - second[:, 2].sum())


@st.composite
def samples(draw):
    """Two samples of jets of all sorts: empty, of one particle, far out, hard and soft."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    width, power = draw(st.sampled_from([0.1, 0.5, 30.0])), draw(st.sampled_from([0.0, 1.0, 6.0]))
    both = []
    for counts in (rng.integers(0, 7, 5), rng.integers(0, 7, 6)):
        points = rng.normal(0.0, width, (counts.sum(), 3))
        points[:, 2] = rng.random(counts.sum()) * 10 ** -(power * rng.random(counts.sum()))
        both.append(Clouds(points, np.cumsum([0, *counts])))
    return tuple(both)


def test_distances_are_those_of_energyflow(golden_jets, golden_values, jet_spec):
    real, fake = golden_jets
    assert emd_matrix(fake[:5], real[:5], jet_spec) == pytest.approx(np.array(golden_values["emd_5x5"]), rel=1e-12)


@settings(max_examples=10, deadline=None)
@given(samples())
def test_distances_solve_the_linear_programme(jet_spec, both):
    first, second = both
    matrix = emd_matrix(first, second, jet_spec)
    for i in range(len(first)):
        for j in range(len(second)):
            a, b = first[i : i + 1].points, second[j : j + 1].points
            expected = transport(a, b) if len(a) and len(b) else a[:, 2].sum(dtype=float) + b[:, 2].sum(dtype=float)
            assert matrix[i, j] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_work_is_momentum_times_distance(jet_spec):
    assert distance([(0, 0, 0.5)], [(0.3, 0.4, 0.5)], jet_spec) == pytest.approx(0.25, rel=1e-6)


def test_a_surplus_costs_its_own_amount_on_either_side(jet_spec):
    light, heavy = [(0.0, 0.0, 0.5)], [(0.0, 0.25, 0.25), (0.25, 0.0, 0.75)]
    assert distance(light, heavy, jet_spec) == distance(heavy, light, jet_spec) == pytest.approx(0.125 + 0.5)


def test_phi_does_not_wrap(jet_spec):
    assert distance([(0, 3.0, 1.0)], [(0, -3.0, 1.0)], jet_spec) == pytest.approx(6.0)


def test_an_empty_jet_costs_the_momentum_of_the_other(jet_spec):
    one = [(0.1, 0.1, 0.25), (0.2, 0.0, 0.5)]
    assert distance([], one, jet_spec) == distance(one, [], jet_spec) == 0.75
    assert distance([], [], jet_spec) == 0.0
    assert distance([(0.1, 0.2, 0.0)], [], jet_spec) == 0.0


def test_no_jets_have_an_empty_matrix(jet_spec):
    one, none = jets([(0, 0, 1.0)]), jets()
    assert emd_matrix(none, one, jet_spec).shape == (0, 1)
    assert emd_matrix(one, none, jet_spec).shape == (1, 0)
    assert len(nearest(none, one, jet_spec).distance) == 0


def test_a_particle_without_momentum_counts_for_nothing(jet_spec):
    one, other = [(0.1, 0.0, 0.5)], [(0.0, 0.2, 0.25), (0.0, 0.0, 0.5)]
    assert distance([*one, (5.0, 5.0, 0.0)], other, jet_spec) == pytest.approx(distance(one, other, jet_spec))


def test_the_order_of_the_particles_does_not_matter(real_jets, jet_spec):
    one = real_jets[3:4]
    turned = Clouds(one.points[::-1], one.offsets)
    assert emd_matrix(one, turned, jet_spec).item() == pytest.approx(0.0, abs=1e-12)
    expected = emd_matrix(one, real_jets[:3], jet_spec)
    assert emd_matrix(turned, real_jets[:3], jet_spec) == pytest.approx(expected, rel=1e-12)


def test_distances_are_in_the_unit_of_the_momenta(golden_jets, jet_spec):
    in_gev = [Clouds(side[:4].points * np.array([1, 1, 1024], np.float32), side[:4].offsets) for side in golden_jets]
    expected = emd_matrix(golden_jets[0][:4], golden_jets[1][:4], jet_spec) * 1024
    assert emd_matrix(*in_gev, jet_spec) == pytest.approx(expected, rel=1e-12)


def test_columns_are_found_by_their_names(golden_jets, jet_spec):
    turned = type(jet_spec)("jets", jet_spec.features[::-1], 30)
    sides = [side[:3] for side in golden_jets]
    mirrored = [Clouds(side.points[:, ::-1], side.offsets) for side in sides]
    assert np.array_equal(emd_matrix(*mirrored, turned), emd_matrix(*sides, jet_spec))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_nearest_are_the_minima_of_the_matrix(golden_jets, jet_spec, threads):
    for queries, candidates in (golden_jets, golden_jets[::-1]):
        matrix = emd_matrix(queries[:30], candidates[:60], jet_spec, threads)
        found = nearest(queries[:30], candidates[:60], jet_spec, threads)
        assert np.array_equal(found.candidate, matrix.argmin(axis=1))
        assert np.array_equal(found.distance, matrix.min(axis=1))


@settings(max_examples=50, deadline=None)
@given(samples())
def test_the_nearest_are_the_minima_for_jets_of_all_sorts(jet_spec, both):
    matrix, found = emd_matrix(*both, jet_spec), nearest(*both, jet_spec)
    assert np.array_equal(found.candidate, matrix.argmin(axis=1))
    assert np.array_equal(found.distance, matrix.min(axis=1))


def test_most_candidates_need_no_transport(golden_jets, jet_spec, monkeypatch):
    transports = []
    solve = energy_movers._distances

    def counted(queries, i, candidates, chosen):
        transports.append(len(chosen))
        return solve(queries, i, candidates, chosen)

    monkeypatch.setattr(energy_movers, "_distances", counted)
    nearest(golden_jets[1][:50], golden_jets[0][:100], jet_spec)
    assert sum(transports) < 0.15 * 50 * 100


def test_the_first_of_equal_candidates_is_the_nearest(real_jets, jet_spec):
    twice = Clouds.concatenate([real_jets[5:9], real_jets[:5], real_jets[:5]])
    found = nearest(real_jets[:5], twice, jet_spec)
    assert found.candidate.tolist() == [4, 5, 6, 7, 8]
    assert found.distance == pytest.approx(np.zeros(5), abs=1e-12)


def test_negative_momenta_are_refused_with_their_place(jet_spec):
    good, bad = jets([(0, 0, 1.0)]), jets([(0, 0, 1.0)], [(0, 0, 1.0), (0, 0, -0.5)])
    with pytest.raises(DataError, match=r"ptrel is -0\.5 at jet 1, particle 1"):
        emd_matrix(good, bad, jet_spec)


def test_there_is_no_nearest_of_none(jet_spec):
    with pytest.raises(DataError, match="give at least one candidate"):
        nearest(jets([(0, 0, 1.0)]), jets(), jet_spec)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_transport_that_does_not_converge_is_an_error_and_no_number(golden_jets, jet_spec, monkeypatch, threads):
    monkeypatch.setattr(energy_movers, "_ITERATIONS", 1)
    with pytest.raises(DataError, match="the transport of jet 0 to jet 0 did not converge"):
        emd_matrix(golden_jets[0][:1], golden_jets[1][:1], jet_spec, threads)


def test_the_solver_is_imported_only_when_it_is_used():
    code = "import sys, jetgen.metrics.coverage; print({'ot', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
