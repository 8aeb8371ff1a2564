"""Metrics of showers: on showers made by hand, on fresh truth, and on truth with one planted fault each."""

import dataclasses

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.data.ordering import leading_points, ordered
from jetgen.errors import DataError
from jetgen.evaluation.choice import inapplicable
from jetgen.evaluation.floors import floor_draws
from jetgen.evaluation.scorer import Scorer
from jetgen.evaluation.strata import strata
from jetgen.metrics import specs
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.novelty import Novelty
from jetgen.metrics.observables.high_level import high_level, high_level_names
from jetgen.metrics.observables.voxels import legal_hits, voxel_energies
from jetgen.metrics.showers import EnergyDistance, ProfileDistance, SparsityDistance
from jetgen.metrics.sliced import SlicedDistance
from jetgen.metrics.wasserstein import FeatureDistance, MultiplicityDistance, wasserstein
from jetgen_toys.showers.dataset import shower_spec
from jetgen_toys.showers.recipe import PARAMETERS
from jetgen_toys.showers.simulator import Simulator

SPEC = shower_spec()
ALL = (MultiplicityDistance, EnergyDistance, ProfileDistance, SparsityDistance, SlicedDistance)


def shower(*hits, e_inc=100.0):
    return Clouds(np.reshape(hits, (-1, 4)), [0, len(hits)], [[e_inc]])


def measured(metric, *showers, ctx=None):
    return metric.create(SPEC).featurise(Clouds.concatenate(showers), ctx or MetricContext())


def simulated(energies, seed, **parameters):
    simulator = Simulator(dataclasses.replace(PARAMETERS, **parameters))
    return simulator.showers(energies, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def energies():
    return Simulator().energies(700, np.random.default_rng(0))


@pytest.fixture(scope="module")
def truth(energies):
    return simulated(energies, 1)


@pytest.fixture(scope="module")
def fresh(energies):
    """Other showers of the same incident energies: what a perfect model makes."""
    return simulated(energies, 2)


def test_the_energy_is_that_of_all_hits_over_the_incident_one():
    showers = shower([30, 0, 0, 0], [20, 44, 15, 8]), shower([80, 3, 2, 1], e_inc=200.0), shower()
    values = measured(EnergyDistance, *showers)
    assert values == pytest.approx([0.5, 0.4, 0.0])
    found = EnergyDistance.create(SPEC).compare(values, values + 0.1, MetricContext())
    assert found.value == pytest.approx(0.1)
    assert found.components == {}


def test_profiles_are_shares_of_layers_rings_and_sectors():
    shares = measured(ProfileDistance, shower([30, 2, 0, 1], [10, 2, 3, 8]), shower())
    assert shares.shape == (2, 45 + 9 + 16)
    layers, rings, sectors = np.split(shares[0], [45, 54])
    assert (layers[2], rings[1], rings[8], sectors[0], sectors[3]) == pytest.approx((1, 0.75, 0.25, 0.75, 0.25))
    assert [part.sum() for part in (layers, rings, sectors)] == pytest.approx([1, 1, 1])
    assert not shares[1].any()


def test_profiles_are_compared_in_units_of_their_spread_and_averaged():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(500, 70)) * np.geomspace(1e-4, 1.0, 70)
    fake = real.copy()
    fake[:, 45:54] += 0.5 * real[:, 45:54].std(axis=0)
    values = ProfileDistance.create(SPEC).compare(real, fake, MetricContext()).named("shower_profiles")
    assert list(values) == ["shower_profiles", "shower_profiles_z", "shower_profiles_r", "shower_profiles_alpha"]
    assert list(values.values()) == pytest.approx([0.5 / 3, 0.0, 0.5, 0.0], abs=1e-9)


def test_sparsity_is_the_share_of_empty_voxels():
    values = measured(
        SparsityDistance, shower([1, 7, 0, 0]), shower([1, 7, 0, 0], [1, 7, 3, 2], [1, 8, 0, 0]), shower()
    )
    assert values[:, 7] == pytest.approx([143 / 144, 142 / 144, 1])
    assert values[:, 8] == pytest.approx([1, 143 / 144, 1])
    assert values[:, -1] == pytest.approx([1 - 1 / 6480, 1 - 3 / 6480, 1])


def test_hits_in_one_voxel_count_once_with_their_energies_added():
    crowded = shower([0.01, 5, 2, 1], [0.01, 5, 2, 1], [3, 6, 2, 1])
    merged = shower([0.02, 5, 2, 1], [3, 6, 2, 1])
    for metric in (EnergyDistance, ProfileDistance, SparsityDistance):
        assert measured(metric, crowded) == pytest.approx(measured(metric, merged), rel=1e-6)


def test_a_voxel_below_the_threshold_is_empty():
    dim = shower([0.015, 5, 2, 1], [3, 6, 2, 1])
    for metric in (EnergyDistance, ProfileDistance, SparsityDistance):
        assert measured(metric, dim) == pytest.approx(measured(metric, shower([3, 6, 2, 1])))


