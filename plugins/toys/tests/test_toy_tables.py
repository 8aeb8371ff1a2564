"""Toys of known density: their densities, their streams, and what nll says of a flow that learnt one."""

import math

import jetgen
import numpy as np
import pytest
from jetgen import Clouds, MetricContext
from jetgen.errors import DataError, UsageError
from jetgen.metrics.likelihood import NegativeLogLikelihood
from jetgen_toys.tables.checkerboard import CHECKERBOARD
from jetgen_toys.tables.dataset import DENSITIES, ToyTable
from jetgen_toys.tables.ring import RING, Ring
from jetgen_toys.tables.specs import SIZES
from jetgen_toys.tables.swiss_roll import SWISS_ROLL
from scipy.integrate import quad

every_toy = pytest.mark.parametrize("toy", DENSITIES)

EDGE, CELLS, FINE = 10.0, 40, 8
"""A box that holds all of each toy, the cells along its sides, and the nodes along the sides of a cell."""

ENTROPIES = {
    "toy-gaussians": 2.258139,
    "toy-eight-gaussians": 2.831578,
    "toy-checkerboard": math.log(32),
    "toy-swiss-roll": 2.669646,
    "toy-camel-back": 2.111992,
}
"""As the README states them."""

AS_BEFORE = {
    "train": "38d68b11f72719fde9a5d22f12e56e532ec1c8efd6e1fc8731c5d43b623fffb2",
    "val": "b48f3bd50a3b955c6b19819c7591545d5bc017d665e4bb113695ffdb2589057d",
    "test": "7f8f3fc2ae51f6cac573cb43768bc37067ef253cd925ee868ce4e5b50db98691",
}
"""Fingerprints of toy-gaussians@small when it was the only toy."""


@pytest.fixture(scope="module")
def lattice():
    """The log-density of each toy at the nodes of its box, and the volume of a node."""
    at = (np.arange(CELLS * FINE) + 0.5) * 2 * EDGE / (CELLS * FINE) - EDGE
    found = {}
    for toy, density in DENSITIES.items():
        nodes = np.stack(np.meshgrid(*[at] * len(density.columns), indexing="ij"), -1)
        values = density.log_prob(nodes.reshape(-1, nodes.shape[-1]))
        found[toy] = values.reshape(nodes.shape[:-1]), (2 * EDGE / (CELLS * FINE)) ** nodes.shape[-1]
    return found


@every_toy
def test_the_density_integrates_to_one_and_has_the_entropy_of_the_readme(toy, lattice):
    log_density, volume = lattice[toy]
    assert np.exp(log_density).sum() * volume == pytest.approx(1, abs=1e-6)
    seen = log_density[np.isfinite(log_density)]
    assert -(np.exp(seen) * seen).sum() * volume == pytest.approx(ENTROPIES[toy], abs=1e-5)


@every_toy
def test_points_are_drawn_from_the_density(toy, lattice):
    log_density, volume = lattice[toy]
    points = ToyTable.create("small", toy=toy).simulate(100_000, 1).points
    dimension = points.shape[1]
    found = np.histogramdd(points, [np.linspace(-EDGE, EDGE, CELLS + 1)] * dimension)[0]
    within_cells = np.exp(log_density).reshape((CELLS, FINE) * dimension).sum(tuple(range(1, 2 * dimension, 2)))
    expected = within_cells * volume * len(points)
    seen = expected > 20
    chi2 = ((found - expected) ** 2 / np.where(seen, expected, 1.0))[seen].sum()
    assert chi2 == pytest.approx(seen.sum(), abs=4 * math.sqrt(2 * seen.sum()))
    assert found[expected == 0].sum() == 0


@every_toy
def test_each_own_point_has_a_density_and_their_mean_is_the_entropy(toy):
    data = ToyTable.create("medium", toy=toy)
    values = -data.log_prob(data.load("test"))
    error = values.std() / math.sqrt(len(values))
    assert values.mean() == pytest.approx(ENTROPIES[toy], abs=4 * error + 1e-9)


@every_toy
def test_splits_are_independent_streams_and_a_larger_size_begins_with_a_smaller_one(toy):
    data = ToyTable.create("small", toy=toy)
    first = {split: data.load(split)[:100].fingerprint() for split in ("train", "val", "test")}
    assert len(set(first.values())) == 3
    for size in SIZES:
        assert ToyTable.create(size, toy=toy).load("test")[:100].fingerprint() == first["test"]
    assert [len(data.load(split)) for split in first] == list(SIZES["small"])
    assert data.simulate(50, 1).fingerprint() == data.simulate(100, 1)[:50].fingerprint()
    assert data.simulate(50, 1).fingerprint() != data.simulate(50, 2).fingerprint()


def test_toy_gaussians_has_the_points_and_the_recipe_that_it_had_when_it_was_the_only_toy():
    data = ToyTable.create("small", toy="toy-gaussians")
    ring = {"mixture": "ring of Gaussians", "number": 8, "radius": 2.0, "along": 0.5, "across": 0.2}
    assert data.recipe() == {"recipe": 1, **ring, "train": 12_000, "val": 2_000, "test": 10_000}
    assert {split: data.load(split).fingerprint() for split in AS_BEFORE} == AS_BEFORE


