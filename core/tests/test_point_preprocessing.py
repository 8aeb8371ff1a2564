import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature
from jetgen.errors import DataError, UsageError
from jetgen.torch.transforms import FeatureTransform, PointPreprocessing
from jetgen.torch.transforms.voxels import VoxelGrid, inside_voxels, slopes, voxel_logit

GRID = VoxelGrid((45, 16, 9), (False, True, False))
ENERGY = Feature("energy", "MeV", "positive")
SHOWERS = CloudSpec(
    "showers",
    (ENERGY, Feature("z", bins=45), Feature("alpha", nature="periodic", bins=16), Feature("r", bins=9)),
    GRID.size,
    (Feature("e_inc", "MeV", "positive"),),
)


def seeded(seed=1):
    return np.random.default_rng(seed)


def hits(counts, rng, *, twice=False):
    """Hits about as deep and as wide as those of a shower; no voxel has two of them unless it may be hit twice."""
    shape = np.arange(GRID.size)
    z, _, r = np.unravel_index(shape, GRID.shape)
    weights = np.exp(-(((z - 14) / 9) ** 2) - r / 3)
    voxels = [rng.choice(GRID.size, n, replace=twice, p=weights / weights.sum()) for n in counts]
    places = np.stack(np.unravel_index(np.concatenate(voxels), GRID.shape), 1)
    energy = np.exp(rng.normal(0, 1.9, len(places)))
    conditioning = rng.uniform(1e3, 1e6, (len(counts), 1))
    return Clouds.from_multiplicities(np.column_stack([energy, places]), counts, conditioning)


def keys_of(clouds):
    return clouds.rows * GRID.size + GRID.flat(clouds.points[:, 1:].astype(np.int64))


def fitted(**options):
    return PointPreprocessing.fit(SHOWERS, hits([900] * 30, seeded(0)), rng=seeded(), **options)


@pytest.mark.parametrize("dequantise", ["uniform", "linear"])
@pytest.mark.parametrize("positive", ["log", "boxcox"])
def test_the_cells_of_showers_come_back_to_the_bit(dequantise, positive):
    coding, showers = fitted(positive=positive, dequantise=dequantise), hits([0, 1, 700, 1500], seeded(2))
    coded = coding.encode(showers, seeded(3))
    assert coded.dtype == np.float32
    assert coded.shape == (2201, coding.width) == (2201, 5)
    again = coding.decode(coded, showers.multiplicity, showers.conditioning)
    assert again.points[:, 1:].tolist() == showers.points[:, 1:].tolist()
    assert np.allclose(again.points[:, 0], showers.points[:, 0], rtol=1e-5)
    assert again.offsets.tolist() == showers.offsets.tolist()
    assert again.conditioning.tolist() == showers.conditioning.tolist()


