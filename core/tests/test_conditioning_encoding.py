import json

import numpy as np
import pytest
from jetgen import Feature
from jetgen.errors import DataError
from jetgen.torch.transforms import ConditioningEncoding

TYPE = Feature("jet_type", nature="categorical")
COLUMNS = (Feature("eta"), TYPE, Feature("pt", "GeV", "positive"), Feature("phi", "rad", "periodic"))


@pytest.fixture(scope="module")
def conditioning():
    rng = np.random.default_rng(1)
    parts = rng.normal(3, 2, 500), rng.choice([0, 2, 5], 500), rng.lognormal(7, 1, 500), rng.uniform(-3, 3, 500)
    return np.stack(parts, 1).astype(np.float32)


@pytest.fixture(scope="module")
def encoding(conditioning):
    return ConditioningEncoding.fit(COLUMNS, conditioning)


def test_every_column_has_the_size_of_1(encoding, conditioning):
    numbers = encoding.encode(conditioning)
    assert numbers.shape == (500, encoding.width) == (500, 1 + 3 + 1 + 2)
    assert numbers.dtype == np.float32
    for standardised in (numbers[:, 0], numbers[:, 4]):
        assert standardised.mean() == pytest.approx(0, abs=1e-5)
        assert standardised.std() == pytest.approx(1, abs=1e-5)
    assert abs(numbers).max() < 5


def test_a_category_becomes_a_column_of_its_own(encoding, conditioning):
    np.testing.assert_array_equal(encoding.encode(conditioning)[:, 1:4], conditioning[:, 1:2] == [0, 2, 5])


def test_a_positive_column_is_seen_as_its_logarithm(encoding, conditioning):
    found = encoding.encode(conditioning)[:, 4]
    assert abs(np.corrcoef(found, np.log(conditioning[:, 2]))[0, 1]) > 0.9999


def test_a_periodic_column_has_no_edge(encoding):
    here, there = encoding.encode(np.array([[0, 0, 1, np.pi - 1e-6], [0, 0, 1, -np.pi + 1e-6]]))
    np.testing.assert_allclose(here, there, atol=1e-5)


def test_the_period_of_a_column_with_bins_is_its_bins():
    encoding = ConditioningEncoding.fit([Feature("sector", nature="periodic", bins=16)], np.zeros((3, 1)))
    np.testing.assert_allclose(encoding.encode(np.array([[0.0], [4.0], [16.0]])), [[1, 0], [0, 1], [1, 0]], atol=1e-6)


def test_each_row_is_encoded_by_itself(encoding, conditioning):
    np.testing.assert_array_equal(encoding.encode(conditioning[7:9]), encoding.encode(conditioning)[7:9])
    assert encoding.encode(conditioning[:0]).shape == (0, encoding.width)


def test_without_context_there_is_nothing_to_encode():
    encoding = ConditioningEncoding.fit([], np.empty((4, 0)))
    assert encoding.width == 0
    assert encoding.encode(np.empty((3, 0))).shape == (3, 0)


def test_a_column_that_never_changes_is_encoded_as_finite_numbers():
    encoding = ConditioningEncoding.fit([Feature("energy")], np.full((5, 1), 3.0))
    assert np.isfinite(encoding.encode(np.array([[3.0], [4.0]]))).all()


def test_a_category_that_was_not_seen_is_refused_with_one_sentence(encoding, conditioning):
    strange = conditioning[:4].copy()
    strange[2, 1] = 3
    with pytest.raises(DataError, match=r"^the conditioning jet_type is 3 at row 2; the model was trained on 0, 2, 5$"):
        encoding.encode(strange)


def test_a_context_of_other_columns_is_refused_with_one_sentence(encoding, conditioning):
    for wrong in (conditioning[:, :3], np.concatenate([conditioning, conditioning], 1), conditioning[0]):
        with pytest.raises(
            DataError, match=r"^the conditioning has shape .*; columns are needed for eta, jet_type, pt, phi$"
        ):
            encoding.encode(wrong)


def test_it_comes_back_from_json(encoding, conditioning):
    document = json.loads(json.dumps(encoding.to_json()))
    again = ConditioningEncoding.from_json(COLUMNS, document)
    assert again.to_json() == encoding.to_json()
    np.testing.assert_array_equal(again.encode(conditioning), encoding.encode(conditioning))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _document: [],
        lambda document: document | {"categories": None},
        lambda document: document | {"categories": {}},
        lambda document: {"categories": document["categories"]},
        lambda document: document | {"numbers": {"eta": document["numbers"]["eta"]}},
        lambda document: document | {"numbers": {"eta": [{"name": "magic"}]}},
    ],
)
def test_a_damaged_description_is_refused_with_one_sentence(encoding, spoil):
    with pytest.raises(DataError, match=r"^the description of the (conditioning|transforms) is not one \(.*\)$"):
        ConditioningEncoding.from_json(COLUMNS, spoil(encoding.to_json()))
