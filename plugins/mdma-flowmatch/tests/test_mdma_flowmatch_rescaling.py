"""The summary of a jet, jets that are rescaled to the one drawn for them, and the density that comes of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from jetgen.data.jets import coordinates, four_vectors, jet_spec, relative_mass, relative_pt
from jetgen.torch import Batch
from jetgen.torch.clouds import CloudPreprocessing, JetSummary, NormalScores
from jetgen.torch.nn.odes import Solver
from jetgen.torch.training import mask_of, seeded
from jetgen_mdma_flowmatch.density import log_normal
from jetgen_mdma_flowmatch.model import Model
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

JETS = jet_spec(30)


def rng():
    return np.random.default_rng(0)


def observed(jets, **values):
    """What summarises jets, as the generator makes it, and the preprocessed jets with their mask."""
    settings = MDMAFlowMatchSettings(**values)
    preprocessing = CloudPreprocessing.fit(settings, JETS, jets, rng())
    rows = preprocessing.rows(jets, rng())
    padded = rows["points"][torch.arange(len(jets))]
    return (
        JetSummary.of(JETS, preprocessing, settings.summary_momentum),
        padded,
        mask_of(rows["multiplicity"], padded.shape[1]),
    )


def summarised(jets, **values):
    """Mass, momentum and centre by a summary, in the units of the jets, and whether the mass is not small."""
    observer, points, mask = observed(jets, **values)
    found = observer.raw(points, mask).double().numpy()
    found[:, :2] = np.exp(found[:, :2])
    return found, relative_mass(jets, JETS) > 0.02


def sums(jets):
    """The sums of pT, of pT eta and of pT phi of each jet."""
    eta, phi, pt = coordinates(jets, JETS)
    return [np.bincount(jets.rows, each, len(jets)) for each in (pt, pt * eta, pt * phi)]


@pytest.mark.parametrize("pt_transform", ["log", "boxcox"])
@pytest.mark.parametrize(("momentum", "low"), [("vector", 0.005), ("scalar", 0.0)])
def test_the_summary_has_the_mass_of_the_jet(jets, pt_transform, momentum, low):
    found, heavy = summarised(jets, pt_transform=pt_transform, summary_momentum=momentum)
    assert heavy.mean() > 0.95
    off = (found[:, 0] / relative_mass(jets, JETS) - 1)[heavy]
    assert np.median(off) == pytest.approx(-low, abs=1e-3)
    assert np.median(abs(off + low)) < 2e-3
    assert np.quantile(abs(off + low), 0.99) < 1e-2


@pytest.mark.parametrize("pt_transform", ["log", "boxcox"])
def test_the_momentum_of_the_summary_is_that_of_the_vector_sum(jets, pt_transform):
    found, _ = summarised(jets, pt_transform=pt_transform)
    _, x, y, _ = four_vectors(jets, JETS).T
    np.testing.assert_allclose(found[:, 1], relative_pt(jets, JETS), rtol=1e-3)
    np.testing.assert_allclose(found[:, 2], sums(jets)[1] / sums(jets)[0], atol=2e-5)
    np.testing.assert_allclose(found[:, 3], np.arctan2(y, x), atol=2e-5)


def test_a_scalar_summary_adds_the_magnitudes(jets):
    found, _ = summarised(jets, summary_momentum="scalar")
    total, _, around = sums(jets)
    np.testing.assert_allclose(found[:, 1], total, rtol=1e-3)
    assert np.median(abs(found[:, 1] / relative_pt(jets, JETS) - 1)) < 1e-2
    np.testing.assert_allclose(found[:, 3], around / total, atol=2e-5)


def test_mirrored_jets_have_mirrored_centres_and_the_same_mass_and_momentum(hard_jets):
    observer, points, mask = observed(hard_jets)
    observer.fit(observer.raw(points, mask), mirrored=True)
    signs = torch.tensor([-1.0, -1.0, 1.0])
    here, there = observer(points, mask), observer(points * signs, mask)
    torch.testing.assert_close(there, here * torch.tensor([1.0, 1.0, -1.0, -1.0]), rtol=1e-3, atol=1e-4)
    assert here[:, 2:].square().mean(0).tolist() == pytest.approx([1, 1], abs=0.05)
    assert here[:, :2].mean(0).tolist() == pytest.approx([0, 0], abs=0.05)


def test_the_summary_is_blind_to_empty_places_and_finite_for_absurd_particles(hard_jets):
    observer, points, mask = observed(hard_jets[:50])
    garbage = points.masked_fill(~mask.unsqueeze(-1), 1e30)
    torch.testing.assert_close(observer(garbage, mask), observer(points, mask))
    absurd = (points * 1e4).requires_grad_()
    summary = observer(absurd, mask)
    summary.sum().backward()
    assert summary.isfinite().all()
    assert absurd.grad.isfinite().all()
    assert observer(points, mask & False).isfinite().all()


@pytest.fixture(scope="module", params=[("log", "vector"), ("log", "scalar"), ("boxcox", "vector")], ids="-".join)
def model(request, jets):
    """An untrained model: its flows leave everything where it is."""
    pt_transform, momentum = request.param
    values = {"pt_transform": pt_transform, "summary_momentum": momentum}
    chosen = MDMAFlowMatchSettings(**{**MDMAFlowMatchSettings.presets["tiny"], **values})
    summary = JetSummary.of(JETS, CloudPreprocessing.fit(chosen, JETS, jets, rng()), momentum)
    with seeded(1):
        return Model(chosen, 3, 0, 30, 30.0, summary)


@pytest.fixture
def observer(model):
    return model.points.summary


@pytest.fixture
def padded(model, jets):
    """50 true jets in the coordinates of the networks, and where they have particles."""
    rows = CloudPreprocessing.fit(model.settings, JETS, jets, rng()).rows(jets[jets.multiplicity > 2][:50], rng())
    points = rows["points"][torch.arange(50)]
    return points, mask_of(rows["multiplicity"], points.shape[1])


def test_a_rescaled_jet_has_the_summary_that_was_asked_for(observer, padded):
    points, mask = padded
    target = observer.raw(points, mask).roll(1, 0)
    rescaled, _ = observer.rescaled(points, mask, target)
    torch.testing.assert_close(observer.raw(rescaled, mask), target, rtol=1e-3, atol=1e-4)
    assert not rescaled[~mask].any()


def test_a_jet_that_has_its_summary_stays_as_it_is(observer, padded):
    points, mask = padded
    rescaled, volume = observer.rescaled(points, mask, observer.raw(points, mask))
    torch.testing.assert_close(rescaled, points, rtol=1e-3, atol=1e-3)
    assert volume.abs().max() < 1e-3


def test_a_rescaled_jet_has_the_momentum_that_was_drawn_to_a_few_parts_in_a_million(observer, padded):
    """With all particles of a jet there, truth spreads by two parts in 10,000."""
    points, mask = padded
    target = observer.raw(points, mask)
    target[:, 1], target[:, 3] = torch.linspace(-2e-4, 0, len(points)), 0
    rescaled, _ = observer.rescaled(points, mask, target)
    found = observer.raw(rescaled, mask)
    torch.testing.assert_close(found[:, 1], target[:, 1], rtol=0, atol=5e-6)
    torch.testing.assert_close(found[:, 3], target[:, 3], rtol=0, atol=5e-6)


def test_rescaling_keeps_the_shares_of_momentum_and_the_shape(observer, padded):
    points, mask = padded
    target = observer.raw(points, mask) + torch.tensor([0.5, 0.2, 0.01, -0.02])
    rescaled, _ = observer.rescaled(points, mask, target)
    before, after = observer.physical(points)[2] * mask, observer.physical(rescaled)[2] * mask
    torch.testing.assert_close(after / after.sum(1, keepdim=True), before / before.sum(1, keepdim=True))
    (eta, phi, _), (new_eta, new_phi, _) = observer.physical(points), observer.physical(rescaled)
    stretch = math.exp(0.5 - 0.2)
    torch.testing.assert_close(new_eta[:, 1] - new_eta[:, 0], stretch * (eta[:, 1] - eta[:, 0]), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(new_phi[:, 1] - new_phi[:, 0], stretch * (phi[:, 1] - phi[:, 0]), rtol=1e-3, atol=1e-5)


def test_absurd_and_single_particles_stay_finite(observer, padded):
    points, mask = padded
    target = observer.raw(points, mask)
    for wild in (points * 1e4, points * 0):
        assert all(answer.isfinite().all() for answer in observer.rescaled(wild, mask, target))
    alone = mask & (torch.arange(mask.shape[1]) == 0)
    assert all(answer.isfinite().all() for answer in observer.rescaled(points, alone, target))


def test_the_change_of_volume_is_that_of_the_map(observer, padded):
    points, mask = (each[:1, :5] for each in padded)
    step = torch.tensor([[0.3, -0.1, 0.02, 0.01]])

    def moved(flat):
        one = flat.view(1, 5, 3)
        return observer.rescaled(one, mask, observer.raw(one, mask) + step)[0].flatten()

    jacobian = torch.autograd.functional.jacobian(moved, points.flatten()).double()
    _, volume = observer.rescaled(points, mask, observer.raw(points, mask) + step)
    assert volume.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=2e-3)


def test_normal_scores_are_normal_and_come_back():
    values = torch.stack([torch.rand(20_000).square(), torch.randn(20_000) * 1e-2 + 0.05], 1)
    scores = NormalScores(2)
    scores.fit(values, [])
    found, _ = scores(values)
    assert found.mean(0).tolist() == pytest.approx([0, 0], abs=0.02)
    assert found.std(0).tolist() == pytest.approx([1, 1], abs=0.02)
    torch.testing.assert_close(scores.inverse(found), values, rtol=1e-5, atol=1e-5)
    wide = torch.tensor([[-6.0, 6.0], [6.0, -6.0]])
    torch.testing.assert_close(scores(scores.inverse(wide))[0], wide, rtol=1e-2, atol=1e-2)


def test_the_slope_of_normal_scores_is_their_derivative():
    scores = NormalScores(2)
    scores.fit(torch.rand(5000, 2).square(), [])
    values = torch.tensor([[0.3, 0.6], [2.0, -1.0]], requires_grad=True)
    found, slope = scores(values)
    (gradient,) = torch.autograd.grad(found.sum(), values)
    torch.testing.assert_close(slope, gradient.log().sum(1))


def test_scores_of_mirrored_numbers_change_their_sign():
    values = torch.randn(3000, 1)
    scores = NormalScores(1)
    scores.fit(values, [0])
    torch.testing.assert_close(scores(-values)[0], -scores(values)[0], rtol=1e-3, atol=1e-3)


def test_numbers_that_are_all_the_same_have_scores():
    scores = NormalScores(1)
    scores.fit(torch.full((100, 1), 3.0), [])
    found, slope = scores(torch.full((2, 1), 3.0))
    assert found.isfinite().all()
    assert slope.isfinite().all()


def test_the_density_of_rescaled_jets_is_normalised(model):
    """A mean over normal points of p(x) / N(x), where p is the density of rescaled jets: it is the integral of p."""
    # The flow of the points knows nothing yet: only so wide a blur covers the summaries that it makes.
    model.settings = model.settings.model_copy(update={"summary_noise": 1.5})
    generator = torch.Generator().manual_seed(3)
    jets, counts = 40_000, 4
    points = torch.randn(jets, counts, 3, generator=generator)
    sizes = torch.full((jets,), counts)
    batch = Batch({"points": points, "multiplicity": sizes, "conditioning": torch.empty(jets, 0)})
    raw = model.points.summary.raw(points, batch.mask)
    model.points.summary.fit(raw, mirrored=False)
    model.summary.scores.fit(raw, [])
    with torch.no_grad():
        weight = model.log_density(Solver("euler", 1), batch, generator) - log_normal(points)
    mean, error = weight.exp().mean().item(), weight.exp().std().item() / math.sqrt(jets)
    assert error < 0.1
    assert mean == pytest.approx(1, abs=4 * error)