@given(bins=st.integers(1, 500), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_no_rounding_takes_an_index_into_the_next_cell_whatever_the_cells(bins, seed):
    rng = seeded(seed)
    features = (ENERGY, Feature("a", bins=bins), Feature("b", nature="periodic", bins=bins), Feature("x"))
    spec = CloudSpec("showers", features, 300)
    points = np.column_stack([rng.random(300), rng.integers(0, bins, (300, 2)), rng.normal(size=300)])
    clouds = Clouds(points, [0, 300])
    coding = PointPreprocessing.fit(spec, clouds, dequantise="linear", rng=rng)

    class Edges:
        def random(self, n):
            return rng.choice([0.0, 1.0 - 2**-53], n)

    again = coding.decode(coding.encode(clouds, Edges()), clouds.multiplicity)
    assert again.points[:, 1:3].tolist() == clouds.points[:, 1:3].tolist()


def test_coded_points_are_about_standard_normal():
    showers = hits([900] * 30, seeded(0))
    coded = fitted().encode(showers, seeded(4))
    assert np.allclose(coded.mean(0), 0, atol=0.05)
    assert np.allclose(coded.std(0), 1, atol=0.05)
    assert np.abs(coded).max() < 12


@pytest.mark.parametrize(
    ("bins", "mean", "scale", "low", "high"), [(45, -0.654, 1.272, -8.53, 9.56), (9, -0.645, 1.845, -5.89, 6.59)]
)
def test_the_edges_of_a_real_calorimeter_stand_where_they_were_published(bins, mean, scale, low, high):
    edges = (voxel_logit(bins).forward(np.array([0.0, bins])) - mean) / scale
    assert edges == pytest.approx([low, high], abs=0.01)
    assert voxel_logit(bins).forward(np.array([bins / 2])) == pytest.approx([0], abs=1e-12)


def test_linear_dequantisation_follows_the_neighbouring_cells():
    counts = np.array([1000, 3000, 2000])
    density = slopes(np.repeat([0.0, 1.0, 2.0], counts), 3)
    assert density.tolist() == [1000, 3000, 2000, 1000]
    places = inside_voxels(np.repeat([0.0, 1.0, 2.0], 40_000), 3, seeded(), density) % 1
    # The mean of a density that goes from a to b along the unit interval.
    expected = [(a + 2 * b) / (3 * (a + b)) for a, b in itertools.pairwise(density)]
    assert places.reshape(3, -1).mean(1) == pytest.approx(expected, abs=0.006)
    lowest = np.histogram(places[:40_000], 4, (0, 1))[0] / 40_000
    assert lowest == pytest.approx([0.15625, 0.21875, 0.28125, 0.34375], abs=0.01)


def test_the_two_ends_of_a_turn_are_neighbours():
    coding = fitted()
    showers = Clouds([[1.0, 5, alpha, 3] for alpha in (15, 0, 8)], [0, 3])

    class Ends:
        def random(self, n):
            return np.resize([0.999, 0.001, 0.5], n)

    last, first, opposite = coding.encode(showers, Ends())[:, 2:4]
    assert np.linalg.norm(last - first) < 0.01
    assert np.linalg.norm(last - opposite) > 2.5


@given(seed=st.integers(0, 2**32), size=st.sampled_from([0.1, 3.0, 1e3, 1e30]))
@settings(max_examples=25, deadline=None)
def test_whatever_finite_numbers_a_network_gives_the_showers_are_legal(seed, size):
    coding, rng = CODING, seeded(seed)
    counts = np.array([0, 1, 40, 700])
    showers = coding.decode((size * rng.normal(size=(741, 5))).astype(np.float32), counts)
    assert showers.multiplicity.tolist() == counts.tolist()
    energy, voxels = showers.points[:, 0], showers.points[:, 1:]
    assert (energy > 0).all()
    assert energy.max() <= 2 * TRAINING.points[:, 0].max() * (1 + 1e-6)
    assert (voxels == np.floor(voxels)).all()
    assert ((voxels >= 0) & (voxels < GRID.shape)).all()
    assert len(np.unique(keys_of(showers))) == 741


def crowded(seed=5):
    return hits([0, 30, 400, 2500, 5000], seeded(seed), twice=True)


def coded(showers):
    return CODING.encode(showers, seeded(6))


def test_of_hits_in_one_cell_the_others_move_and_no_energy_or_hit_is_lost():
    showers = crowded()
    assert len(np.unique(keys_of(showers))) < 0.8 * len(showers.points)
    apart = CODING.decode(coded(showers), showers.multiplicity, showers.conditioning)
    assert apart.multiplicity.tolist() == showers.multiplicity.tolist()
    assert len(np.unique(keys_of(apart))) == len(apart.points)
    assert np.allclose(apart.points[:, 0], showers.points[:, 0], rtol=1e-5)


def test_a_hit_that_was_alone_or_the_most_energetic_of_its_cell_stays():
    showers = crowded()
    before, energy = keys_of(showers), showers.points[:, 0]
    stays = keys_of(CODING.decode(coded(showers), showers.multiplicity)) == before
    best = np.zeros(len(showers) * GRID.size)
    np.maximum.at(best, before, energy)
    assert (stays == (energy == best[before])).all()


def test_hits_move_one_step_where_they_can_in_every_direction_alike():
    pairs = np.repeat([[20, 15, 4]], 2 * 6000, 0)
    rng = seeded(7)
    moved = GRID.alone(pairs, np.full(6000, 2), rng.random(12_000).astype(np.float32)) - pairs
    moved = moved[np.abs(moved).sum(1) > 0]
    directions, times = np.unique(moved, axis=0, return_counts=True)
    assert directions.tolist() == [[-1, 0, 0], [0, -15, 0], [0, -1, 0], [0, 0, -1], [0, 0, 1], [1, 0, 0]]
    assert np.allclose(times, 1000, atol=150)


def test_a_shower_is_decoded_alike_alone_and_among_others():
    showers = crowded()
    values = coded(showers)
    together = CODING.decode(values, showers.multiplicity)
    start, stop = showers.offsets[3:5]
    alone = CODING.decode(values[start:stop], showers.multiplicity[3:4])
    assert alone.points.tolist() == together[3:4].points.tolist()


@pytest.mark.parametrize("n", [1600, GRID.size])
def test_even_hits_that_are_all_in_one_cell_find_places(n):
    where = np.repeat([[0, 15, 8]], n, 0)
    apart = GRID.alone(where, np.array([n]), np.ones(n, np.float32))
    assert len(np.unique(GRID.flat(apart))) == n


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_on_any_grid_that_is_large_enough_every_point_gets_a_cell(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    grid = VoxelGrid(shape, tuple(data.draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))))
    counts = np.array(data.draw(st.lists(st.integers(0, grid.size), min_size=1, max_size=5)))
    rng = seeded(data.draw(st.integers(0, 2**32)))
    voxels = (rng.random((counts.sum(), len(shape))) ** 3 * shape).astype(np.int64)
    apart = grid.alone(voxels, counts, rng.integers(0, 3, len(voxels)).astype(np.float32))
    keys = np.repeat(np.arange(len(counts)), counts) * grid.size + grid.flat(apart)
    assert len(np.unique(keys)) == counts.sum()


