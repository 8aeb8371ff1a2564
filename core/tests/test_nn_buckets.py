from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen.errors import DataError
from jetgen.torch.nn.buckets import length_buckets

some_counts = st.lists(st.integers(0, 200), max_size=300).map(lambda counts: np.array(counts, np.int64))
a_limit = st.integers(1, 5000)


@settings(deadline=None)
@given(some_counts, a_limit, st.none() | st.integers(1, 50))
def test_every_row_comes_once_and_the_limits_are_respected(counts, points, clouds):
    batches = length_buckets(counts, points=points, clouds=clouds)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(counts)))
    for batch in batches:
        assert 1 <= len(batch) <= (clouds or len(counts))
        assert len(batch) == 1 or len(batch) * counts[batch].max() <= points


@settings(deadline=None)
@given(some_counts, a_limit)
def test_batches_are_as_few_as_the_order_allows(counts, points):
    batches = [batch for batch in length_buckets(counts, points=points) if counts[batch[0]]]
    for batch, following in pairwise(batches):
        assert (len(batch) + 1) * counts[batch].max() > points
        assert counts[batch].min() >= counts[following].max()


@settings(deadline=None)
@given(some_counts, a_limit)
def test_clouds_without_points_have_batches_of_their_own(counts, points):
    for batch in length_buckets(counts, points=points):
        assert (counts[batch] == 0).all() or (counts[batch] > 0).all()


@settings(deadline=None)
@given(some_counts, a_limit)
def test_clouds_of_one_size_keep_their_order(counts, points):
    order = np.concatenate([[], *length_buckets(counts, points=points)]).astype(np.int64)
    for size in np.unique(counts):
        assert (np.diff(order[counts[order] == size]) > 0).all()


def test_little_of_a_batch_is_padding():
    counts = np.random.default_rng(1).normal(50, 20, 10_000).round().clip(0, 150).astype(np.int64)
    batches = length_buckets(counts, points=20_000)
    padded = sum(len(batch) * counts[batch].max() for batch in batches)
    assert padded < 1.05 * counts.sum()
    assert len(counts) * counts.max() > 2.5 * counts.sum()  # what one batch of all would cost


@pytest.mark.parametrize("counts", [np.array([1.0]), np.array([[1]]), np.array([2, -1])])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(DataError, match="non-negative integers in one dimension"):
        length_buckets(counts, points=10)


@pytest.mark.parametrize("limits", [{"points": 0}, {"points": 5, "clouds": 0}])
def test_limits_that_hold_nothing_are_refused(limits):
    with pytest.raises(DataError, match="at least one cloud and one point"):
        length_buckets(np.array([1]), **limits)
