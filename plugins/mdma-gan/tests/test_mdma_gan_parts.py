"""Networks and losses, each by itself."""

import math

import numpy as np
import pytest
import torch
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.torch.clouds.adversarial import gradient_norms
from jetgen.torch.clouds.summaries import learn_summaries
from jetgen.torch.training import Step, mask_of, seeded
from jetgen_mdma_gan import losses
from jetgen_mdma_gan.networks import Critic, PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings
from torch import nn
from torch.nn import functional

JETS = jet_spec(30)
SIZES = Sizes(9, 5.0, published=False)
PUBLISHED = Sizes(9, 5.0, published=True)
COUNTS = torch.tensor([4, 9, 1, 7, 2])


def settings(preset="tiny", **values):
    return resolve(MDMAGANSettings, "mdma-gan", preset, [("test", values)]).settings


def normal(*shape, seed=1, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def steepness(critic, points, condition):
    return gradient_norms(lambda at: critic(at, condition)[0], (points, condition.mask))


class PublishedBlock(nn.Module):
    """A block of the published generator, with the two linear maps that it makes and never uses."""

    def __init__(self, width=16, hidden=48, heads=16):
        super().__init__()
        self.local, self.unused = nn.Linear(width, hidden), nn.Linear(width, hidden)
        self.unused_condition = nn.Linear(1, hidden, bias=False)
        self.norm, self.attention = nn.LayerNorm(hidden), nn.MultiheadAttention(hidden, heads, batch_first=True)
        self.gather, self.back = nn.Linear(hidden + 1, hidden), nn.Linear(2 * hidden, width)
        self.field = nn.Linear(hidden, width)

    def forward(self, points, field, padding, part):
        leaky = functional.leaky_relu
        y, query = self.local(leaky(points)), self.norm(self.local(leaky(field)))
        pooled = self.attention(query, y, y, key_padding_mask=padding, need_weights=False)[0]
        b = self.gather(torch.cat([pooled, part], 2))
        points = self.back(torch.cat([y, b.expand(-1, points.shape[1], -1)], 2)) + points
        return points, leaky(self.field(b))


class PublishedGenerator(nn.Module):
    """The published generator of JetNet150, but for its padding leak: the first sum runs over particles alone."""

    def __init__(self, mean_multiplicity):
        super().__init__()
        self.mean, self.embed, self.out = mean_multiplicity, nn.Linear(3, 16), nn.Linear(16, 3)
        self.blocks = nn.ModuleList(PublishedBlock() for _ in range(7))

    def forward(self, noise, counts):
        mask = mask_of(counts, noise.shape[1])
        points = functional.leaky_relu(self.embed(noise)) * mask.unsqueeze(-1)
        field, part = (
            points.sum(1, keepdim=True) / self.mean,
            (counts / self.mean).view(-1, 1, 1),
        )
        for block in self.blocks:
            points, field = block(points, field, ~mask, part)
        return self.out(functional.leaky_relu(points)) * mask.unsqueeze(-1)


def copy_published(theirs, ours):
    """Everything of the published generator that acts."""

    def same(source, target):
        target.load_state_dict(source.state_dict())

    same(theirs.embed, ours.embed)
    same(theirs.out, ours.out)
    for source, target in zip(theirs.blocks, ours.blocks, strict=True):
        for name in ("local", "norm", "gather", "back", "field"):
            same(getattr(source, name), getattr(target, name))
        target.attention = type(target.attention).from_multihead(source.attention)


@pytest.fixture(scope="module")
def published():
    with seeded(1):
        theirs, ours = PublishedGenerator(5.0), PointGenerator(settings("full"), 3, 0, PUBLISHED)
    for module in theirs.modules():
        if isinstance(module, nn.MultiheadAttention):  # torch lets the biases begin at 0
            nn.init.normal_(module.in_proj_bias, generator=torch.Generator().manual_seed(1))
    copy_published(theirs, ours)
    return theirs, ours


def test_full_is_the_published_generator_without_what_never_acts(published):
    theirs, ours = published
    never = sum(parameters(block.unused) + parameters(block.unused_condition) for block in theirs.blocks)
    assert (parameters(theirs), never) == (111_555, 6048)
    key_biases = 7 * 48  # which no softmax sees
    assert parameters(ours) == 111_555 - never - key_biases == 105_171


def test_full_computes_what_the_published_generator_does(published):
    theirs, ours = published
    noise = normal(5, 9, 3)
    condition = PUBLISHED.condition(mask_of(COUNTS, 9), torch.zeros(5, 0))
    with torch.no_grad():
        expected, found = theirs(noise, COUNTS), ours(noise, torch.zeros(5, 0), condition)
    assert expected.abs().max() > 0.1
    assert (found - expected).abs().max() < 1e-5


def adversaries(seed=1, dtype=torch.float32, **values):
    one = settings(**values)
    with seeded(seed):
        network, critic = PointGenerator(one, 3, 1, SIZES).to(dtype), Critic(one, 3, 1, SIZES, None).to(dtype)
    return losses.Adversaries(one, network, critic, SIZES, [0])


def step(number=0, dtype=torch.float32):
    points = normal(5, 9, 3, dtype=dtype) * mask_of(COUNTS, 9).unsqueeze(-1)
    batch = {"points": points, "multiplicity": COUNTS, "conditioning": normal(5, 1, seed=2, dtype=dtype)}
    return Step(batch, number, 10, torch.Generator().manual_seed(number))


@pytest.mark.parametrize("norm", ["rows", "spectral", "none"])
def test_more_empty_places_change_neither_clouds_nor_scores(norm):
    pair = adversaries(critic_norm=norm)
    pair.critic.eval()
    noise, shared, conditioning = normal(5, 9, 3), normal(5, 8, seed=3), normal(5, 1, seed=2)

    def answers(places, garbage):
        condition = SIZES.condition(mask_of(COUNTS, places), conditioning)
        padded = functional.pad(noise, (0, 0, 0, places - 9))
        points = pair.generator(padded.masked_fill(~condition.mask.unsqueeze(-1), garbage), shared, condition)
        assert (points[~condition.mask] == 0).all()
        return points[:, :9], *pair.critic(points, condition)

    with torch.no_grad():
        for expected, found in zip(answers(9, 0.0), answers(14, 7.0), strict=True):
            torch.testing.assert_close(found, expected)


def test_a_permutation_of_the_noise_permutes_the_cloud_and_leaves_the_score():
    pair, order = adversaries(), torch.randperm(9, generator=torch.Generator().manual_seed(1))
    condition = SIZES.condition(torch.ones(5, 9, dtype=torch.bool), normal(5, 1))
    noise, shared = normal(5, 9, 3), normal(5, 8, seed=3)
    with torch.no_grad():
        points, other = (pair.generator(each, shared, condition) for each in (noise, noise[:, order]))
        torch.testing.assert_close(other, points[:, order])
        torch.testing.assert_close(pair.critic(other, condition)[0], pair.critic(points, condition)[0])


def test_the_gradient_penalty_is_that_of_finite_differences():
    pair = adversaries(dtype=torch.float64)
    points = step(dtype=torch.float64).batch["points"]
    condition = SIZES.condition(mask_of(COUNTS, 9), normal(5, 1, dtype=torch.float64))
    found = steepness(pair.critic, points, condition)
    squares = torch.zeros(5, dtype=torch.float64)
    with torch.no_grad():
        for place in range(9):
            for column in range(3):
                ends = []
                for change in (1e-6, -1e-6):
                    moved = points.clone()
                    moved[:, place, column] += change
                    ends.append(pair.critic(moved, condition)[0])
                squares += ((ends[0] - ends[1]) / 2e-6).square() * (place < COUNTS)
    torch.testing.assert_close(found, squares.sqrt(), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "wgan-gp", "r1": 0.0},
        {"loss": "relativistic", "r2": 1.0},
        {"loss": "wgan-gp", "critic_norm": "spectral"},
    ],
    ids=["wgan-gp", "relativistic", "spectral"],
)
def test_penalties_have_finite_gradients_that_make_the_critic_flatter(values):
    pair = adversaries(**values)
    optimiser = torch.optim.Adam(pair.critic.parameters(), lr=1e-2)
    steep = []
    for _ in range(15):
        one = step()
        condition = SIZES.condition(mask_of(COUNTS, 9), one.batch["conditioning"])
        steep.append(float(steepness(pair.critic, one.batch["points"], condition).detach().mean()))
        points = one.batch["points"]
        penalty = steepness(pair.critic, points, condition).square().mean()
        optimiser.zero_grad()
        (penalty + 0 * pair.critic_loss(one)).backward()
        assert all(p.grad.isfinite().all() for p in pair.critic.parameters() if p.grad is not None)
        optimiser.step()
    assert steep[-1] < steep[0]


