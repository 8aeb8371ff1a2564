"""Novelty: a memoriser shows, whatever it does to hide."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
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
    monkeypatch.setattr(module, "_BLOCK", 170)
    with open_clouds(tmp_path / "train.h5") as train:
        assert measure(split, split[2], jet_spec, train) == pytest.approx(expected, rel=1e-6)


def test_distances_are_those_of_brute_force(split, jet_spec):
    rng = np.random.default_rng(0)
    queries, vectors = rng.normal(size=(40, 6)).astype(np.float32), rng.normal(size=(300, 6)).astype(np.float32)
    brute = np.sqrt(((queries[:, None].astype(float) - vectors[None]) ** 2).sum(-1)).min(1)
    assert module._nearest(queries, iter([vectors[:130], vectors[130:]])) == pytest.approx(brute, rel=1e-6)


def test_the_choice_of_clouds_follows_the_seed(split, jet_spec, monkeypatch):
    monkeypatch.setattr(module, "_CLOUDS", 100)
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
    with pytest.raises(DataError, match="most test clouds are copies of training clouds themselves"):
        measure((split[0], split[0]), split[2], jet_spec)
