import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Feature
from jetgen.torch.nn import spline, spline_size
from jetgen_rqs_flow.coupling import CouplingFlow
from jetgen_rqs_flow.design import ordered
from jetgen_rqs_flow.directions import Circles, from_shape, to_shape
from jetgen_rqs_flow.mixing import Mixing
from jetgen_rqs_flow.momenta import from_fractions, to_fractions
from jetgen_rqs_flow.representation import JetShape

JETS = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 6)


def jets(n=200, places=6, seed=1):
    """Padded jets, hardest particle first, with every multiplicity from 0 to ``places``."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, places + 1, n)
    present = np.arange(places) < counts[:, None]
    momenta = -np.sort(-np.where(present, rng.gamma(1, 0.1, (n, places)) + 1e-3, 0), 1)
    return np.concatenate([rng.normal(0, 0.1, (n, places, 2)), momenta[..., None]], -1) * present[..., None], counts


def test_it_is_the_spline_of_nflows_where_no_limit_is_felt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from nflows.transforms.splines import unconstrained_rational_quadratic_spline
    x = torch.linspace(-4.9, 4.9, 50, dtype=torch.float64)
    raw = 1e-3 * torch.randn(spline_size(4), 50, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    # nflows makes slopes by a softplus, we by an exponential: the same slope needs another raw number.
    slopes = torch.log(torch.expm1(raw[8:].exp() - 1e-3)).T
    theirs, log_slope = unconstrained_rational_quadratic_spline(x, raw[:4].T, raw[4:8].T, slopes, tail_bound=5.0)
    ours, our_log_slope = spline(x, raw, 5.0)
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert torch.allclose(our_log_slope, log_slope, atol=1e-4)


def numbers_and_mask(size=8):
    generator = torch.Generator().manual_seed(5)
    counts = torch.tensor([0, 1, 2, 3, 4])
    present = (torch.arange(size) < 2 * counts[:, None]).double()
    return torch.randn(5, size, generator=generator, dtype=torch.float64) * present, present, counts


def shaken(module):
    torch.manual_seed(6)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module.double().eval()


def test_mixing_inverts_and_knows_its_determinant_for_clouds_of_any_size():
    with torch.random.fork_rng():
        mixing = shaken(Mixing(8))
    values, present, _ = numbers_and_mask()
    mixed, log_det = mixing(values, present)
    assert torch.allclose(mixing.inverse(mixed, present), values)
    for row in range(5):
        taken = int(present[row].sum())
        jacobian = torch.autograd.functional.jacobian(
            lambda v, row=row: mixing(v[None], present[row : row + 1])[0][0], values[row]
        )
        assert torch.allclose(torch.linalg.slogdet(jacobian[:taken, :taken])[1], log_det[row])
        assert (mixed[row, taken:] == 0).all()


def test_whitening_removes_correlations():
    with torch.random.fork_rng():
        torch.manual_seed(7)
        values = torch.randn(5000, 4, dtype=torch.float64) @ torch.randn(4, 4, dtype=torch.float64)
    mixing = Mixing(4).double()
    mixing.whiten(values, torch.ones_like(values))
    white, _ = mixing(values, torch.ones_like(values))
    assert torch.allclose(white.T @ white / 5000, torch.eye(4, dtype=torch.float64), atol=1e-6)


def test_a_flow_inverts_and_its_density_has_the_determinant_of_its_jacobian():
    with torch.random.fork_rng():
        flow = shaken(CouplingFlow(8, 3, contexts=1, counts=4, hidden=8, blocks=1, dropout=0.0, bins=4, tail=5.0))
    values, present, counts = numbers_and_mask()
    conditioning = torch.ones(5, 1, dtype=torch.float64)

    def encode(x, row):
        one = slice(row, row + 1)
        return torch.autograd.functional.jacobian(
            lambda v: flow.decode(v[None], present[one], counts[one], conditioning[one])[0], x
        )

    points = flow.decode(values, present, counts, conditioning)
    density = flow.log_prob(points, present, counts, conditioning)
    for row in range(5):
        taken = int(present[row].sum())
        log_det = torch.linalg.slogdet(encode(values[row], row)[:taken, :taken])[1]
        normal = -0.5 * (values[row, :taken] ** 2 + np.log(2 * np.pi)).sum()
        assert torch.allclose(density[row], normal - log_det)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_momenta_and_directions_come_back_for_every_multiplicity(seed):
    points, counts = jets(seed=seed)
    fractions, _ = to_fractions(points[..., 2], counts)
    assert ((fractions[:, 1:] >= 0) & (fractions[:, 1:] <= 1)).all()
    assert np.allclose(from_fractions(fractions, counts), points[..., 2], atol=1e-12)
    directions = points[..., 0] + 1j * points[..., 1]
    shape, _ = to_shape(directions, points[..., 2], counts, Circles(0.2, 0.8))
    assert np.allclose(from_shape(shape, points[..., 2], counts, Circles(0.2, 0.8)), directions, atol=1e-7)


def test_any_fractions_give_falling_positive_momenta():
    rng = np.random.default_rng(8)
    counts = rng.integers(0, 7, 500)
    momenta = from_fractions(rng.random((500, 6)), counts)
    present = np.arange(6) < counts[:, None]
    assert (momenta >= 0).all()
    assert (np.diff(momenta, axis=1) <= 1e-15).all()
    assert (momenta[~present] == 0).all()


def test_the_width_is_the_mass_over_the_momentum():
    points, counts = jets()
    shape, _ = to_shape(points[..., 0] + 1j * points[..., 1], points[..., 2], counts, Circles(0.2, 0.8))
    eta, phi, pt = np.moveaxis(points, -1, 0)
    momentum = [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)]
    mass = np.sqrt(np.maximum((pt * np.cosh(eta)).sum(1) ** 2 - sum(p.sum(1) ** 2 for p in momentum), 0))
    assert np.allclose(shape.width * pt.sum(1), mass, rtol=0.05, atol=1e-7)


def numeric_log_det(function, x, step=1e-6):
    jacobian = [(function(x + d) - function(x - d)) / (2 * step) for d in step * np.eye(len(x))]
    return np.linalg.slogdet(np.stack(jacobian))[1]


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_the_determinant_of_the_coordinates_of_a_jet_is_that_of_their_jacobian(count):
    points, counts = jets(400)
    form = JetShape.fit(JETS, points, counts)
    jet = points[counts == count][:1, :count]
    # A representation is made for all places; here there are as many as particles, so that the Jacobian is square.
    number = np.array([count])
    _, log_det = form.encode(jet, number)
    flat = lambda x: form.encode(x.reshape(1, count, 3), number)[0].ravel()  # noqa: E731
    assert log_det[0] == pytest.approx(numeric_log_det(flat, jet.ravel()), abs=1e-3)
    padded, _ = form.encode(points[counts == count][:1], number)
    assert np.allclose(padded[0, :count].ravel(), flat(jet.ravel()))


def test_points_are_put_in_falling_order_of_momentum():
    clouds = Clouds([[0.1, 0.0, 0.2], [0.2, 0.0, 0.5], [0.3, 0.0, 0.0], [0.4, 0.0, 0.1]], [0, 3, 3, 4])
    points, counts = ordered(clouds, JETS)
    assert counts.tolist() == [3, 0, 1]
    assert points[0, :3, 2].tolist() == pytest.approx([0.5, 0.2, 0.0])
    assert (points[1] == 0).all()