def test_only_clouds_of_equal_size_have_clouds_between_them():
    true, fake = normal(5, 9, 3), normal(5, 9, 3, seed=2)
    part = torch.tensor([0.0, 1.0, 0.5, 0.25, 1.0])
    mask = mask_of(COUNTS, 9)
    between = losses.interpolated(true, fake, mask, mask, part)
    torch.testing.assert_close(between[0], fake[0])
    torch.testing.assert_close(between[1], true[1])
    torch.testing.assert_close(between[2], (true[2] + fake[2]) / 2)
    with pytest.raises(ValueError, match="only clouds of equal size"):
        losses.interpolated(true, fake, mask, mask.flip(0), part)


def test_mean_fields_are_matched_until_the_step_that_is_set():
    def loss(number, **values):
        return float(adversaries(**values).generator_loss(step(number)).detach())

    for number, acts in ((4, True), (5, False)):
        plain, matched = loss(number), loss(number, matching=1.0, matching_until=5)
        assert (matched > plain) == acts
        assert (loss(number, matching=1.0, matching_until=5, matching_of="means") < matched) == acts


def test_the_steepness_at_true_clouds_is_looked_at_every_so_many_steps():
    def loss(number, r1):
        pair = adversaries(r1=r1, r2=0.0, r1_every=3)
        return float(pair.critic_loss(step(number)).detach())

    assert loss(3, r1=1.0) > loss(3, r1=0.0)
    assert loss(4, r1=1.0) == loss(4, r1=0.0)


