"""Novelty: a memoriser shows, whatever it does to hide."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from jetgen.metrics import nearest as search
from jetgen.metrics import novelty as module
from jetgen.metrics.novelty import Novelty


@pytest.fixture(scope="module")
def split(real_jets):
    """Training, test and fresh jets of the same truth."""
    return real_jets[:1000], real_jets[1000:1500], real_jets[1500:]


def measure(split, fake, jet_spec, train=None, seed=0):
    ctx = MetricContext(seed=seed, train=train or split[0])
    return Novelty.create(jet_spec).compute(split[1], fake, ctx).named("novelty")


def test_fresh_truth_is_as_new_as_the_test_jets(split, jet_spec):
    values = measure(split, split[2], jet_spec)
    assert list(values) == ["novelty", "novelty_copies"]
    assert values["novelty"] == pytest.approx(1.0, abs=0.1)
    assert values["novelty_copies"] == 0.0


def test_training_jets_handed_back_are_copies(split, jet_spec):
    assert measure(split, split[0], jet_spec) == {"novelty": 0.0, "novelty_copies": 1.0}


def test_another_order_of_the_points_does_not_hide_a_copy(split, jet_spec):
    train = split[0]
    order = np.lexsort((np.random.default_rng(0).random(len(train.points)), train.rows))
    assert measure(split, Clouds(train.points[order], train.offsets), jet_spec)["novelty_copies"] == 1.0


def test_rounding_does_not_hide_a_copy(split, jet_spec):
    train = split[0]
    noise = np.random.default_rng(0).normal(1.0, 1e-6, train.points.shape)
    values = measure(split, Clouds(train.points * noise, train.offsets), jet_spec)
    assert values["novelty"] < 1e-4
    assert values["novelty_copies"] == 1.0


def test_some_copies_among_fresh_jets_are_counted(split, jet_spec):
    mixed = Clouds.concatenate([split[2][:300], split[0][:100]])
    assert measure(split, mixed, jet_spec)["novelty_copies"] == pytest.approx(0.25)


def test_another_generator_is_new(split, fake_jets, jet_spec):
    assert measure(split, fake_jets, jet_spec)["novelty_copies"] == 0.0


def test_the_training_jets_may_lie_in_a_file_and_the_blocks_do_not_matter(split, jet_spec, tmp_path, monkeypatch):
    expected = measure(split, split[2], jet_spec)
    write_clouds(tmp_path / "train.h5", split[0], jet_spec)
    monkeypatch.setattr(search, "_BLOCK", 170)
    monkeypatch.setattr(search, "_TILE", 130)
    with open_clouds(tmp_path / "train.h5") as train:
        assert measure(split, split[2], jet_spec, train) == pytest.approx(expected, rel=1e-6)


def test_distances_are_those_of_brute_force(monkeypatch):
    rng = np.random.default_rng(0)
    queries, vectors = rng.normal(size=(40, 6)).astype(np.float32), rng.normal(size=(300, 6)).astype(np.float32)
    squares = ((queries[:, None].astype(float) - vectors[None]) ** 2).sum(-1)
    monkeypatch.setattr(search, "_TILE", 37)
    distances, found = search.nearest(queries, vectors)
    assert distances == pytest.approx(np.sqrt(squares.min(1)), rel=1e-6)
    assert found.tolist() == squares.argmin(1).tolist()


@pytest.mark.parametrize(("fake", "value"), [("fresh", 0.9720788055124336), ("generated", 0.9914586473245979)])
def test_the_value_is_the_one_of_versions_that_compared_every_split_by_itself(split, fake_jets, jet_spec, fake, value):
    fake = {"fresh": split[2], "generated": fake_jets}[fake]
    assert measure(split, fake, jet_spec)["novelty"] == pytest.approx(value, rel=1e-6)


def test_the_distance_of_a_cloud_does_not_depend_on_the_others(split, jet_spec):
    metric, ctx = Novelty.create(jet_spec), MetricContext(train=split[0])
    large = Clouds(np.full((40, 3), 0.1), [0, 40])
    alone = metric.featurise(split[2][:50], ctx)
    beside = metric.featurise(Clouds.concatenate([split[2], large]), ctx)
    assert beside[:50] == pytest.approx(alone, rel=1e-12)
    assert metric.featurise(split[2][:0], ctx).shape == (0,)


def test_of_many_clouds_beside_a_large_training_set_a_share_is_compared_that_follows_the_seed(
    split, jet_spec, monkeypatch
):
    monkeypatch.setattr(module, "_LEAST", 50)
    monkeypatch.setattr(module, "_WORK", 1000 * 90 // 4)
    metric = Novelty.create(jet_spec)
    compared = [np.isfinite(metric.featurise(split[2][:n], MetricContext(train=split[0]))).sum() for n in (500, 60, 20)]
    assert compared == [125, 50, 20]
    first, again, other = (measure(split, split[2], jet_spec, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_empty_clouds_and_larger_ones_than_promised_are_fine(split, jet_spec):
    odd = Clouds(np.full((40, 3), 0.1), [0, 0, 40])
    assert np.isfinite(measure(split, odd, jet_spec)["novelty"])


def test_flat_tables_are_clouds_of_one_point():
    rng = np.random.default_rng(0)
    train, test, fresh = (Clouds(rng.normal(5.0, 2.0, (600, 4)), np.arange(601)) for _ in range(3))
    spec = CloudSpec("table", tuple(Feature(name) for name in "abcd"), 1)
    metric, ctx = Novelty.create(spec), MetricContext(train=train)
    assert metric.compute(test, fresh, ctx).value == pytest.approx(1.0, abs=0.15)
    assert metric.compute(test, train, ctx).components["novelty_copies"] == 1.0


def test_without_training_clouds_or_with_test_clouds_that_are_copies_there_is_no_answer(split, jet_spec):
    with pytest.raises(DataError, match="novelty needs the training clouds; there are none"):
        Novelty.create(jet_spec).compute(split[1], split[2], MetricContext())
    with pytest.raises(DataError, match="clouds on both sides; there are 500 true and 0 generated ones"):
        measure(split, split[2][:0], jet_spec)
    with pytest.raises(DataError, match="most test clouds are copies of training clouds themselves"):
        measure((split[0], split[0]), split[2], jet_spec)
