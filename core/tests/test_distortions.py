"""Planted distortions: each does what it says and nothing else, and the metrics react as they should."""

import subprocess
import sys

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.data.jets import relative_mass
from jetgen.data.ordering import ordered
from jetgen.errors import DataError, UsageError
from jetgen.evaluation.floors import bands, floor_draws
from jetgen.evaluation.scorer import Scorer
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.metrics.wasserstein import (
    FeatureDistance,
    MassDistance,
    MomentumDistance,
    MultiplicityDistance,
    wasserstein,
)

HALF = 1_000
METRICS = {"w1m": MassDistance, "w1p": FeatureDistance, "w1pt": MomentumDistance, "w1mult": MultiplicityDistance}


@pytest.fixture(scope="module")
def roomy_spec(jet_spec):
    """Of golden jets nearly all have 30 particles: with room for one more, they can gain it."""
    return CloudSpec("jets", jet_spec.features, 31)


@pytest.fixture(scope="module")
def floors(real_jets, jet_spec):
    def floor(name):
        *_, draws = floor_draws(Scorer(METRICS[name].create(jet_spec)), real_jets, HALF, HALF, 30, MetricContext())
        return bands(name, draws)[name]

    return {name: floor(name) for name in METRICS}


def distorted(name, clouds, spec, seed=0, train=None):
    return DISTORTIONS[name].apply(clouds, spec, np.random.default_rng(seed), train)


def same(first, second):
    return first.fingerprint() == second.fingerprint()


def showers(max_points=4):
    """Small clouds of many sizes, empty and full ones among them, without any feature of jets."""
    spec = CloudSpec(
        "showers",
        (Feature("layer", nature="categorical"), Feature("energy", nature="positive"), Feature("x")),
        max_points,
        conditioning=(Feature("incident"),),
    )
    rng = np.random.default_rng(5)
    counts = np.concatenate([[0, max_points], rng.integers(0, max_points + 1, 200)])
    total = counts.sum()
    points = np.stack([rng.integers(0, 3, total), rng.exponential(size=total), rng.normal(size=total)], axis=1)
    return Clouds.from_multiplicities(points, counts, rng.random((len(counts), 1))), spec


@pytest.mark.parametrize("name", DISTORTIONS)
def test_the_clouds_stay_legal_and_as_many(name, real_jets, fake_jets, jet_spec):
    after = distorted(name, real_jets, jet_spec, train=fake_jets)
    Clouds(after.points, after.offsets, after.conditioning)
    assert len(after) == len(real_jets)
    assert after.points.dtype == np.float32
    assert after.multiplicity.max() <= jet_spec.max_points
    assert after.points[:, 2].min() >= 0
    assert not same(after, real_jets)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_the_same_generator_plants_the_same_and_leaves_the_clouds_alone(name, real_jets, fake_jets, jet_spec):
    before = real_jets.fingerprint(), fake_jets.fingerprint()
    first, second = (distorted(name, real_jets, jet_spec, seed=3, train=fake_jets) for _ in range(2))
    assert same(first, second)
    assert (real_jets.fingerprint(), fake_jets.fingerprint()) == before


@pytest.mark.parametrize("name", ["smear", "mass_tail", "collapse", "shuffle", "multiplicity", "copy"])
def test_another_generator_plants_something_else(name, real_jets, fake_jets, roomy_spec):
    first, second = (distorted(name, real_jets, roomy_spec, seed=seed, train=fake_jets) for seed in (0, 1))
    assert not same(first, second)


@pytest.mark.parametrize("name", [name for name, one in DISTORTIONS.items() if not one.features])
def test_clouds_of_another_kind_keep_their_context_and_their_categories(name):
    clouds, spec = showers()
    after = distorted(name, clouds, spec, train=clouds)
    Clouds(after.points, after.offsets, after.conditioning)
    assert len(after) == len(clouds)
    assert after.conditioning.shape == clouds.conditioning.shape
    assert set(np.unique(after.points[:, 0])) <= {0.0, 1.0, 2.0}