def test_hits_outside_are_moved_to_the_nearest_voxel_and_counted():
    wild = shower([5, -3, 18, 99], [-1, 44, 0, 0], [2, 1e30, -1, 2.4], [4, 3, 2, 1])
    legal, wrong = legal_hits(wild, SPEC)
    assert legal.points.tolist() == [[5, 0, 2, 8], [0, 44, 0, 0], [2, 44, 15, 2], [4, 3, 2, 1]]
    assert wrong == 3
    events = []
    measured(EnergyDistance, wild, ctx=MetricContext(listener=events.append))
    assert [(event["kind"], event["metric"], event["points"]) for event in events] == [("clipped", "shower_energy", 3)]


def test_legal_hits_are_left_alone(truth):
    legal, wrong = legal_hits(truth, SPEC)
    assert wrong == 0
    assert legal is truth


def test_every_metric_is_finite_for_wild_showers(truth):
    some = truth[:100]
    points = some.points * np.random.default_rng(0).normal(scale=50, size=some.points.shape)
    for metric in (*ALL[1:], FeatureDistance):
        found = metric.create(SPEC).compute(some, some.with_points(points), MetricContext())
        assert np.isfinite(list(found.named("").values())).all()
        assert found.value > 0


def test_fresh_showers_are_at_the_floor(truth, fresh):
    pool = Clouds.concatenate([truth, fresh])
    for metric in ALL:
        judge, ctx = metric.create(SPEC), MetricContext()
        _, _, draws = floor_draws(Scorer(judge), pool, 700, 700, 5, ctx, strata(pool, SPEC))
        floor = np.mean([draw.value for draw in draws])
        assert 0.5 < judge.compute(truth, fresh, ctx).value / floor < 2.0


@pytest.mark.parametrize(
    ("fault", "metric", "factor"),
    [
        ({"response": 1.1 * PARAMETERS.response}, EnergyDistance, 5.0),
        ({"response": 1.1 * PARAMETERS.response}, MultiplicityDistance, 1.7),
        ({"widening": 1.2 * PARAMETERS.widening}, ProfileDistance, 1.4),
        ({"widening": 1.2 * PARAMETERS.widening}, SlicedDistance, 2.0),
        ({"halo": 1.2 * PARAMETERS.halo}, SparsityDistance, 1.5),
    ],
)
def test_a_planted_fault_is_seen(truth, fresh, energies, fault, metric, factor):
    faulty = simulated(energies, 3, **fault)
    judge, ctx = metric.create(SPEC), MetricContext()
    clean, seen = (judge.compute(truth, side, ctx).value for side in (fresh, faulty))
    assert seen > factor * clean


def test_shuffled_sectors_collide_which_only_the_voxels_see(truth, fresh):
    points = fresh.points.copy()
    points[:, 2] = np.random.default_rng(0).integers(16, size=len(points))
    ctx, shuffled = MetricContext(), fresh.with_points(points)
    ratio = {
        metric: metric.create(SPEC).compute(truth, shuffled, ctx).value
        / metric.create(SPEC).compute(truth, fresh, ctx).value
        for metric in (MultiplicityDistance, EnergyDistance, SparsityDistance)
    }
    assert ratio[MultiplicityDistance] == 1.0
    assert ratio[EnergyDistance] == pytest.approx(1.0, abs=0.01)
    assert ratio[SparsityDistance] > 5.0


def test_rotating_showers_by_whole_voxels_changes_no_profile_along_or_across(truth):
    some = truth[:60]
    points = some.points.copy()
    points[:, 2] = (points[:, 2] + 5) % 16
    turned = some.with_points(points)
    for metric in (EnergyDistance, SparsityDistance):
        assert measured(metric, turned) == pytest.approx(measured(metric, some), rel=1e-9)
    before, after = measured(ProfileDistance, some), measured(ProfileDistance, turned)
    assert after[:, :54] == pytest.approx(before[:, :54], abs=1e-12)
    assert np.roll(before[:, 54:], 5, axis=1) == pytest.approx(after[:, 54:], abs=1e-12)
    columns = [i for i, name in enumerate(high_level_names(SPEC)) if name not in ("x", "y")]
    assert high_level(turned, SPEC)[:, columns] == pytest.approx(high_level(some, SPEC)[:, columns], rel=1e-9)


def test_high_level_observables_have_the_values_of_slow_sums(truth):
    found = dict(zip(high_level_names(SPEC), high_level(truth[:20], SPEC).T, strict=True))
    for i in range(20):
        energy, z, alpha, r = truth[i : i + 1].points.astype(np.float64).T
        share, angle = energy / energy.sum(), 2 * np.pi * (alpha + 0.5) / 16
        expected = {
            "multiplicity": len(energy),
            "cells": len(energy),
            "layers": len(set(z)),
            "ln_energy": np.log1p(energy.sum()),
            "front": share[z < 5].sum(),
            "core": share[r == 0].sum(),
            "largest": share.max(),
            "peak": np.bincount(z.astype(int), energy).argmax(),
            "deepest": z.max(),
            "z": share @ z,
            "z_sd": np.sqrt(share @ (z - share @ z) ** 2),
            "r": share @ (r + 0.5),
            "r_sd": np.sqrt(share @ (r - share @ r) ** 2),
            "x": share @ ((r + 0.5) * np.cos(angle)),
            "y": share @ ((r + 0.5) * np.sin(angle)),
            "ln_cell": np.log(energy).mean(),
            "ln_cell_sd": np.log(energy).std(),
            "response": energy.sum() / truth.conditioning[i, 0],
        }
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert found[name][i] == pytest.approx(value, rel=1e-6, abs=1e-9), name


