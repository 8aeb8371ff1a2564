"""Weights of generated clouds: where they travel, and that metrics count a cloud as often as its weight says."""

import dataclasses

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature, Measurement, MetricContext, MetricSpec, evaluate
from jetgen.data.checks import check_truth
from jetgen.data.jets import relative_mass
from jetgen.data.ordering import leading_points
from jetgen.data.weights import effective_size
from jetgen.datasets.file_dataset import FileDataset
from jetgen.errors import DataError, UsageError
from jetgen.evaluation.floors import bands, floor_draws
from jetgen.evaluation.scorer import Scorer
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from jetgen.metrics import specs
from jetgen.metrics.showers import EnergyDistance, ProfileDistance, SparsityDistance
from jetgen.metrics.wasserstein import FeatureDistance, MultiplicityDistance, wasserstein
from jetgen.registry import load_target
from scipy.stats import wasserstein_distance

OF_JETS = ("w1m", "w1p", "w1pt", "w1mult", "w1efp", "sliced")
VOXELS = CloudSpec(
    "showers",
    (
        Feature("energy", "MeV", "positive"),
        Feature("z", bins=3),
        Feature("alpha", nature="periodic", bins=4),
        Feature("r", bins=2),
    ),
    40,
    (Feature("e_inc", "MeV", "positive"),),
)


def metric(name, spec):
    return load_target(getattr(specs, name).target).create(spec)


def rows(*weights):
    n = len(weights)
    return Clouds(np.arange(float(n))[:, None], np.arange(n + 1), weights=weights)


@pytest.fixture
def weighted(fake_jets):
    return fake_jets.with_weights(np.random.default_rng(0).exponential(size=len(fake_jets)))


# Where weights travel.


def test_weights_are_picked_with_their_clouds():
    clouds = rows(1, 2, 0, 4)
    assert clouds.weights.dtype == np.float64
    for key in (slice(1, 3), slice(None, None, -1), [3, 0], np.array([True, False, False, True])):
        assert clouds[key].weights.tolist() == [[1, 2, 0, 4][int(point)] for point in clouds[key].points[:, 0]]
    assert Clouds.concatenate([clouds[2:], clouds[:2]]).weights.tolist() == [0, 4, 1, 2]
    assert clouds.with_points(clouds.points + 1).weights is clouds.weights
    assert clouds.with_weights(None).weights is None
    assert clouds.with_weights([5, 6, 7, 8]).weights.tolist() == [5, 6, 7, 8]
    assert leading_points(clouds, CloudSpec("table", (Feature("x"),), 1), 1).weights.tolist() == [1, 2, 0, 4]
    assert "weighted" in repr(clouds)
    assert Clouds.from_multiplicities([[1.0]], [1, 0], weights=[2, 3]).weights.tolist() == [2, 3]
    assert Clouds.from_padded([[[1.0]]], [[True]], weights=[2]).weights.tolist() == [2]


def test_weights_are_part_of_the_fingerprint_and_their_absence_changes_none(fake_jets):
    equal = fake_jets.with_weights(np.ones(len(fake_jets)))
    assert equal.fingerprint() != fake_jets.fingerprint() == equal.with_weights(None).fingerprint()


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([1, 2], "weights has 2 entries for 3 clouds"),
        ([1, -2, 3], "weights is -2 at row 1; a weight is finite and 0 or more"),
        ([1, 2, np.nan], "weights is nan at row 2; a weight is finite and 0 or more"),
        ([np.inf, 2, 3], "weights is inf at row 0; a weight is finite and 0 or more"),
        ([[1], [2], [3]], "weights has shape (3, 1) and dtype int64; one dimension of numbers is needed"),
        (["a", "b", "c"], "weights has shape (3,) and dtype <U1; one dimension of numbers is needed"),
    ],
)
def test_wrong_weights_are_refused_with_the_row(weights, sentence):
    for make in (
        lambda: rows(1, 1, 1).with_weights(weights),
        lambda: Clouds(np.ones((3, 1)), range(4), weights=weights),
    ):
        with pytest.raises(DataError) as caught:
            make()
        assert str(caught.value) == sentence


