import json
from itertools import pairwise

import numpy as np
import pytest
from jetgen import Feature
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.errors import DataError
from scipy.stats import wasserstein_distance

TYPE, SIDE = (Feature(name, nature="categorical") for name in ("jet_type", "side"))
ENERGY = Feature("energy", "GeV", "positive")


@pytest.fixture(scope="module")
def showers():
    """Clouds of two types whose multiplicity grows with their energy, in one more quickly than in the other."""
    rng = np.random.default_rng(1)
    kind, energy = rng.choice([1.0, 4.0], 20_000), rng.lognormal(3, 0.5, 20_000)
    counts = rng.poisson(energy * np.where(kind == 1, 1, 3))
    return counts, np.stack([kind, energy], 1).astype(np.float32)


@pytest.fixture(scope="module")
def table(showers):
    return ConditionalMultiplicity.of(showers[0], [TYPE, ENERGY], showers[1])


def test_drawn_multiplicities_follow_type_and_energy(table, showers):
    counts, conditioning = showers
    drawn = table.draw(len(counts), np.random.default_rng(2), conditioning)
    energies = np.quantile(conditioning[:, 1], np.linspace(0, 1, 11))
    for kind in (1, 4):
        for low, high in pairwise(energies):
            bin_ = (conditioning[:, 0] == kind) & (conditioning[:, 1] >= low) & (conditioning[:, 1] <= high)
            assert wasserstein_distance(drawn[bin_], counts[bin_]) < 0.05 * counts[bin_].mean()
    assert wasserstein_distance(drawn, counts) < 0.01 * counts.mean()


def test_fine_bins_resolve_the_dependence_on_the_energy(table, showers):
    counts, conditioning = showers
    drawn = table.draw(len(counts), np.random.default_rng(2), conditioning)
    true, found = (
        np.corrcoef(each, conditioning[:, 1] * np.where(conditioning[:, 0] == 1, 1, 3))[0, 1]
        for each in (counts, drawn)
    )
    assert found > 0.98 * true


def test_bins_hold_about_200_training_clouds(table):
    sizes = np.array([one.tally.sum() for name, one in table.tables.items() if name])
    assert sizes.sum() == 20_000
    assert 180 < sizes.mean() < 220
    assert sizes.min() > 100


def test_the_same_seed_draws_the_same(table, showers):
    first, second = (table.draw(50, np.random.default_rng(3), showers[1][:50]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_without_context_there_is_one_table():
    table = ConditionalMultiplicity.of(np.array([30, 30, 29, 0]), [], np.empty((4, 0)))
    assert list(table.tables) == [""]
    drawn = table.draw(1000, np.random.default_rng(1))
    assert set(drawn) == {0, 29, 30}
    assert table.log_prob(np.array([30, 29, 28])).tolist() == pytest.approx([np.log(0.5), np.log(0.25), -np.inf])


def test_the_probabilities_of_each_context_add_up_to_1(table, showers):
    everything = np.arange(showers[0].max() + 1)
    for row in showers[1][:5]:
        logarithms = table.log_prob(everything, np.tile(row, (len(everything), 1)))
        assert np.exp(logarithms).sum() == pytest.approx(1)


def test_a_multiplicity_of_another_type_has_no_probability():
    counts, conditioning = np.repeat([7, 9], 300), np.repeat([[0.0], [1.0]], 300, axis=0)
    table = ConditionalMultiplicity.of(counts, [TYPE], conditioning)
    assert table.log_prob(np.array([7, 9]), np.array([[0.0], [0.0]])).tolist() == [0, -np.inf]


def test_few_clouds_share_one_bin_of_a_number_and_still_tell_categories_apart():
    counts, conditioning = np.repeat([7, 9], 5), np.stack([np.repeat([0.0, 1.0], 5), np.arange(10.0)], 1)
    table = ConditionalMultiplicity.of(counts, [TYPE, ENERGY], conditioning)
    assert table.draw(3, np.random.default_rng(1), np.array([[1, 0], [0, 9], [1, -5.0]])).tolist() == [9, 7, 9]


def test_an_empty_bin_has_the_histogram_of_all_clouds():
    counts = np.repeat([3, 5, 8], 300)
    conditioning = np.repeat([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]], 300, axis=0)
    table = ConditionalMultiplicity.of(counts, [TYPE, SIDE], conditioning)
    unseen = np.ones((600, 2))
    assert set(table.draw(600, np.random.default_rng(1), unseen)) == {3, 5, 8}
    assert table.log_prob(np.array([5]), unseen[:1]).tolist() == pytest.approx([np.log(1 / 3)])


def test_energies_beyond_the_training_clouds_fall_into_the_outermost_bin(table, showers):
    beyond = np.array([[1.0, 1e9]])
    assert table.draw(1, np.random.default_rng(1), beyond)[0] > np.quantile(showers[0][showers[1][:, 0] == 1], 0.9)


def test_nothing_is_drawn_for_no_clouds(table):
    assert table.draw(0, np.random.default_rng(1), np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize("conditioning", [None, np.zeros((3, 1)), np.zeros((2, 2)), np.zeros(3)])
def test_a_context_that_does_not_fit_is_refused_with_one_sentence(table, conditioning):
    with pytest.raises(DataError, match=r"^multiplicities of 3 clouds need a conditioning of shape \(3, 2\), not "):
        table.draw(3, np.random.default_rng(1), conditioning)
    with pytest.raises(DataError, match=r"^multiplicities of 3 clouds need a conditioning of shape \(3, 2\), not "):
        table.log_prob(np.array([1, 2, 3]), conditioning)


def test_it_comes_back_from_json(table, showers):
    document = json.loads(json.dumps(table.to_json()))
    again = ConditionalMultiplicity.from_json(document)
    assert again.to_json() == table.to_json()
    first, second = (one.draw(500, np.random.default_rng(1), showers[1][:500]) for one in (table, again))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"edges": [], "tables": {}},
        {"edges": [["x"]], "tables": {"": {"tally": [1]}}},
        {"edges": 3, "tables": {"": {"tally": [1]}}},
        {"edges": [], "tables": {"": {"tally": [0]}}},
        {"edges": [], "tables": {"": {}}},
    ],
)
def test_a_damaged_description_is_refused_with_one_sentence(document):
    with pytest.raises(DataError, match="multiplicities"):
        ConditionalMultiplicity.from_json(document)
