import json

import numpy as np
import pytest
from jetgen.data.multiplicity import Multiplicity
from jetgen.errors import DataError


def test_draws_have_the_frequencies_of_the_training_split():
    counts = np.random.default_rng(1).binomial(12, 0.4, 1000)
    drawn = Multiplicity.of(counts).draw(200_000, np.random.default_rng(2))
    expected = np.bincount(counts) / 1000
    assert np.allclose(np.bincount(drawn, minlength=len(expected)) / 200_000, expected, atol=0.005)


def test_what_was_never_seen_is_never_drawn_and_has_no_probability():
    table = Multiplicity.of([3, 5, 5])
    assert set(table.draw(1000, np.random.default_rng(3)).tolist()) == {3, 5}
    assert table.log_prob([-1, 0, 3, 4, 5, 99]) == pytest.approx(
        [-np.inf, -np.inf, np.log(1 / 3), -np.inf, np.log(2 / 3), -np.inf]
    )


def test_the_same_generator_gives_the_same_draws_and_none_is_fine():
    table = Multiplicity.of([1, 2, 2, 7])
    assert table.draw(9, np.random.default_rng(4)).tolist() == table.draw(9, np.random.default_rng(4)).tolist()
    assert len(table.draw(0, np.random.default_rng(4))) == 0


def test_it_survives_json():
    table = Multiplicity.of([0, 2, 2])
    assert Multiplicity.from_json(json.loads(json.dumps(table.to_json()))).tally.tolist() == [1, 0, 2]


@pytest.mark.parametrize("counts", [[], [-1], [[1]], [0.5]])
def test_counts_that_are_not_multiplicities_are_refused(counts):
    with pytest.raises(DataError, match="made from at least one"):
        Multiplicity.of(counts)


@pytest.mark.parametrize(
    "document", [{}, {"tally": "3"}, {"tally": []}, {"tally": [0, 0]}, {"tally": [0.5]}, {"tally": [2, -1]}]
)
def test_a_description_that_is_not_a_table_is_refused(document):
    with pytest.raises(DataError, match="multiplicities"):
        Multiplicity.from_json(document)