def test_more_hits_than_cells_are_refused():
    spec = CloudSpec("showers", (ENERGY, Feature("z", bins=3)), 3)
    coding = PointPreprocessing.fit(spec, Clouds([[1.0, 0], [2.0, 2]], [0, 2]), rng=seeded())
    with pytest.raises(DataError, match="cloud 1 has 4 points, more than the 3 voxels of the grid"):
        coding.decode(np.zeros((6, 2)), np.array([2, 4]))


def test_hits_in_one_cell_may_be_summed_instead():
    showers = crowded()
    summed = CODING.decode(coded(showers), showers.multiplicity, showers.conditioning, shared="sum")
    assert keys_of(summed).tolist() == np.unique(keys_of(showers)).tolist()
    totals = np.bincount(showers.rows, showers.points[:, 0], minlength=5)
    assert np.allclose(np.bincount(summed.rows, summed.points[:, 0], minlength=5), totals, rtol=1e-5)
    assert summed.conditioning.tolist() == showers.conditioning.tolist()


def test_points_with_a_coordinate_beside_their_cell_may_share_it():
    spec = CloudSpec("tracks", (Feature("x"), Feature("layer", bins=3)), 100)
    tracks = Clouds(np.column_stack([seeded().normal(size=100), np.ones(100)]), [0, 100])
    coding = PointPreprocessing.fit(spec, tracks, rng=seeded())
    assert (coding.decode(coding.encode(tracks, seeded()), tracks.multiplicity).points[:, 1] == 1).all()


def test_jets_are_coded_as_they_are_by_their_feature_transforms_alone(real_jets, jet_spec):
    jets, spec = real_jets, jet_spec
    chosen = [spec.index("etarel"), spec.index("phirel")]
    coding = PointPreprocessing.fit(spec, jets, positive="boxcox", mirrored=chosen, rng=seeded())
    image = jets.points.astype(np.float64)
    image[:, chosen] *= -1
    plan = {"etarel": ["standardise"], "phirel": ["standardise"], "ptrel": ["boxcox", "standardise"]}
    known = FeatureTransform.fit(plan, np.concatenate([jets.points.astype(np.float64), image]))
    values = known.forward(jets.points).astype(np.float32)
    assert coding.exact
    assert coding.encode(jets, seeded()).tolist() == values.tolist()
    again = coding.decode(values, jets.multiplicity)
    assert again.points.tolist() == known.inverse(values).astype(np.float32).tolist()
    assert coding.log_det(jets.points).tolist() == known.log_det(jets.points).tolist()
    assert coding.to_json() == known.to_json()
    flipped = jets.points.copy()
    flipped[:, chosen] *= -1
    mirrored = coding.encode(jets.with_points(flipped), seeded())
    assert mirrored[:, chosen].tolist() == (-values[:, chosen]).tolist()