def test_the_shift_moves_eta_by_two_percent_of_its_spread(real_jets, jet_spec):
    moved = distorted("eta_shift", real_jets, jet_spec).points.astype(float) - real_jets.points
    spread = real_jets.points[:, 0].astype(float).std()
    np.testing.assert_allclose(moved[:, 0], 0.02 * spread, atol=1e-7)
    assert not moved[:, 1:].any()


def test_the_smear_is_two_percent_of_the_spread_or_of_the_positive_value_itself(real_jets, jet_spec):
    before, after = real_jets.points.astype(float), distorted("smear", real_jets, jet_spec).points.astype(float)
    noise = (after - before)[:, :2].std(axis=0) / before[:, :2].std(axis=0)
    np.testing.assert_allclose(noise, 0.02, rtol=0.02)
    factors = np.log(after[:, 2] / before[:, 2])
    assert factors.std() == pytest.approx(0.02, rel=0.02)
    assert abs(factors.mean()) < 3e-4


def test_the_mass_tail_is_gone_and_the_other_jets_are_untouched(real_jets, jet_spec):
    before = relative_mass(real_jets, jet_spec)
    after = relative_mass(distorted("mass_tail", real_jets, jet_spec), jet_spec)
    changed = before != after
    assert changed.sum() == 100
    assert set(np.flatnonzero(changed)) == set(np.argsort(before)[-100:])
    assert after.max() == np.sort(before)[-101]
    assert np.unique(after[changed]).size == 100


def test_the_collapse_leaves_a_tenth_of_the_jets_ten_times_each(real_jets, jet_spec):
    masses = relative_mass(real_jets, jet_spec)
    found, times = np.unique(relative_mass(distorted("collapse", real_jets, jet_spec), jet_spec), return_counts=True)
    assert len(found) == 200
    assert set(times) == {10}
    assert set(found) <= set(masses)


def test_the_scale_of_pt_is_one_percent_too_large(real_jets, jet_spec):
    after = distorted("pt_scale", real_jets, jet_spec)
    np.testing.assert_allclose(after.points[:, 2], 1.01 * real_jets.points[:, 2], rtol=1e-6)
    np.testing.assert_array_equal(after.points[:, :2], real_jets.points[:, :2])


def test_the_scale_of_other_clouds_is_that_of_their_leading_feature():
    clouds, spec = showers()
    after = distorted("pt_scale", clouds, spec)
    np.testing.assert_allclose(after.points[:, 1], 1.01 * clouds.points[:, 1], rtol=1e-6)
    np.testing.assert_array_equal(after.points[:, [0, 2]], clouds.points[:, [0, 2]])


def test_the_shuffle_keeps_sizes_and_every_marginal_at_every_rank(real_jets, jet_spec):
    before, after = ordered(real_jets, jet_spec), distorted("shuffle", real_jets, jet_spec)
    np.testing.assert_array_equal(after.multiplicity, before.multiplicity)
    for rank in range(30):
        here = before.ranks == rank
        for feature in range(3):
            np.testing.assert_array_equal(np.sort(after.points[here, feature]), np.sort(before.points[here, feature]))


def test_the_shuffle_moves_whole_particles_between_jets_of_equal_size_only(fake_jets, jet_spec):
    before, after = ordered(fake_jets, jet_spec), distorted("shuffle", fake_jets, jet_spec)
    for size in np.unique(before.multiplicity):
        here = np.repeat(before.multiplicity, before.multiplicity) == size
        assert sorted(before.points[here].tolist()) == sorted(after.points[here].tolist())


def test_the_shuffle_destroys_what_the_particles_of_a_jet_have_in_common(real_jets, jet_spec):
    after = distorted("shuffle", real_jets, jet_spec)
    assert wasserstein(relative_mass(real_jets, jet_spec), relative_mass(after, jet_spec)) > 0.01
    momenta = after[after.multiplicity == 30].points[:, 2].reshape(-1, 30).astype(float)
    # The variance of a sum of independent values is the sum of theirs; in real jets the hard ones leave less to others.
    assert momenta.sum(axis=1).var() == pytest.approx(momenta.var(axis=0).sum(), rel=0.1)
    before = ordered(real_jets, jet_spec)[real_jets.multiplicity == 30].points[:, 2].reshape(-1, 30).astype(float)
    assert before.sum(axis=1).var() < 0.6 * before.var(axis=0).sum()


