"""Toy Gaussians: their density, their streams, and what nll says of a flow that learnt them."""

import math

import jetgen
import numpy as np
import pytest
from jetgen import Clouds, MetricContext
from jetgen.errors import DataError, UsageError
from jetgen.metrics.likelihood import NegativeLogLikelihood
from jetgen_toys.gaussians.dataset import ToyGaussians
from jetgen_toys.gaussians.mixture import MIXTURE, Mixture
from jetgen_toys.gaussians.specs import SIZES

DATA = ToyGaussians.create("small")


def test_the_density_integrates_to_one_over_the_plane():
    edge = np.linspace(-4.5, 4.5, 600)
    points = np.stack(np.meshgrid(edge, edge), -1).reshape(-1, 2)
    cell = (edge[1] - edge[0]) ** 2
    assert np.exp(MIXTURE.log_prob(points)).sum() * cell == pytest.approx(1, abs=1e-6)


def test_the_density_of_a_single_component_is_that_of_a_gaussian():
    one = Mixture(number=1, radius=3.0, along=0.5, across=0.2)
    at = np.array([[3.1, 0.4]])
    expected = -math.log(2 * math.pi * 0.5 * 0.2) - 0.5 * ((0.1 / 0.2) ** 2 + (0.4 / 0.5) ** 2)
    assert one.log_prob(at)[0] == pytest.approx(expected)


def test_points_are_drawn_from_the_density():
    cells = [np.linspace(-3.5, 3.5, 15)] * 2
    points = DATA.simulate(100_000, 1).points
    found = np.histogram2d(*points.T, cells)[0]
    fine = np.stack(np.meshgrid(*[np.linspace(-3.5, 3.5, 1401)[:-1] + 0.0025] * 2, indexing="ij"), -1)
    density = np.exp(MIXTURE.log_prob(fine.reshape(-1, 2))).reshape(14, 100, 14, 100).sum((1, 3)) * 0.005**2
    expected = density * len(points)
    seen = expected > 20
    chi2 = ((found - expected) ** 2 / expected)[seen].sum()
    assert chi2 == pytest.approx(seen.sum(), abs=4 * math.sqrt(2 * seen.sum()))


def test_splits_are_independent_streams_and_a_larger_size_begins_with_a_smaller_one():
    first = {split: DATA.load(split)[:100].fingerprint() for split in ("train", "val", "test")}
    assert len(set(first.values())) == 3
    for size in SIZES:
        assert ToyGaussians.create(size).load("test")[:100].fingerprint() == first["test"]
    assert [len(DATA.load(split)) for split in first] == list(SIZES["small"])


def test_an_unknown_size_split_or_kind_of_cloud_is_refused():
    with pytest.raises(UsageError, match=r"no size 'smal' .*did you mean small"):
        ToyGaussians.create("smal")
    with pytest.raises(UsageError, match="no split 'all'"):
        DATA.load("all")
    with pytest.raises(DataError, match="clouds of one point with the features x and y"):
        DATA.log_prob(Clouds(np.zeros((2, 2)), [0, 2]))


def test_the_excess_of_a_trained_flow_is_its_divergence_from_the_truth():
    pytest.importorskip("torch")
    flow = jetgen.generator("rqs-flow", preset="tiny", steps=200)
    data = jetgen.dataset("toy-gaussians@small")
    flow.fit(data)
    test = DATA.load("test")
    ctx = MetricContext(model=flow._trained(), density=DATA.log_prob)
    found = NegativeLogLikelihood.create(DATA.spec).compute(test, test[:0], ctx)
    excess, error = found.components["nll_excess"], found.component_stderr["nll_excess"]
    assert excess == pytest.approx(found.value - found.components["nll_entropy"])
    assert error < found.stderr / 1.5
    # The divergence can be had from jets of the truth alone; it is positive, and the flow is no stranger to them.
    assert 5 * error < excess < 0.5
