import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Conditions, Feature
from jetgen.api.settings import resolve
from jetgen.errors import DataError
from jetgen_realnvp_glow.autoregressive import AutoregressiveFlow
from jetgen_realnvp_glow.columns import Dequantise
from jetgen_realnvp_glow.couplings import AffineCoupling, SplineCoupling
from jetgen_realnvp_glow.flow import BlockFlow
from jetgen_realnvp_glow.linear import PLU
from jetgen_realnvp_glow.preprocessing import FlatPreprocessing
from jetgen_realnvp_glow.settings import RealNVPGlowSettings, RQSAutoregressiveSettings
from nflows.transforms import ActNorm, BatchNorm

HALVES = {"kept": slice(2), "changed": slice(2, None), "sizes": (4, 3), "hidden": 8, "dropout": 0.0}
BLOCKS = [
    {"permutation": permutation, "normalisation": normalisation, "transformer": transformer}
    for permutation, normalisation, transformer in [
        ("lu", "batch", "affine"),
        ("lu", "act", "rqs"),
        ("reverse", "none", "affine"),
        ("checkerboard", "batch", "rqs"),
    ]
]


def glow(preset="tiny", **values):
    return resolve(RealNVPGlowSettings, "realnvp-glow", preset, [("test", values)]).settings


def autoregressive(**values):
    return resolve(RQSAutoregressiveSettings, "rqs-autoregressive", "tiny", [("test", values)]).settings


def stirred(module):
    """A module in double precision with weights far from where they begin, after one batch in training mode."""
    rng = torch.Generator().manual_seed(3)
    module = module.double().train()
    for parameter in module.parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=rng, dtype=torch.float64)
    batch = torch.randn(50, 5, generator=rng, dtype=torch.float64)
    forward = module.encode if hasattr(module, "encode") else module
    forward(2 * batch + 1, batch[:, :2])
    return module.eval()


def layers():
    torch.manual_seed(1)
    return [
        PLU(5),
        BatchNorm(5),
        ActNorm(5),
        AffineCoupling(**HALVES, networks=1, scale_limit=2.0),
        AffineCoupling(**HALVES, networks=2, scale_limit=0.0),
        SplineCoupling(**HALVES, bins=4, tail=5.0),
    ]


def flows():
    torch.manual_seed(2)
    return [*(BlockFlow(glow(**each), 5, 2) for each in BLOCKS), AutoregressiveFlow(autoregressive(transforms=2), 5, 2)]


def directions(module):
    """The module's way there with log |det|, and its way back."""
    if hasattr(module, "encode"):
        return module.encode, module.invert
    return module, lambda values, context: module.inverse(values, context)[0]


@pytest.mark.parametrize("module", [*layers(), *flows()], ids=lambda module: type(module).__name__)
def test_each_layer_comes_back_and_its_determinant_is_that_of_its_derivative(module):
    there, back = directions(stirred(module))
    rng = torch.Generator().manual_seed(4)
    values, context = (torch.randn(4, width, generator=rng, dtype=torch.float64) for width in (5, 2))
    out, log_det = there(values, context)
    assert (back(out, context) - values).abs().max() < 1e-6
    for row, told, found in zip(values, context, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda one, told=told: there(one[None], told[None])[0][0], row)
        assert torch.linalg.slogdet(jacobian).logabsdet.item() == pytest.approx(found.item(), abs=1e-8)


def test_a_1x1_permutation_begins_as_a_rotation():
    torch.manual_seed(5)
    layer = PLU(18)
    assert torch.allclose(layer.matrix() @ layer.matrix().T, torch.eye(18), atol=1e-5)
    assert layer(torch.randn(3, 18))[1].abs().max() < 1e-5
    assert sum(parameter.numel() for parameter in layer.parameters()) == 324


def test_the_flow_of_the_seminar_has_its_number_of_parameters():
    full = BlockFlow(glow("full"), 18, 0)
    normalisation, permutation, coupling = full.transforms[:3]
    counts = [sum(p.numel() for p in each.parameters()) for each in (normalisation, permutation, coupling, full)]
    assert counts == [36, 324, 544_786, 10_902_920]


@pytest.mark.parametrize("scaling", ["logit", "gaussrank"])
@given(values=st.lists(st.floats(0, 1e4, width=32), min_size=80, max_size=200, unique=True))
@effort(max_examples=30, deadline=None)
def test_columns_come_back(scaling, values):
    spec = CloudSpec("table", (Feature("x"),), 1)
    clouds = Clouds(np.asarray(values, np.float32)[:, None], np.arange(len(values) + 1))
    known = FlatPreprocessing.fit(autoregressive(scaling=scaling), spec, clouds, np.random.default_rng(1))
    rows = known.rows(clouds, np.random.default_rng(1))
    assert torch.isfinite(rows["points"]).all()
    assert torch.isfinite(rows["offset"]).all()
    again = known.decode(rows["points"].flatten(1).numpy(), Conditions(len(clouds), multiplicity=clouds.multiplicity))
    # Numbers in single precision hold a value to a millionth of the range, where the scale is steepest.
    assert np.allclose(again.points, clouds.points, atol=2e-5 * np.ptp(values) + 1e-6)


def test_the_column_of_a_discrete_observable_keeps_its_values():
    values = np.repeat([0.0, 1.0, 2.5, 7.0], 50)
    column = Dequantise.fit("n_btags", values)
    spread = column.spread(values, np.random.default_rng(1).random(200))
    assert len(np.unique(spread)) == 200
    assert np.array_equal(column.rounded(spread), values)
    assert column.possible(np.array([2.5, 3.0])).tolist() == [True, False]
    assert column.rounded(np.array([-9.0, 99.0])).tolist() == [0.0, 7.0]
    assert Dequantise.from_json(column.to_json()) == column


def test_a_peak_at_an_edge_is_spread_beyond_it_and_comes_back():
    rng = np.random.default_rng(1)
    values = np.where(rng.random(1000) < 0.2, 0.0, rng.exponential(1.0, 1000))
    column = Dequantise.fit("met", values)
    spread = column.spread(values, rng.random(1000))
    assert (spread[values == 0] < 0).mean() > 0.99
    assert np.array_equal(spread[values > 0], values[values > 0])
    assert np.array_equal(column.rounded(spread), values)


def test_a_peak_inside_a_continuous_column_is_refused_with_its_name():
    values = np.random.default_rng(1).normal(size=1000)
    values[:100] = 0.5
    with pytest.raises(DataError, match=r"the column mass is 0\.5 in 10% of the rows, inside a continuous range"):
        Dequantise.fit("mass", values)


def test_rounded_values_are_no_peaks():
    normal = np.random.default_rng(1).normal(1.0, 0.15, 10_000)
    for values in (normal.round(2), np.where(normal < 1, normal.round(3), normal.round(2))):  # three digits
        assert Dequantise.fit("mass", values) == Dequantise()


def test_no_warning_of_a_library_reaches_the_user():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for flow in flows():
            noise, _ = flow.eval().encode(torch.zeros(2, 5), torch.zeros(2, 2))
            assert flow.invert(noise, torch.zeros(2, 2)).shape == (2, 5)
