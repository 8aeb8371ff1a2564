"""Distances of the columns of tables, against values computed by hand."""

import jetgen
import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from jetgen.metrics.marginals import MarginalDistance, kolmogorov_smirnov
from scipy.stats import ks_2samp

CATEGORY = Feature("tag", nature="categorical", categories=("no", "yes"))


def table(**columns):
    spec = CloudSpec("table", tuple(CATEGORY if name == "tag" else Feature(name) for name in columns), 1)
    values = np.stack([np.asarray(values, np.float32) for values in columns.values()], axis=1)
    return Clouds(values, np.arange(len(values) + 1)), spec


def marginals(real, fake, weights=None):
    (real, spec), (fake, _) = table(**real), table(**fake)
    found = MarginalDistance.create(spec).compute(real, fake.with_weights(weights), MetricContext())
    return found.named("marginals")


def test_each_column_is_in_units_of_its_true_spread_and_the_value_is_their_mean():
    # x: spread 1, moved by 0.5; y: spread 20, half of it moved by 10; the fourths of the two F differ by 1/2 and 1/4.
    real = {"x": [-1, -1, 1, 1], "y": [-20, -20, 20, 20]}
    found = marginals(real, {"x": [-0.5, -0.5, 1.5, 1.5], "y": [-20, -10, 20, 30]})
    assert list(found) == ["marginals", "marginals_worst", "marginals_ks", "marginals_x", "marginals_y"]
    assert found["marginals_x"] == pytest.approx(0.5)
    assert found["marginals_y"] == pytest.approx(5 / 20)
    assert found["marginals"] == pytest.approx((0.5 + 0.25) / 2)
    assert found["marginals_worst"] == found["marginals_x"]
    assert found["marginals_ks"] == pytest.approx((1 / 2 + 1 / 4) / 2)


def test_a_weight_counts_as_so_many_clouds():
    real = {"x": [0.0, 1.0, 2.0, 5.0]}
    weighted = marginals(real, {"x": [0.0, 3.0, 4.0]}, weights=[1.0, 2.0, 0.0])
    assert weighted == pytest.approx(marginals(real, {"x": [0.0, 3.0, 3.0]}))
    assert marginals(real, {"x": [1.0, 3.0]}, weights=[4.0, 4.0]) == marginals(real, {"x": [1.0, 3.0]})


@pytest.mark.parametrize("decimals", [1, 12])
def test_the_ks_distance_is_that_of_scipy_with_and_without_ties(decimals):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=300).round(decimals), rng.normal(0.2, 1.1, size=200).round(decimals)
    assert kolmogorov_smirnov(first, second) == pytest.approx(ks_2samp(first, second).statistic, rel=1e-12)


def test_a_category_is_left_out_and_a_constant_column_is_in_its_own_unit():
    found = marginals({"x": [2, 2], "tag": [0, 1]}, {"x": [2, 2.5], "tag": [0, 0]})
    assert found == {"marginals": 0.25, "marginals_worst": 0.25, "marginals_ks": 0.5, "marginals_x": 0.25}


def test_lost_correlations_are_not_seen():
    x = np.random.default_rng(0).normal(size=1_000)
    assert marginals({"x": x, "y": x}, {"x": x, "y": x[::-1]})["marginals"] == 0.0


def test_what_is_no_table_of_numbers_is_refused_with_the_reason():
    with pytest.raises(DataError, match="all columns are categorical"):
        marginals({"tag": [0, 1]}, {"tag": [0, 1]})
    with pytest.raises(DataError, match="a column is called ks, as a component of it"):
        marginals({"ks": [0, 1]}, {"ks": [0, 1]})
    with pytest.raises(DataError, match="clouds on both sides; there are 2 true and 0 generated"):
        marginals({"x": [0, 1]}, {"x": []})
    clouds, spec = table(x=[0, 1, 2])
    pairs = Clouds(clouds.points, [0, 1, 3])
    with pytest.raises(DataError, match="clouds of one point; cloud 1 has 2"):
        MarginalDistance.create(spec).compute(clouds, pairs, MetricContext())


def test_jets_are_skipped_with_the_reason(golden_jets, jet_spec):
    found = jetgen.evaluate(*golden_jets, metrics=["marginals"], spec=jet_spec, floor_splits=0)
    assert found.skipped == {"marginals": "marginals judges tables, these are jets"}
