"""Boosted trees of the classifier test, and two classifiers as one."""

import dataclasses

import numpy as np
import pytest
from jetgen import Clouds
from jetgen.metrics.c2st.calibration import area_under_curve
from jetgen.metrics.c2st.profiles import Trees
from jetgen.metrics.c2st.splitting import Sample, Samples
from jetgen.metrics.c2st.trees import combined, tree_outputs
from jetgen.metrics.c2st.verdict import Logits

TREES = Trees(leaves=(4, 31), bins=32, rounds=60)


def split(count, weights=None):
    """Clouds of both classes in the three parts, without values: trees get these apart."""
    labels = np.arange(count) % 2 == 0
    clouds = Clouds(np.zeros((count, 1)), np.arange(count + 1))
    return Samples(*(Sample(clouds, labels, np.arange(count), weights) for _ in range(3)))


def columns_of(samples, draw):
    """For each part what ``draw`` makes of the classes."""
    rng = np.random.default_rng(0)
    return [draw(rng, one.labels).astype(np.float32) for one in samples]


def area(logits, samples):
    return area_under_curve(logits.report, samples.report.labels, samples.report.weights)


def correlated(rng, true):
    """Two normal columns; true ones have a correlation of 0.8, the others of 0."""
    values = rng.normal(size=(len(true), 2))
    values[true, 1] = 0.8 * values[true, 0] + 0.6 * values[true, 1]
    return values


def test_trees_find_a_correlation_that_no_column_alone_shows():
    samples = split(4_000)
    columns = columns_of(samples, correlated)
    assert area(tree_outputs(columns, samples, TREES), samples) == pytest.approx(0.745, abs=0.03)  # the density ratio
    alone = [each[:, :1] for each in columns]
    assert area(tree_outputs(alone, samples, TREES), samples) == pytest.approx(0.5, abs=0.03)


def test_trees_find_nothing_where_there_is_nothing():
    samples = split(4_000)
    noise = columns_of(samples, lambda rng, true: rng.normal(size=(len(true), 5)))
    assert area(tree_outputs(noise, samples, TREES), samples) == pytest.approx(0.5, abs=0.03)


def test_a_constant_column_tells_nothing_and_harms_nothing():
    samples = split(200)
    flat = tree_outputs([np.zeros((200, 1), np.float32)] * 3, samples, TREES)
    assert area(flat, samples) == 0.5


def test_the_same_clouds_give_the_same_outputs():
    samples = split(1_000)
    columns = columns_of(samples, correlated)
    one, two = (tree_outputs(columns, samples, TREES) for _ in range(2))
    np.testing.assert_array_equal(one.report, two.report)


def test_a_cloud_of_weight_zero_teaches_nothing():
    samples = split(1_000)
    columns = columns_of(samples, correlated)
    weights = np.random.default_rng(1).integers(0, 2, 1_000).astype(np.float64)
    weighted = samples._replace(learn=samples.learn._replace(weights=weights))
    wild = [np.where(weights[:, None] > 0, columns[0], 3.0).astype(np.float32), *columns[1:]]
    kept = [columns[0][weights > 0], *columns[1:]]
    fewer = samples._replace(learn=samples.learn._replace(labels=samples.learn.labels[weights > 0]))
    assert area(tree_outputs(kept, fewer, TREES), samples) > 0.68
    assert area(tree_outputs(wild, weighted, TREES), samples) > 0.68


def test_the_selection_clouds_choose_the_size_of_the_trees():
    samples = split(1_000)
    columns = columns_of(samples, correlated)
    few, many = (tree_outputs(columns, samples, dataclasses.replace(TREES, leaves=leaves)) for leaves in ((2,), (31,)))
    both = tree_outputs(columns, samples, dataclasses.replace(TREES, leaves=(2, 31)))
    assert area_under_curve(many.select, samples.select.labels) > area_under_curve(few.select, samples.select.labels)
    np.testing.assert_array_equal(both.report, many.report)


def test_two_classifiers_as_one_see_what_either_sees():
    samples = split(4_000)
    rng = np.random.default_rng(0)
    first, second = (
        Logits(*(one.labels + rng.normal(size=4_000) for one in (samples.select, samples.report))) for _ in range(2)
    )
    joint = combined(samples.select, first, second)
    assert area(first, samples) == pytest.approx(0.760, abs=0.03)  # one standard deviation apart
    assert area(joint, samples) == pytest.approx(0.841, abs=0.03)  # the root of two
    blind = Logits(*(np.zeros(4_000) for _ in range(2)))
    assert area(combined(samples.select, first, blind), samples) == pytest.approx(area(first, samples), abs=1e-9)
