"""Energy flow polynomials, against the reference library and against their definition."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature
from jetgen.errors import DataError, UsageError
from jetgen.metrics.observables.efps import ALL36, PRIME5, blocks, contraction, efps
from jetgen.metrics.observables.efps.graphs import PRIMES, components

SPEC = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)

particles = st.lists(
    st.tuples(st.floats(-2, 2, width=32), st.floats(-3.125, 3.125, width=32), st.floats(0, 1, width=32)),
    min_size=1,
    max_size=5,
).map(lambda rows: np.array(rows, np.float32))


def one_jet(points):
    return Clouds(points, [0, len(points)])


def by_definition(points, graph):
    eta, phi, z = np.asarray(points, np.float64).T
    turn = (phi[:, None] - phi + math.pi) % math.tau - math.pi
    theta = np.hypot(eta[:, None] - eta, turn)
    vertices = 1 + max((vertex for edge in graph for vertex in edge), default=0)
    return sum(
        math.prod(z[i] for i in chosen) * math.prod(theta[chosen[a], chosen[b]] for a, b in graph)
        for chosen in product(range(len(z)), repeat=vertices)
    )


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_five_are_those_of_the_reference_library(golden_jets, golden_values, jet_spec, device):
    if device != "cpu":
        pytest.importorskip("torch")
    for jets, name in zip(golden_jets, ("real", "fake"), strict=True):
        values = efps(jets[:3], jet_spec, device=device)
        np.testing.assert_allclose(values, golden_values["efp_n4_d4_prime_first3"][name], rtol=1e-12)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_36_are_those_of_the_reference_library(golden_jets, golden_values, jet_spec, device):
    if device != "cpu":
        pytest.importorskip("torch")
    for jets, name in zip(golden_jets, ("real", "fake"), strict=True):
        values = efps(jets[:2], jet_spec, "all36", device=device)
        np.testing.assert_allclose(values, golden_values["fpd_features_36_first2"][name], rtol=1e-12)


@settings(max_examples=10)
@given(particles)
def test_every_prime_is_the_sum_that_defines_it(points):
    values = efps(one_jet(points), SPEC, PRIMES)[0]
    np.testing.assert_allclose(values, [by_definition(points, graph) for graph in PRIMES], rtol=1e-9, atol=1e-12)


@settings(max_examples=5)
@given(particles.filter(lambda points: len(points) <= 3))
def test_every_composite_is_the_sum_that_defines_it(points):
    values = efps(one_jet(points), SPEC, ALL36)[0]
    np.testing.assert_allclose(values, [by_definition(points, graph) for graph in ALL36], rtol=1e-9, atol=1e-12)


@given(particles, st.randoms(use_true_random=False))
def test_the_order_of_the_particles_does_not_matter(points, random):
    shuffled = points[random.sample(range(len(points)), len(points))]
    np.testing.assert_allclose(
        efps(one_jet(shuffled), SPEC, "all36"), efps(one_jet(points), SPEC, "all36"), rtol=1e-9, atol=1e-15
    )


@given(particles, st.integers(1, 4))
def test_particles_without_momentum_change_nothing(points, extra):
    more = np.concatenate([points, np.tile(np.float32([[1.5, -1.0, 0.0]]), (extra, 1))])
    np.testing.assert_allclose(
        efps(one_jet(more), SPEC, "all36"), efps(one_jet(points), SPEC, "all36"), rtol=1e-9, atol=1e-15
    )


@given(particles)
def test_twice_the_momentum_counts_once_for_each_vertex(points):
    doubled = points * np.float32([1, 1, 2])
    vertices = np.array([1 + max((v for edge in graph for v in edge), default=0) for graph in ALL36])
    np.testing.assert_allclose(
        efps(one_jet(doubled), SPEC, "all36"), efps(one_jet(points), SPEC, "all36") * 2.0**vertices, rtol=1e-9
    )


# float32 moves an angle by 2e-7, which is much to two particles that nearly coincide: these are apart or at one place.
@given(particles.map(lambda points: np.round(64 * points) / 64), st.floats(-6, 6))
def test_a_rotation_in_phi_changes_nothing(points, angle):
    turned = points + np.array([0.0, angle, 0.0])
    turned[:, 1] = (turned[:, 1] + math.pi) % math.tau - math.pi
    np.testing.assert_allclose(
        efps(one_jet(turned), SPEC, "all36"), efps(one_jet(points), SPEC, "all36"), rtol=1e-3, atol=1e-6
    )


def test_the_edge_of_two_particles_is_twice_their_momenta_times_their_distance():
    pair = one_jet([[0.25, 3.0, 0.5], [0.25, -3.0, 0.25]])
    assert efps(pair, SPEC, (((0, 1),),))[0, 0] == pytest.approx(2 * 0.5 * 0.25 * (math.tau - 6.0), rel=1e-12)


def test_any_numbering_of_a_graph_will_do(real_jets, jet_spec):
    square = ((7, 2), (2, 5), (5, 0), (0, 7))
    assert np.array_equal(efps(real_jets[:5], jet_spec, (square,))[:, 0], efps(real_jets[:5], jet_spec)[:, 4])


def test_all_graphs_are_different_and_in_the_order_of_the_reference_library():
    assert len(ALL36) == len({components(graph) for graph in ALL36}) == 36
    assert [components(graph) for graph in ALL36[:21]] == [(place,) for place in range(21)]
    assert [ALL36.index(graph) for graph in PRIME5] == [12, 14, 15, 16, 17]


@pytest.mark.parametrize("graph", [((0, 0),), ((0, 1),) * 5])
def test_a_graph_beyond_four_edges_or_with_a_loop_is_refused(graph, real_jets, jet_spec):
    with pytest.raises(UsageError, match="is not a graph of at most four edges"):
        efps(real_jets[:1], jet_spec, (graph,))


def test_an_unknown_set_of_graphs_is_refused(real_jets, jet_spec):
    with pytest.raises(UsageError, match="'prime5', 'all36' or a tuple of graphs"):
        efps(real_jets[:1], jet_spec, "all37")


def test_clouds_without_directions_are_refused():
    with pytest.raises(DataError, match="no feature 'etarel'"):
        efps(Clouds([[1.0]], [0, 1]), CloudSpec("jets", (Feature("ptrel"),), 1))


def test_empty_jets_have_zero_and_do_not_disturb_the_others(real_jets, jet_spec):
    empty = Clouds(np.empty((0, 3)), [0])
    nothing = efps(empty, jet_spec, "all36")
    assert nothing.shape == (0, 36)
    gaps = Clouds(real_jets[:2].points, [0, 0, *real_jets[:2].offsets[1:], real_jets[:2].offsets[-1]])
    values = efps(gaps, jet_spec, "all36")
    assert not values[[0, 3]].any()
    np.testing.assert_allclose(values[1:3], efps(real_jets[:2], jet_spec, "all36"), rtol=1e-12)


def test_neither_blocks_nor_threads_change_a_value(real_jets, jet_spec, monkeypatch):
    uneven = Clouds.concatenate([real_jets[:40], one_jet(real_jets.points[:150]), real_jets[40:80]])
    alone = np.concatenate([efps(uneven[i : i + 1], jet_spec, "all36") for i in range(len(uneven))])
    for limit in (1, 40_000, 2**24):
        monkeypatch.setattr(blocks, "_CACHE_BYTES", limit)
        for threads in (1, 3):
            values = efps(uneven, jet_spec, "all36", threads=threads)
            np.testing.assert_allclose(values, alone, rtol=1e-12)


def test_a_product_in_strips_is_the_product(real_jets, jet_spec, monkeypatch):
    whole = efps(real_jets[:20], jet_spec)
    monkeypatch.setattr(contraction, "_SMALL_PRODUCT", 7 * 30**2)
    np.testing.assert_allclose(efps(real_jets[:20], jet_spec), whole, rtol=1e-12)


def test_blocks_hold_every_jet_once_and_stay_within_their_memory():
    counts = np.sort(np.random.default_rng(0).integers(0, 200, 1_000))
    slices = blocks._blocks(counts, 50_000)
    rows = np.concatenate([np.arange(len(counts))[block] for block in slices])
    assert np.array_equal(rows, np.flatnonzero(counts))
    assert all((b.stop - b.start) * counts[b.stop - 1] ** 2 <= 50_000 for b in slices)
    assert len(slices) < 400