def test_clouds_with_and_without_weights_are_not_joined():
    with pytest.raises(DataError, match="part 1 has no weights, unlike part 0"):
        Clouds.concatenate([rows(1, 2), rows(1, 2).with_weights(None)])


def test_the_effective_size_counts_what_is_left():
    assert effective_size(np.full(50, 3e307)) == pytest.approx(50)
    assert effective_size(np.array([1.0, 0.0, 1.0, 0.0])) == 2.0
    with pytest.raises(DataError, match="the weights of all 2 clouds are 0"):
        effective_size(np.zeros(2))


# Files.


@pytest.mark.parametrize("block", [7, 10_000])
def test_weights_are_written_and_read_by_slices(tmp_path, weighted, jet_spec, block):
    write_clouds(tmp_path / "jets.h5", weighted[:50], jet_spec, block)
    with open_clouds(tmp_path / "jets.h5") as file:
        assert file.weighted
        assert file[:].fingerprint() == weighted[:50].fingerprint()
        assert file[11:31].fingerprint() == weighted[11:31].fingerprint()


def test_the_version_of_a_file_says_that_weights_must_be_read(tmp_path, weighted, jet_spec):
    for clouds, version in ((weighted[:9], 2), (weighted[:9].with_weights(None), 1)):
        write_clouds(tmp_path / "jets.h5", clouds, jet_spec)
        with h5py.File(tmp_path / "jets.h5") as file:
            assert file.attrs["format_version"] == version


def test_weights_are_read_from_npz_and_checked_with_their_row(tmp_path, weighted):
    names = np.array(["etarel", "phirel", "ptrel"], "S")
    arrays = {"points": weighted.points, "offsets": weighted.offsets, "feature_names": names}
    np.savez(tmp_path / "good.npz", **arrays, weights=weighted.weights)
    with open_clouds(tmp_path / "good.npz") as file:
        assert file[5:9].weights.tolist() == weighted.weights[5:9].tolist()
    bad = np.where(np.arange(2000) == 1234, -1, weighted.weights)
    for weights, sentence in ((bad, "weights is -1 at row 1234"), (bad[:9], "weights has 9 entries for 2000 clouds")):
        np.savez(tmp_path / "bad.npz", **arrays, weights=weights)
        with pytest.raises(DataError, match=f"bad.npz: {sentence}"), open_clouds(tmp_path / "bad.npz") as file:
            file[1000:1500]


def test_blocks_with_and_without_weights_are_not_written(tmp_path, weighted, jet_spec):
    class Half:
        def __len__(self):
            return 40

        def __getitem__(self, key):
            part = weighted[:40][key]
            return part.with_weights(None) if key.start == self.bare else part

    for bare in (0, 10, 30):
        source = Half()
        source.bare = bare
        with pytest.raises(DataError, match="have weights and some have none"):
            write_clouds(tmp_path / "jets.h5", source, jet_spec, block=10)


def test_truth_with_weights_is_refused(tmp_path, weighted, jet_spec):
    with pytest.raises(DataError, match="the truth: the clouds have weights, but true and training clouds count alike"):
        check_truth(weighted, jet_spec, "the truth")
    write_clouds(tmp_path / "train.h5", weighted, jet_spec)
    with pytest.raises(DataError, match=r"train.h5: the clouds have weights"):
        FileDataset(tmp_path / "train.h5").prepare(MetricContext())


# The distance in one dimension.

numbers = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=30).map(np.array)


@given(numbers, st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.floats(0, 10)), min_size=1, max_size=30))
def test_the_weighted_distance_is_that_of_scipy(first, pairs):
    second, weights = np.array(pairs).T
    if weights.sum() < 1e-9:
        return
    expected = wasserstein_distance(first, second, v_weights=weights)
    assert wasserstein(first, second, weights) == pytest.approx(expected, rel=1e-12, abs=1e-10)


