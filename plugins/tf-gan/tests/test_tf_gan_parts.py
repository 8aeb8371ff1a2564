"""Networks, dropout, losses and schedules, each by itself."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.metrics.observables.high_level import high_level, high_level_names
from jetgen.torch.clouds import CloudPreprocessing, JetSummary
from jetgen.torch.clouds.adversarial import gradient_norms
from jetgen.torch.training import Step, mask_of, seeded, torch_threads
from jetgen_rqs_flow.generator import RQSFlow
from jetgen_rqs_flow.settings import RQSFlowSettings
from jetgen_rqs_flow.talk import TalkPreprocessing
from jetgen_tf_gan.dropout import KeyedDropout, cloud_keys
from jetgen_tf_gan.losses import Adversaries
from jetgen_tf_gan.marginals import Marginals
from jetgen_tf_gan.networks import Critic, Refiner, never_acts
from jetgen_tf_gan.pairs import Pairs, pair_mask
from jetgen_tf_gan.schedules import cosine_cycles, noam
from jetgen_tf_gan.settings import TFGANSettings
from jetgen_tf_gan.shapes import MEANS, SHAPES, SPREADS, jet_shapes

SPEC = jet_spec(30)
BACKBONES = pytest.mark.parametrize("backbone", ["transformer", "mdma"])


def settings(preset="tiny", **values):
    return resolve(TFGANSettings, "tf-gan", preset, [("test", values)]).settings


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def networks(jets):
    """A function of settings: preprocessed jets with their mask, a refiner that moves them, and a critic."""
    plain = settings()
    known = CloudPreprocessing.fit(plain, SPEC, jets, np.random.default_rng(1))
    few = jets[:6]
    rows = known.rows(few, np.random.default_rng(1))
    points = rows["points"][torch.arange(6)]

    def built(one):
        with seeded(1):
            observer = JetSummary(SPEC, known.points.features)
            observer.fit(observer.raw(points, mask_of(rows["multiplicity"], points.shape[1])), mirrored=True)
            refiner = Refiner(one, 3, 0, 30, observer).eval()
            torch.nn.init.normal_(refiner.maps[-1].weight, std=0.1)
            return refiner, Critic(one, 3, 0, 30, observer).eval()

    return SimpleNamespace(jets=jets, points=points, mask=mask_of(rows["multiplicity"], points.shape[1]), built=built)


@pytest.mark.parametrize(
    ("preset", "refiner", "critic"),
    [("full", 222_406, 316_865), ("full-top", 868_806, 1_310_401), ("full-quark", 245_662, None)],
)
def test_the_published_networks_have_the_published_parameters(networks, preset, refiner, critic):
    one = settings(preset)
    ours, judge = networks.built(one)
    of_refiner, of_critic = never_acts(one)
    assert parameters(ours) + of_refiner == refiner
    if critic is not None:
        assert parameters(judge) + of_critic == critic


def test_with_the_published_flow_they_are_the_published_total(networks):
    need = settings("full").needs()["base"]
    flow = RQSFlow.create(resolve(RQSFlowSettings, need.generator, need.preset).settings, SPEC)
    flow.preprocessing = TalkPreprocessing.fit(flow.settings, SPEC, networks.jets)
    ours = settings("full")
    kept = sum(parameters(network) for network in networks.built(ours))
    assert parameters(flow.build(90, 0, 25.0)) + kept + sum(never_acts(ours)) == 6_794_863


def test_curves_that_are_not_fitted_change_nothing_and_fitted_ones_undo_what_bends_a_feature():
    rng = torch.Generator().manual_seed(1)
    curves, true = Marginals(2), torch.randn(5000, 2, generator=rng)
    made = torch.randn(5000, 2, generator=rng).sinh()
    torch.testing.assert_close(curves(made), made)
    # What follows the curves bends the features once more.
    curves.fit(made, lambda: 1.2 * curves(made), true, mirrored=[0])
    found, wanted = (1.2 * curves(made)).sort(0).values, true.sort(0).values
    assert (found - wanted).abs().mean() < 0.05
    odd = curves(torch.cat([made, -made])).view(2, -1, 2)
    torch.testing.assert_close(odd[0, :, 0], -odd[1, :, 0], rtol=1e-3, atol=1e-3)
    far = torch.tensor([[0.0, 1e3], [0.0, 1e3 + 1]])
    assert (curves(far)[1] - curves(far)[0])[1] == pytest.approx(1, rel=1e-3)


@BACKBONES
def test_an_order_of_the_particles_is_neither_seen_nor_changed(networks, backbone):
    points, mask, built = networks.points, networks.mask, networks.built
    refiner, critic = built(settings(backbone=backbone))
    order = torch.randperm(points.shape[1], generator=torch.Generator().manual_seed(1))
    conditioning = torch.empty(6, 0)
    with torch.no_grad():
        refined = refiner(points, mask, conditioning)
        other = refiner(points[:, order], mask[:, order], conditioning)
        torch.testing.assert_close(other, refined[:, order], rtol=1e-4, atol=1e-5)
        scores = [critic(points[:, chosen], mask[:, chosen], conditioning) for chosen in (slice(None), order)]
        torch.testing.assert_close(*scores, rtol=1e-4, atol=1e-5)
    assert (refined - points).abs().max() > 0.01


@BACKBONES
def test_padding_changes_nothing(networks, backbone):
    points, mask, built = networks.points, networks.mask, networks.built
    one = settings(backbone=backbone, dropout=0.2, dropout_in_generation=True)
    refiner, critic = built(one)
    conditioning, keys = torch.empty(6, 0), cloud_keys(6, 5)
    wide = torch.nn.functional.pad(points, (0, 0, 0, 7), value=3.0)
    wide_mask = torch.nn.functional.pad(mask, (0, 7))
    with torch.no_grad():
        narrow = refiner(points, mask, conditioning, keys)
        widened = refiner(wide, wide_mask, conditioning, keys)
        torch.testing.assert_close(widened[:, : points.shape[1]], narrow, rtol=1e-4, atol=1e-5)
        assert (widened[~wide_mask] == 0).all()
        torch.testing.assert_close(
            critic(wide, wide_mask, conditioning), critic(points, mask, conditioning), rtol=1e-4, atol=1e-5
        )


def test_a_refiner_begins_with_the_jets_of_its_base(networks):
    points, mask = networks.points, networks.mask
    with seeded(1):
        observer = networks.built(settings())[0].body.pairs._observer[0]
        refiner = Refiner(settings(), 3, 0, 30, observer)
    torch.testing.assert_close(refiner(points, mask, torch.empty(6, 0)), points * mask.unsqueeze(-1))


def test_the_bias_of_a_pair_depends_on_distance_and_momenta_alone(networks):
    points, built = networks.points, networks.built
    bias = built(settings(pairs=8))[0].body.pairs
    assert isinstance(bias, Pairs)
    with torch.no_grad():
        found, _ = bias(bias.logarithms(points), networks.mask)
        torch.testing.assert_close(found, found.transpose(2, 3))
        mirror = points * torch.tensor([-1.0, -1.0, 1.0])
        mirrored, _ = bias(bias.logarithms(mirror), networks.mask)
    # The mirror image of a preprocessed angle is that of the angle, up to the mean that is taken away.
    torch.testing.assert_close(mirrored, found, rtol=0.05, atol=0.02)


def test_the_shapes_that_the_critic_is_shown_are_those_of_core(networks):
    observer = networks.built(settings())[1]._observer[0]
    found = jet_shapes(observer, networks.points, networks.mask) * torch.tensor(SPREADS) + torch.tensor(MEANS)
    known = high_level(networks.jets[:6], SPEC)
    columns = [high_level_names(SPEC).index(name) for name in SHAPES]
    np.testing.assert_allclose(found.numpy(), known[:, columns], rtol=2e-3)


def test_keyed_dropout_zeroes_its_part_and_is_a_function_of_the_key():
    drop = torch.nn.Sequential(KeyedDropout(0.2), KeyedDropout(0.2)).eval()
    KeyedDropout.enumerate(drop)
    ones, keys = torch.ones(200, 30, 16), cloud_keys(200, 3)
    first, second = (layer(ones, keys) for layer in drop)
    assert abs(float((first == 0).float().mean()) - 0.2) < 0.01
    assert abs(float(first.mean()) - 1) < 0.01
    both = float(((first == 0) & (second == 0)).float().mean())
    assert abs(both - 0.04) < 0.005  # two layers zero independently
    assert torch.equal(drop[0](ones[3:5, :9], keys[3:5]), first[3:5, :9])
    assert not torch.equal(drop[0](ones, cloud_keys(200, 4)), first)
    assert torch.equal(drop[0](ones), ones)
    per_unit = (first == 0).float().mean((0, 1))
    assert float(per_unit.std()) < 0.02


def test_the_schedules_are_the_published_ones():
    assert noam(32, 1200 * 121)(1200 * 121 - 1) == pytest.approx(4.6e-4, rel=0.01)
    swing = cosine_cycles(steps=300, warmup=10)
    assert [round(swing(step), 3) for step in (10, 100, 200)] == [0.976, 0.0, 1.0]
    assert swing(0) == pytest.approx(0.1, rel=0.01)


def adversaries(networks, **values):
    one = settings(**values)
    points, mask, built = networks.points, networks.mask, networks.built
    refiner, critic = built(one)
    batch = {"points": points, "multiplicity": mask.sum(1), "conditioning": torch.empty(6, 0)}
    drafts = torch.cat([points.flip(0) * mask.unsqueeze(-1)] * one.drafts, -1)

    def step(number=0):
        return Step({**batch, "drafts": drafts}, number, 100, torch.Generator().manual_seed(1))

    return Adversaries(one, refiner, critic, [0, 1]), step


def test_the_noise_on_the_sum_of_pt_falls_as_published(networks):
    pair, step = adversaries(networks, pt_noise=2.0, token="mass+pt")
    first = pair._pt_noise(step(0), 1000)
    assert float(first.std()) == pytest.approx(2.0, rel=0.1)
    assert float((pair._pt_noise(step(20), 1000) / first).mean()) == pytest.approx(math.exp(-4), rel=1e-3)
    assert 2 * math.exp(-4) == pytest.approx(0.036, abs=1e-3)
    assert adversaries(networks)[0]._pt_noise(step(0), 5) is None


@pytest.mark.parametrize("values", [{}, {"loss": "lsgan", "r1": 0.0, "r2": 0.0}, {"backbone": "mdma"}, {"drafts": 3}])
def test_both_losses_have_gradients_for_every_parameter(networks, values):
    pair, step = adversaries(networks, **values)
    for loss, network in ((pair.critic_loss, pair.critic), (pair.generator_loss, pair.refiner)):
        network.zero_grad()
        loss(step()).backward()
        named = dict(network.named_parameters())
        without = {name for name, p in named.items() if p.grad is None or not p.grad.isfinite().all()}
        # Behind the last mean field nobody looks at particles, behind the last particles nobody at the mean field.
        unseen = "back" if network is pair.critic else "field"
        last = {f"body.encoder.blocks.0.{unseen}.{name}" for name in ("weight", "bias")}
        assert without == (last if values.get("backbone") == "mdma" else set())


def test_a_small_distance_does_not_make_a_critic_steep(networks):
    """Its slope by the place of a particle grows as 1 / distance; by the logarithm of the distance it does not."""
    pair, step = adversaries(networks)
    true = pair._true(step().batch, step().generator)
    known = pair.critic.body.pairs

    class LooksAtDistances(torch.nn.Module):
        body = SimpleNamespace(pairs=known)

        def forward(self, points, mask, conditioning, pt_noise=None, pairs=None):
            seen = known.logarithms(points) if pairs is None else pairs
            return (seen[..., 0] * pair_mask(mask)).sum(1) + 0 * points.sum((1, 2))

    critic = pair.critic = LooksAtDistances()
    near = true.points.clone()
    near[:, 1, :2] = near[:, 0, :2] + 5e-3
    through = gradient_norms(lambda at: critic(at, true.mask, true.conditioning), (near, true.mask)).square().mean()
    pairs, weight = pair_mask(true.mask).sum() / len(near), pair.settings.r1 + pair.settings.r2
    torch.testing.assert_close(pair._flatness(true._replace(points=near)), weight * pairs)
    assert through > 20 * pairs


def test_the_critic_learns_to_tell_drafts_from_jets(networks):
    pair, step = adversaries(networks, r1=0.0, r2=0.0)
    optimiser = torch.optim.Adam(pair.critic.parameters(), lr=3e-3)
    losses = []
    with torch_threads(1):
        for _ in range(60):
            loss = pair.critic_loss(step(number=1))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