def test_every_jet_with_room_gains_one_soft_particle_of_another(real_jets, roomy_spec):
    before, after = ordered(real_jets, roomy_spec), distorted("multiplicity", real_jets, roomy_spec)
    np.testing.assert_array_equal(after.multiplicity, before.multiplicity + 1)
    last = after.offsets[1:] - 1
    np.testing.assert_array_equal(np.delete(after.points, last, axis=0), before.points)
    softest, gained = before.points[before.offsets[1:] - 1], after.points[last]
    assert sorted(softest.tolist()) == sorted(gained.tolist())
    assert (softest != gained).any(axis=1).all()


def test_full_clouds_keep_their_size_and_empty_ones_gain_a_point():
    clouds, spec = showers()
    after = distorted("multiplicity", clouds, spec)
    np.testing.assert_array_equal(after.multiplicity, np.minimum(clouds.multiplicity + 1, spec.max_points))
    full = clouds.multiplicity == spec.max_points
    assert same(after[full], ordered(clouds, spec)[full])


def test_clouds_of_one_point_have_no_room_for_another():
    clouds, spec = showers(max_points=1)
    full = clouds[clouds.multiplicity == 1]
    with pytest.raises(DataError, match="no cloud has both a point to give and room for one more: the largest size is"):
        distorted("multiplicity", full, spec)


def test_the_copy_is_made_of_training_clouds_none_twice_while_there_are_enough(real_jets, fake_jets, jet_spec):
    masses = relative_mass(distorted("copy", real_jets[:500], jet_spec, train=fake_jets), jet_spec)
    assert len(masses) == len(np.unique(masses)) == 500
    assert set(masses) <= set(relative_mass(fake_jets, jet_spec))
    assert len(distorted("copy", real_jets, jet_spec, train=fake_jets[:10])) == len(real_jets)


def test_a_copy_without_training_clouds_is_refused(real_jets, jet_spec):
    with pytest.raises(UsageError, match="copy returns training clouds and needs some; give train="):
        distorted("copy", real_jets, jet_spec)


def test_a_missing_feature_is_named():
    clouds, spec = showers()
    with pytest.raises(DataError, match="mass_tail needs the features etarel, phirel, ptrel; the clouds have layer"):
        distorted("mass_tail", clouds, spec)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_no_clouds_cannot_be_distorted(name, real_jets, jet_spec):
    with pytest.raises(DataError, match=f"{name} needs clouds to distort; there are none"):
        distorted(name, real_jets[:0], jet_spec, train=real_jets)


def test_clouds_without_a_point_can_be_smeared(jet_spec):
    empty = Clouds(np.zeros((0, 3), np.float32), [0, 0, 0])
    for name in ("eta_shift", "smear", "pt_scale", "shuffle"):
        assert same(distorted(name, empty, jet_spec), empty)


REACTIONS = [
    ("mass_tail", "w1m", True),
    ("mass_tail", "w1mult", False),
    ("collapse", "w1m", True),
    ("pt_scale", "w1pt", True),
    ("pt_scale", "w1mult", False),
    ("shuffle", "w1m", True),
    ("shuffle", "w1pt", True),
    ("shuffle", "w1p", False),
    ("shuffle", "w1mult", False),
    ("smear", "w1m", False),
    ("smear", "w1p", False),
    ("multiplicity", "w1mult", True),
    ("multiplicity", "w1m", False),
    ("eta_shift", "w1pt", False),
    ("copy", "w1m", False),
    ("copy", "w1p", False),
]


@pytest.mark.parametrize(("distortion", "metric", "seen"), REACTIONS)
def test_a_metric_sees_what_it_measures_and_nothing_else(
    distortion, metric, seen, real_jets, jet_spec, roomy_spec, floors
):
    truth, sample = real_jets[:HALF], real_jets[HALF:]
    fake = distorted(distortion, sample, roomy_spec, train=sample)
    value = METRICS[metric].create(jet_spec).compute(truth, fake, MetricContext()).value
    assert (value > floors[metric].high) == seen, (value, floors[metric])
    assert value > floors[metric].low


def test_importing_them_brings_no_torch():
    code = "import sys, jetgen.metrics.distortions; print({'torch', 'matplotlib', 'pytest'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
