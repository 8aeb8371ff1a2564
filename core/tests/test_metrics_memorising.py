"""Memorising: 1 for whatever has not seen the training clouds, less as soon as these attract."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.metrics.memorising import Memorising, _ratios, _standard_error
from jetgen.metrics.novelty import Novelty

SPEC = CloudSpec("table", tuple(Feature(name) for name in "abc"), 1)


def table(rng, n, shift=0.0, scale=1.0):
    return Clouds(rng.normal(shift, scale, (n, 3)), np.arange(n + 1))


def measure(train, real, fake, spec=SPEC, seed=0):
    return Memorising.create(spec).compute(real, fake, MetricContext(seed=seed, train=train))


@pytest.fixture(scope="module")
def splits(real_jets):
    """Training, held-out and fresh jets in twenty random splits of the same truth."""
    orders = [np.random.default_rng(seed).permutation(len(real_jets)) for seed in range(20)]
    return [[real_jets[np.sort(part)] for part in np.array_split(order, [800, 1600])] for order in orders]


def test_fresh_truth_has_1_within_its_error_over_twenty_splits(splits, jet_spec):
    found = [measure(train, real, fresh, jet_spec) for train, real, fresh in splits]
    pulls = np.array([(one.value - 1.0) / one.stderr for one in found])
    assert abs(pulls.mean()) < 4.0 / np.sqrt(20)
    assert 0.5 < pulls.std(ddof=1) < 1.5
    assert all(one.components["memorising_half"] == 0.0 for one in found)


def test_a_bad_generator_that_has_memorised_nothing_has_1_too(splits, fake_jets, jet_spec):
    found = [measure(train, real, fake_jets, jet_spec) for train, real, _ in splits[:10]]
    pulls = np.array([(one.value - 1.0) / one.stderr for one in found])
    assert abs(pulls.mean()) < 4.0 / np.sqrt(10)
    assert 0.4 < pulls.std(ddof=1) < 1.7


def test_training_jets_handed_back_have_0(splits, jet_spec):
    train, real, _ = splits[0]
    found = measure(train, real, train, jet_spec)
    assert found.named("memorising") == {"memorising": 0.0, "memorising_half": 1.0}
    assert found.stderr == 0.0


def test_a_set_that_is_half_copied_is_found(splits, jet_spec):
    train, real, fresh = splits[0]
    found = measure(train, real, Clouds.concatenate([train[:400], fresh]), jet_spec)
    assert found.components["memorising_half"] == pytest.approx(0.5)
    assert found.component_stderr["memorising_half"] == pytest.approx(np.sqrt(0.25 / 800))
    fewer = measure(train, real, Clouds.concatenate([train[:150], fresh]), jet_spec)
    assert fewer.value < 1.0 - 3.0 * fewer.stderr
    assert fewer.components["memorising_half"] == pytest.approx(150 / 550)


def test_training_jets_smeared_until_none_counts_as_a_copy_are_found(splits, jet_spec):
    train, real, _ = splits[0]
    near = DISTORTIONS["smear"].apply(train, jet_spec, np.random.default_rng(0))
    found = measure(train, real, near, jet_spec)
    assert found.value < 1.0 - 10.0 * found.stderr
    assert Novelty.create(jet_spec).compute(real, near, MetricContext(train=train)).components["novelty_copies"] == 0.0


def test_both_sets_have_the_same_number_of_clouds_so_a_larger_training_set_is_no_fault():
    rng = np.random.default_rng(0)
    train, real, fresh = table(rng, 6000), table(rng, 600), table(rng, 2000)
    for first, second in ((train, real), (real, train)):
        found = measure(first, second, fresh)
        assert abs(found.value - 1.0) < 4.0 * found.stderr
    replayed = [measure(train, real, train[:2000], seed=seed) for seed in range(5)]
    whole = measure(train[:600], real, train[:600])
    # Copies outside the part that is used count as new: a tenth is found, and it shows.
    assert np.mean([one.value for one in replayed]) < 0.95
    assert whole.value == 0.0


def test_exchanging_the_two_sets_inverts_the_value(splits, jet_spec):
    train, real, fresh = splits[0]
    forth, back = measure(train, real, fresh[:399], jet_spec), measure(real, train, fresh[:399], jet_spec)
    # Each set is standardised by the moments of its own training side, which differ a little.
    assert forth.value * back.value == pytest.approx(1.0, abs=0.005)


def test_the_error_is_that_of_a_median_where_every_cloud_has_a_neighbour_of_its_own():
    ratios = np.exp(np.random.default_rng(0).normal(size=4000))
    error = _standard_error(ratios, np.arange(4000), 1_000_000)
    assert error == pytest.approx(np.sqrt(np.pi / 2 / 4000), rel=0.15)
    shared = _standard_error(np.repeat(ratios, 9), np.repeat(np.arange(4000), 9), 1_000_000)
    assert shared == pytest.approx(error, rel=0.05)  # nine clouds that are one say no more than one
    assert _standard_error(ratios, np.arange(4000) % 2, 2) == 0.0  # one cloud each: an exchange changes no count


def test_equal_distances_of_nothing_are_1():
    assert _ratios(np.array([0.0, 0.0, 2.0, 1.0]), np.array([0.0, 1.0, 4.0, 0.0])).tolist() == [1.0, 0.0, 0.5, np.inf]


def test_the_seed_chooses_and_is_repeated():
    rng = np.random.default_rng(0)
    sets = table(rng, 900), table(rng, 300), table(rng, 300)
    first, again, other = (measure(*sets, seed=seed).value for seed in (1, 1, 2))
    assert first == again != other


def test_bad_input_is_one_sentence(splits, jet_spec):
    train, real, fresh = splits[0]
    with pytest.raises(DataError, match="memorising needs the training clouds; there are none"):
        measure(None, real, fresh, jet_spec)
    with pytest.raises(DataError, match="clouds on both sides; there are 800 true and 0 generated ones"):
        measure(train, real, fresh[:0], jet_spec)
    with pytest.raises(DataError, match="most generated clouds are copies of test clouds"):
        measure(train, real, real, jet_spec)
