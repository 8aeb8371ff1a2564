import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jetgen.errors import DataError, UsageError
from jetgen.torch.transforms import TRANSFORMS, FeatureTransform

NAMES = sorted(TRANSFORMS)
real = st.floats(-1e4, 1e4, width=32)
positive = st.one_of(st.just(0.0), st.floats(2**-13, 1e4, width=32))


def arrays(elements):
    return hnp.arrays(np.float64, st.integers(1, 40), elements=elements)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_training_values_come_back_edges_zeros_and_constants_too(name, data):
    values = data.draw(arrays(positive if name in ("log", "boxcox") else real))
    transform = TRANSFORMS[name].fit(values)
    there = transform.forward(values)
    assert np.isfinite(there).all()
    scale = np.abs(values).max() + 1e-3
    # A power of 2 keeps no more than half of the digits of what is small beside the scale.
    assert np.allclose(transform.inverse(there), values, rtol=1e-6, atol=3e-8 * scale)


@pytest.mark.parametrize("name", NAMES)
@given(values=arrays(positive), wild=arrays(st.floats(-1e6, 1e6)))
@settings(max_examples=60, deadline=None)
def test_no_finite_number_becomes_an_infinity_or_a_nan_in_either_direction(name, values, wild):
    transform = TRANSFORMS[name].fit(values)
    for result in (transform.forward(wild), transform.inverse(wild), transform.log_slope(wild)):
        assert np.isfinite(result).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_that_of_the_curve(name):
    values = np.random.default_rng(1).gamma(1.5, 0.02, 2000)
    transform = TRANSFORMS[name].fit(values)
    x = np.quantile(values, np.linspace(0.05, 0.95, 19))
    step = 1e-6 * x
    slope = (transform.forward(x + step) - transform.forward(x - step)) / (2 * step)
    assert np.allclose(np.log(slope), transform.log_slope(x), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_increasing_on_the_training_range(name):
    values = np.random.default_rng(2).lognormal(-4, 1, 500)
    transform = TRANSFORMS[name].fit(values)
    assert (np.diff(transform.forward(np.sort(values))) > 0).all()


def test_the_edges_of_a_logit_are_reached_again():
    transform = TRANSFORMS["logit"].fit(np.array([-2.0, 0.5, 3.0]))
    assert transform.inverse(transform.forward(np.array([-2.0, 3.0]))) == pytest.approx([-2, 3], abs=1e-9)
    assert transform.inverse(np.array([-40.0, 40.0])) == pytest.approx([-2, 3], abs=1e-12)


def test_box_cox_finds_the_power_that_makes_values_normal():
    normal = np.random.default_rng(3).normal(5, 0.5, 20_000)
    fitted = TRANSFORMS["boxcox"].fit(normal**2)
    assert fitted.power == pytest.approx(0.5, abs=0.1)
    assert TRANSFORMS["boxcox"].fit(np.exp(normal)).power == pytest.approx(0, abs=0.05)


PLAN = {"etarel": ["standardise"], "phirel": ["logit", "standardise"], "ptrel": ["boxcox", "minmax", "standardise"]}


def points(n=300):
    rng = np.random.default_rng(4)
    return np.stack([rng.normal(0, 0.1, n), rng.uniform(-0.4, 0.4, n), rng.gamma(1, 0.03, n)], -1).astype(np.float32)


def test_chains_of_features_come_back_and_survive_json():
    transform = FeatureTransform.fit(PLAN, points())
    again = FeatureTransform.from_json(json.loads(json.dumps(transform.to_json(), allow_nan=False)))
    padded = points().reshape(30, 10, 3)
    assert again.forward(padded).tolist() == transform.forward(padded).tolist()
    assert np.allclose(again.inverse(again.forward(padded)), padded, rtol=1e-6, atol=1e-9)


def test_the_log_determinant_is_that_of_the_jacobian():
    transform, x = FeatureTransform.fit(PLAN, points()), points(5).astype(np.float64)
    numeric = np.zeros(5)
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-7
        slope = (transform.forward(x + step) - transform.forward(x - step)) / 2e-7
        numeric += np.log(slope[:, i])
    assert np.allclose(transform.log_det(x), numeric, atol=1e-4)


def test_what_cannot_be_fitted_or_read_is_refused_with_one_sentence():
    with pytest.raises(UsageError, match=r"there is no transform 'logt' \(did you mean logit\?\)"):
        FeatureTransform.fit({"ptrel": ["logt"]}, np.ones((3, 1)))
    with pytest.raises(DataError, match="2 features cannot be fitted"):
        FeatureTransform.fit({"a": [], "b": []}, np.ones((3, 1)))
    with pytest.raises(DataError, match="do not have the features a"):
        FeatureTransform.fit({"a": []}, np.ones((3, 1))).forward(np.ones((3, 2)))
    for document in ({"a": [{"name": "logt"}]}, {"a": [{"name": "log", "base": 2}]}, {"a": 3}):
        with pytest.raises(DataError, match="the description of the transforms is not one"):
            FeatureTransform.from_json(document)


@pytest.mark.parametrize("names", [["log", "standardise"], ["boxcox", "standardise"], ["boxcox", "minmax", "logit"]])
def test_a_chain_is_one_function_for_arrays_and_tensors_and_its_slope_is_that_of_autograd(names):
    values = np.random.default_rng(1).gamma(2.0, size=200)
    chain = FeatureTransform.fit({"pt": names}, values[:, None]).chains["pt"]
    tensor = torch.tensor(values, requires_grad=True)
    forward = chain.forward(tensor)
    (slope,) = torch.autograd.grad(forward.sum(), tensor)
    np.testing.assert_allclose(forward.detach(), chain.forward(values), rtol=1e-12)
    np.testing.assert_allclose(chain.inverse(forward).detach(), values, rtol=1e-6)
    np.testing.assert_allclose(chain.log_slope(tensor).detach(), slope.log(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(chain.log_slope(values), chain.log_slope(tensor).detach(), rtol=1e-12)


def test_the_ranks_of_a_rounded_column_give_a_density_that_is_no_comb():
    exact = np.random.default_rng(5).normal(1.0, 0.15, 20_000)
    rounded = TRANSFORMS["gaussrank"].fit(exact.round(2))
    for values in (exact, exact.round(2), exact + 0.003):
        density = np.exp(rounded.log_slope(values) - 0.5 * rounded.forward(values) ** 2) / np.sqrt(2 * np.pi)
        true = np.exp(-0.5 * ((values - 1) / 0.15) ** 2) / (0.15 * np.sqrt(2 * np.pi))
        assert np.median(np.abs(np.log(density / true))) < 0.15