def test_large_weighted_samples_agree_with_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=10_007), rng.normal(0.01, 1.0, 10_000)
    weights = rng.exponential(size=10_000)
    expected = wasserstein_distance(first, second, v_weights=weights)
    assert wasserstein(first, second, weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([0, 0], "the weights of all 2 clouds are 0"),
        ([1, -1], "weights is -1 at row 1"),
        ([1], "weights has 1 entries"),
    ],
)
def test_a_distance_needs_weights_that_count_something(weights, sentence):
    with pytest.raises(DataError, match=sentence):
        wasserstein(np.array([1.0]), np.array([1.0, 2.0]), np.array(weights, np.float64))


# Metrics.


def doubled(clouds):
    """The clouds with weights, of which some are 2, and those without weights that are the same sample."""
    some = len(clouds) // 3
    return clouds.with_weights(np.where(np.arange(len(clouds)) < some, 6.0, 3.0)), Clouds.concatenate(
        [clouds, clouds[:some]]
    )


def assert_same_values(judge, real, first, second):
    found, expected = (judge.compute(real, fake, MetricContext()).named("own") for fake in (first, second))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert found != judge.compute(real, first.with_weights(None), MetricContext()).named("own")


@pytest.mark.parametrize("name", OF_JETS)
def test_a_jet_of_weight_two_is_two_jets(name, golden_jets, jet_spec):
    real, fake = (jets[:300] for jets in golden_jets)
    assert_same_values(metric(name, jet_spec), real, *doubled(fake))


def test_a_jet_of_weight_two_is_two_jets_in_its_substructure(golden_jets, jet_spec):
    pytest.importorskip("fastjet")
    assert_same_values(metric("substructure", jet_spec), *(golden_jets[0][:30], *doubled(golden_jets[1][:30])))


@pytest.mark.parametrize(
    "kind", [EnergyDistance, ProfileDistance, SparsityDistance, FeatureDistance, MultiplicityDistance]
)
def test_a_shower_of_weight_two_is_two_showers(kind):
    def draw(seed):
        rng = np.random.default_rng(seed)
        counts = rng.integers(1, 40, 60)
        n = counts.sum()
        hits = [rng.exponential(size=n), *(rng.integers(0, bins, n) for bins in (3, 4, 2))]
        return Clouds.from_multiplicities(np.stack(hits, axis=1), counts, np.full((60, 1), 50.0))

    assert_same_values(kind.create(VOXELS), draw(0), *doubled(draw(1)))


@pytest.mark.parametrize("name", OF_JETS)
def test_equal_weights_give_the_very_bits_of_none(name, golden_jets, jet_spec):
    real, fake = (jets[:300] for jets in golden_jets)
    plain = evaluate(real, fake, [relaxed(name)], jet_spec, floor_splits=2).metrics[name]
    equal = evaluate(real, fake, [relaxed(name)], jet_spec, floor_splits=2, weights=np.full(300, 7)).metrics[name]
    assert (plain.n_effective, equal.n_effective) == (None, pytest.approx(300))
    assert (equal.components, equal.spreads, equal.floor) == (plain.components, plain.spreads, plain.floor)


def relaxed(name):
    """The spec of a metric that says something for few clouds, too."""
    return dataclasses.replace(getattr(specs, name), smallest_n=1)


def thinned(real, spec):
    """A half of the true jets, and of the other half those that a known acceptance kept, with their weights."""
    mass = relative_mass(real, spec)
    acceptance = 0.1 + 0.9 * mass.argsort().argsort() / len(mass)
    half = len(real) // 2
    kept = half + np.flatnonzero(np.random.default_rng(1).random(half) < acceptance[half:])
    return real[:half], real[kept].with_weights(1.0 / acceptance[kept])


@pytest.mark.parametrize("name", ["w1m", "w1p", "w1efp", "sliced"])
def test_weights_restore_a_truth_that_was_thinned(name, real_jets, jet_spec):
    truth, fake = thinned(real_jets, jet_spec)
    scorer, ctx = Scorer(metric(name, jet_spec)), MetricContext()
    size = int(effective_size(fake.weights))
    floor = bands(name, floor_draws(scorer, real_jets, len(truth), size, 20, ctx)[2])[name]
    assert scorer.score(truth, fake, ctx).value < floor.high
    assert scorer.score(truth, fake.with_weights(None), ctx).value > 1.5 * floor.high