def test_no_two_toys_have_one_recipe():
    recipes = [ToyTable.create("tiny", toy=toy).recipe() for toy in DENSITIES]
    assert all(one != other for i, one in enumerate(recipes) for other in recipes[:i])


def test_the_density_of_a_single_gaussian_on_a_ring_is_that_of_a_gaussian():
    one = Ring(number=1, radius=3.0, along=0.5, across=0.2)
    at = np.array([[3.1, 0.4]])
    expected = -math.log(2 * math.pi * 0.5 * 0.2) - 0.5 * ((0.1 / 0.2) ** 2 + (0.4 / 0.5) ** 2)
    assert one.log_prob(at)[0] == pytest.approx(expected)


def test_the_density_of_the_swiss_roll_is_the_integral_over_the_angle():
    rng = np.random.default_rng(0)
    points = SWISS_ROLL.draw(20, rng) + rng.uniform(-0.5, 0.5, (20, 2))
    found = SWISS_ROLL.log_prob(points)

    def at(angle, x, y):
        square = (x - angle * math.cos(angle) / 5) ** 2 + (y - angle * math.sin(angle) / 5) ** 2
        return math.exp(-square / (2 * 0.2**2)) / (2 * math.pi * 0.2**2) / (3 * math.pi)

    ends = 1.5 * math.pi, 4.5 * math.pi
    exact = [quad(at, *ends, tuple(point), epsabs=0, epsrel=1e-13, limit=500)[0] for point in points.tolist()]
    assert found == pytest.approx(np.log(exact), abs=1e-10)


def test_points_beside_the_squares_of_the_board_have_density_0():
    beside = np.array([[-0.5, 0.5], [4.5, 0.5], [4.0, 0.0], [-4.5, -4.5], [2.0, 0.0]])
    assert CHECKERBOARD.log_prob(beside).tolist() == [-math.inf] * 5
    on_it = np.array([[0.5, 0.5], [-4.0, -4.0], [3.99, 3.99], [-0.5, -0.5]])
    assert CHECKERBOARD.log_prob(on_it) == pytest.approx(np.full(4, -math.log(32)))


def test_an_unknown_toy_size_split_or_kind_of_cloud_is_refused():
    with pytest.raises(UsageError, match=r"no toy 'toy-checkboard' \(did you mean toy-checkerboard"):
        ToyTable.create("small", toy="toy-checkboard")
    with pytest.raises(UsageError, match=r"toy-swiss-roll has no size 'smal' .*did you mean small"):
        ToyTable.create("smal", toy="toy-swiss-roll")
    data = ToyTable.create("small", toy="toy-gaussians")
    with pytest.raises(UsageError, match="no split 'all'"):
        data.load("all")
    with pytest.raises(DataError, match="clouds of one point with the features x and y"):
        data.log_prob(Clouds(np.zeros((2, 2)), [0, 2]))
    with pytest.raises(DataError, match=r"toy-camel-back .* clouds of one point with the feature x;"):
        ToyTable.create("tiny", toy="toy-camel-back").log_prob(Clouds(np.zeros((2, 2)), [0, 1, 2]))


class KnowsTheRing:
    """A generator with the density of another toy."""

    def log_prob(self, clouds, ctx):
        return RING.log_prob(clouds.points)


class MissesTheRight:
    """A generator that thinks that the right half of the board cannot be."""

    def log_prob(self, clouds, ctx):
        return np.where(clouds.points[:, 0] < 0, -math.log(16), -math.inf)


def nll(data, model):
    test = data.load("test")
    ctx = MetricContext(model=model, density=data.log_prob)
    return NegativeLogLikelihood.create(data.spec).compute(test, test[:0], ctx)


def test_nll_of_a_truth_with_hard_edges_is_finite_and_its_entropy_exact():
    found = nll(ToyTable.create("small", toy="toy-checkerboard"), KnowsTheRing())
    assert found.components["nll_entropy"] == pytest.approx(math.log(32), abs=1e-12)
    assert found.components["nll_excess"] == pytest.approx(found.value - math.log(32))
    assert found.components["nll_impossible"] == 0


def test_nll_counts_the_points_that_a_model_rules_out_instead_of_averaging_infinities():
    found = nll(ToyTable.create("small", toy="toy-checkerboard"), MissesTheRight())
    assert found.components["nll_impossible"] == pytest.approx(0.5, abs=0.02)
    assert found.value == pytest.approx(math.log(16))


def test_the_excess_of_a_trained_flow_is_its_divergence_from_the_truth():
    pytest.importorskip("torch")
    flow = jetgen.generator("rqs-flow", preset="tiny", steps=200)
    flow.fit(jetgen.dataset("toy-gaussians@small"))
    found = nll(ToyTable.create("small", toy="toy-gaussians"), flow._trained())
    excess, error = found.components["nll_excess"], found.component_stderr["nll_excess"]
    assert excess == pytest.approx(found.value - found.components["nll_entropy"])
    assert error < found.stderr / 1.5
    # The divergence can be had from jets of the truth alone; it is positive, and the flow is no stranger to them.
    assert 5 * error < excess < 0.5