def test_angles_in_radians_come_back():
    spec = CloudSpec("tracks", (Feature("phi", "rad", "periodic"), Feature("d0")), 50)
    angles = np.linspace(-3.1, 3.1, 50)
    tracks = Clouds(np.column_stack([angles, 7 + angles]), [0, 20, 50])
    coding = PointPreprocessing.fit(spec, tracks, rng=seeded())
    assert (coding.width, coding.exact, list(coding.features.chains)) == (3, False, ["d0"])
    again = coding.decode(coding.encode(tracks, seeded()), tracks.multiplicity)
    assert np.allclose(again.points, tracks.points, atol=1e-5)
    only = CloudSpec("tracks", spec.features[:1], 50)
    alone = Clouds(angles[:, None], [0, 50])
    lonely = PointPreprocessing.fit(only, alone, rng=seeded())
    assert np.allclose(lonely.decode(lonely.encode(alone, seeded()), [50]).points, alone.points, atol=1e-5)


@pytest.mark.parametrize("dequantise", ["uniform", "linear"])
def test_a_coding_survives_json(dequantise):
    coding, showers = fitted(dequantise=dequantise), hits([100, 50], seeded(2))
    again = PointPreprocessing.from_json(SHOWERS, json.loads(json.dumps(coding.to_json(), allow_nan=False)))
    values = coding.encode(showers, seeded(9))
    assert again.encode(showers, seeded(9)).tolist() == values.tolist()
    assert (
        again.decode(values * 9, showers.multiplicity).fingerprint()
        == coding.decode(values * 9, showers.multiplicity).fingerprint()
    )


def test_what_cannot_be_coded_is_refused_with_one_sentence():
    pdg = CloudSpec("jets", (Feature("pdg", nature="categorical"),), 3)
    with pytest.raises(DataError, match="the categorical feature pdg, which has no form as a number"):
        PointPreprocessing.fit(pdg, Clouds([[1.0]], [0, 1]), rng=seeded())
    for column in (0, 1, 2):
        with pytest.raises(UsageError, match=f"{SHOWERS.names[column]} cannot be mirrored: it is"):
            fitted(mirrored=[column])
    with pytest.raises(DataError, match="cannot be fitted to points of shape"):
        PointPreprocessing.fit(SHOWERS, hits([0, 0], seeded()), rng=seeded())
    for z in (45, -1, 3.5):
        with pytest.raises(DataError, match=f"z is {z} at point 1; the index of one of its 45 voxels is needed"):
            CODING.encode(Clouds([[1.0, 4, 0, 0], [1.0, z, 0, 0]], [0, 2]), seeded())
    with pytest.raises(DataError, match="the points have 2 features; energy, z, alpha, r are needed"):
        CODING.encode(Clouds([[1.0, 4]], [0, 1]), seeded())
    with pytest.raises(DataError, match=r"shape \(3, 4\); 3 rows of 5 columns are needed"):
        CODING.decode(np.zeros((3, 4)), np.array([3]))
    with pytest.raises(DataError, match="not finite at row 1, column 4"):
        CODING.decode([[0.0] * 5, [0.0] * 4 + [np.nan]], np.array([2]))
    with pytest.raises(DataError, match=r"voxels or with angles \(z, alpha, r\) have no density"):
        CODING.log_det(np.zeros((1, 4)))


@pytest.mark.parametrize(
    "document",
    [{}, [], {"features": {}, "ranges": {}, "densities": {}}, {"features": 3, "ranges": {}, "densities": {}}],
)
def test_a_description_that_is_none_is_refused(document, jet_spec):
    with pytest.raises(DataError, match="is not one"):
        PointPreprocessing.from_json(SHOWERS, document)
    with pytest.raises(DataError, match="is not one"):
        PointPreprocessing.from_json(jet_spec, {"features": document})


TRAINING = hits([900] * 30, seeded(0))
CODING = fitted()