def test_without_the_incident_energy_there_is_no_response():
    spec = dataclasses.replace(SPEC, conditioning=())
    showers = Clouds([[3, 1, 2, 3], [5, 6, 7, 8]], [0, 0, 2])
    assert "response" not in high_level_names(spec)
    assert high_level(showers, spec).shape == (2, len(high_level_names(spec)))
    assert high_level(showers, spec)[0].tolist() == [0.0] * len(high_level_names(spec))
    with pytest.raises(DataError, match="the showers have no conditioning e_inc"):
        EnergyDistance.create(spec).featurise(showers, MetricContext())
    with pytest.raises(DataError, match=r"e_inc is 0\.0 at shower 1; an incident energy is positive"):
        measured(EnergyDistance, shower([1, 0, 0, 0]), shower([1, 0, 0, 0], e_inc=0.0))


@pytest.mark.parametrize("metric", [ProfileDistance, SparsityDistance, EnergyDistance])
def test_there_is_no_distance_of_nothing(metric, truth):
    with pytest.raises(DataError, match=r"700 (true )?and 0 (generated|values)"):
        metric.create(SPEC).compute(truth, truth[:0], MetricContext())


def test_other_clouds_are_left_to_other_metrics(jet_spec):
    bare = CloudSpec("showers", (Feature("energy", nature="positive"), Feature("z")), 9)
    for spec in (specs.shower_energy, specs.shower_profiles, specs.shower_sparsity):
        assert inapplicable(spec, SPEC) is None
        assert "judges showers, these are jets" in inapplicable(spec, jet_spec)
        assert "needs the features" in inapplicable(spec, bare)


def test_distances_of_indices_are_those_of_sorted_values(truth, fresh):
    values = FeatureDistance.create(SPEC).compute(truth, fresh, MetricContext()).components
    for name, column in (("energy", 0), ("z", 1), ("r", 3)):
        assert values[f"w1p_{name}"] == pytest.approx(wasserstein(truth.points[:, column], fresh.points[:, column]))


def test_sectors_go_the_shorter_way_round():
    first, last = (Clouds([[1, 0, sector, 0]] * 10, [0, 10], [[100]]) for sector in (0, 15))
    values = FeatureDistance.create(SPEC).compute(first, last, MetricContext()).components
    assert values["w1p_alpha"] == pytest.approx(1.0)
    outside = Clouds([[1, 50, 0, 0]] * 10, [0, 10], [[100]])
    assert FeatureDistance.create(SPEC).compute(first, outside, MetricContext()).components["w1p_z"] == pytest.approx(
        50.0
    )


def test_a_classifier_sees_no_seam_between_the_sectors(truth):
    encoder = Encoder(truth[:100], SPEC, 150)
    inputs = encoder(Clouds.concatenate([shower([9, 1, k, 2]) for k in (15, 0, 1, 8)]))
    assert np.isfinite(inputs.points).all()
    gaps = np.linalg.norm(inputs.points[1:] - inputs.points[0], axis=1)
    assert gaps[0] < gaps[1] < gaps[2]
    assert np.linalg.norm(inputs.points[1] - inputs.points[2]) == pytest.approx(gaps[0], rel=0.05)
    assert len(encoder(truth[:50]).points) == np.minimum(truth.multiplicity[:50], 150).sum()


def test_the_leading_points_are_the_first_ones_of_the_order(truth):
    some = truth[:100]
    tied = some.with_points(np.round(some.points))
    for clouds in (some, tied, some[:0]):
        whole = ordered(clouds, SPEC)
        kept = leading_points(clouds, SPEC, 150)
        assert np.array_equal(kept.points, whole.points[whole.ranks < 150])
        assert np.array_equal(kept.multiplicity, np.minimum(clouds.multiplicity, 150))


def test_copied_showers_are_not_new(truth, fresh):
    metric, ctx = Novelty.create(SPEC), MetricContext(train=truth)
    assert metric.compute(fresh[:200], truth[:200], ctx).components["novelty_copies"] == 1.0
    values = metric.compute(fresh[:200], fresh[200:400], ctx).named("novelty")
    assert values["novelty"] == pytest.approx(1.0, abs=0.3)
    assert values["novelty_copies"] == 0.0
    assert metric.compute(fresh[:200], fresh[:200], MetricContext(train=fresh[200:])).value == 1.0


def test_voxels_are_numbered_as_the_calochallenge_does():
    voxels = voxel_energies(shower([7, 2, 3, 4]), SPEC)
    assert np.flatnonzero(voxels).tolist() == [2 * 144 + 3 * 9 + 4]
    assert voxels.shape == (1, 45, 16, 9)