def test_every_preset_makes_networks_that_learn_a_step(jets):
    del jets
    for name in MDMAGANSettings.presets:
        one = settings(name)
        with seeded(1):
            sizes = PUBLISHED if one.published_form else SIZES
            network, critic = PointGenerator(one, 3, 1, sizes), Critic(one, 3, 1, sizes, None)
            pair = losses.Adversaries(one, network, critic, sizes, [])
        for loss, module in ((pair.critic_loss, pair.critic), (pair.generator_loss, pair.generator)):
            value = loss(step())
            value.backward()
            assert math.isfinite(value.item())
            assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


def test_a_generated_jet_has_the_summary_of_the_true_one_it_is_compared_with(jets, untrained):
    """The critic then sees only what the summary leaves open."""
    owner, model = untrained(settings(), jets)
    rows = owner.preprocessing.rows(jets[jets.multiplicity > 2][:200], np.random.default_rng(1))
    observer = model.points.observer
    learn_summaries(observer, model.summary, rows, mirrored=True, batch_points=4096)
    critic = Critic(owner.settings, owner.preprocessing.features, 0, model.sizes, observer)
    pair = losses.Adversaries(owner.settings, model.points, critic, model.sizes, model.mirrored)
    batch = {name: each[torch.arange(50)] for name, each in rows.items()}
    true = pair._true(batch, torch.Generator().manual_seed(1))
    with torch.no_grad():
        fake = pair._generated(true, torch.Generator().manual_seed(2))
    found, wanted = (observer.raw(points, true.condition.mask) for points in (fake, true.points))
    # The network is untrained: some of its jets are so narrow that they are not stretched all the way.
    away = (found[:, :2] - wanted[:, :2]).abs().amax(1), (found[:, 2:].abs() - wanted[:, 2:].abs()).abs().amax(1)
    assert all(each.quantile(0.8) < 1e-3 for each in away)
    assert not torch.allclose(fake, true.points, atol=0.1)
