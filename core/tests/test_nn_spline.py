import pytest
import torch
from jetgen.torch.nn import spline, spline_size


@pytest.mark.parametrize(("dtype", "scale", "precision"), [(torch.float32, 1, 1e-4), (torch.float64, 10, 1e-7)])
def test_a_spline_comes_back(dtype, scale, precision):
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.randn(5000, generator=generator, dtype=dtype)
    raw = scale * torch.randn(spline_size(8), 5000, generator=generator, dtype=dtype)
    y, log_slope = spline(x, raw, 5.0)
    back, log_slope_back = spline(y, raw, 5.0, inverse=True)
    assert (back - x).abs().max() < precision
    assert torch.allclose(log_slope, -log_slope_back, atol=1e3 * precision)


def test_the_slope_of_a_spline_is_its_derivative_and_it_is_the_identity_outside():
    x = torch.linspace(-7, 7, 1001, dtype=torch.float64, requires_grad=True)
    raw = torch.randn(spline_size(5), 1001, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    y, log_slope = spline(x, raw[:, :1].expand(-1, 1001), 5.0)
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert torch.allclose(slope.log(), log_slope)
    assert (y.diff() > 0).all()
    assert torch.equal(y[x.abs() >= 5], x[x.abs() >= 5])


def test_wild_numbers_give_no_nan_in_values_or_gradients():
    raw = 1e4 * torch.randn(spline_size(8), 2000, generator=torch.Generator().manual_seed(4))
    for inverse in (False, True):
        x = torch.tensor([-1e30, -5, -4.999999, 0, 5, 1e30] + [0.1] * 1994, requires_grad=True)
        raw.requires_grad_()
        y, log_slope = spline(x, raw, 5.0, inverse=inverse)
        (y[1:-1].sum() + log_slope.sum()).backward()
        assert torch.isfinite(y).all()
        assert torch.isfinite(x.grad).all()
        assert torch.isfinite(raw.grad).all()