# The function evaluate.


class Heavy:
    """A metric in one step that returns the sum of the weights."""

    @classmethod
    def create(cls, _):
        return cls()

    def compute(self, real, fake, ctx):
        return Measurement(float(fake.weights.sum()))


def outsider(**more):
    return MetricSpec(name="heavy", summary="", target=f"{__name__}:Heavy", kinds=("jets",), floor_draws=0, **more)


def test_weights_come_from_the_file_or_beside_the_clouds(tmp_path, real_jets, weighted, jet_spec):
    write_clouds(tmp_path / "fake.h5", weighted, jet_spec)
    asked = [relaxed("w1m")]
    of_file = evaluate(real_jets, tmp_path / "fake.h5", asked, jet_spec, floor_splits=0)
    bare = weighted.with_weights(None)
    given = evaluate(real_jets, bare, asked, jet_spec, floor_splits=0, weights=weighted.weights)
    assert of_file == given == evaluate(real_jets, weighted, asked, jet_spec, floor_splits=0)
    assert (
        of_file.metrics["w1m"].value != evaluate(real_jets, bare, asked, jet_spec, floor_splits=0).metrics["w1m"].value
    )
    assert of_file.metrics["w1m"].n_effective == effective_size(weighted.weights)
    with pytest.raises(UsageError, match="the generated clouds have weights already"):
        evaluate(real_jets, weighted, [specs.w1m], jet_spec, weights=weighted.weights)


def test_a_metric_without_weights_says_so_and_the_others_run(real_jets, weighted, jet_spec):
    asked = [specs.fpd, specs.novelty, specs.w1p, outsider()]
    found = evaluate(real_jets, weighted, asked, jet_spec, train=real_jets, floor_splits=0)
    assert list(found.metrics) == ["w1p"]
    assert found.skipped == {name: f"{name} takes no weights" for name in ("fpd", "novelty", "heavy")}
    found = evaluate(real_jets, weighted, [outsider(weighted=True)], jet_spec)
    assert found.metrics["heavy"].value == pytest.approx(weighted.weights.sum())
    assert set(found.metrics["heavy"].spreads) == {"heavy"}


def test_few_effective_clouds_are_too_few(real_jets, fake_jets, jet_spec):
    weights = np.where(np.arange(len(fake_jets)) < 30, 1.0, 0.0)
    found = evaluate(real_jets, fake_jets, [specs.w1m], jet_spec, floor_splits=0, weights=weights)
    sentence = "30 effective (of 2000) generated clouds are too few: w1m says something from 1000 on"
    assert found.skipped == {"w1m": sentence}


def test_a_sample_of_which_a_part_has_no_weight_has_no_spread(real_jets, fake_jets, jet_spec):
    weights = np.where(np.arange(len(fake_jets)) < 2, 1.0, 0.0)
    found = evaluate(real_jets, fake_jets, [relaxed("w1p")], jet_spec, floor_splits=0, weights=weights)
    assert found.metrics["w1p"].spreads == {}


def test_bad_weights_are_one_sentence(real_jets, fake_jets, jet_spec):
    cases = [
        (np.zeros(2000), "the generated clouds: the weights of all 2000 clouds are 0"),
        (np.ones(1999), "weights has 1999 entries for 2000 clouds"),
        (np.where(np.arange(2000) == 3, np.nan, 1), "weights is nan at row 3"),
    ]
    for weights, sentence in cases:
        with pytest.raises(DataError, match=sentence):
            evaluate(real_jets, fake_jets, [specs.w1m], jet_spec, weights=weights)
    with pytest.raises(DataError, match="the true clouds: the clouds have weights, but true"):
        evaluate(real_jets.with_weights(np.ones(2000)), fake_jets, [specs.w1m], jet_spec)
