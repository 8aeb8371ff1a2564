"""Networks, losses, score and verdict, each by itself."""

import math

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.torch.clouds.cloud_coding import fit_coding
from jetgen.torch.clouds.summaries import learn_summaries
from jetgen.torch.training import Step, mask_of, seeded
from jetgen_mdma_gan import losses
from jetgen_mdma_gan.composite import Composite, observables, variety
from jetgen_mdma_gan.model import Model
from jetgen_mdma_gan.networks import Critic, PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings
from jetgen_mdma_gan.validation import Validation
from torch import nn
from torch.nn import functional

JETS = jet_spec(30)
SIZES = Sizes(9, 5.0)
COUNTS = torch.tensor([4, 9, 1, 7, 2])


def settings(preset="tiny", **values):
    return resolve(MDMAGANSettings, "mdma-gan", preset, [("test", values)]).settings


def normal(*shape, seed=1, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


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
        heard = self.attention(query, y, y, key_padding_mask=padding, need_weights=False)[0]
        b = self.gather(torch.cat([heard, part], 2))
        points = self.back(torch.cat([y, b.expand(-1, points.shape[1], -1)], 2)) + points
        return points, leaky(self.field(b))


class PublishedGenerator(nn.Module):
    """The published generator of JetNet150, but for its padding leak: the first sum runs over particles alone."""

    def __init__(self, typical):
        super().__init__()
        self.typical, self.embed, self.out = typical, nn.Linear(3, 16), nn.Linear(16, 3)
        self.blocks = nn.ModuleList(PublishedBlock() for _ in range(7))

    def forward(self, noise, counts):
        mask = mask_of(counts, noise.shape[1])
        points = functional.leaky_relu(self.embed(noise)) * mask.unsqueeze(-1)
        field, part = points.sum(1, keepdim=True) / self.typical, (counts / self.typical).view(-1, 1, 1)
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
        theirs, ours = PublishedGenerator(5.0), PointGenerator(settings("full"), 3, 0, 5.0)
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
    told = SIZES.told(COUNTS, torch.zeros(5, 0), 9, published=True)
    with torch.no_grad():
        expected, found = theirs(noise, COUNTS), ours(noise, torch.zeros(5, 0), told)
    assert expected.abs().max() > 0.1
    assert (found - expected).abs().max() < 1e-5


def adversaries(seed=1, dtype=torch.float32, **values):
    one = settings(**values)
    with seeded(seed):
        network, critic = PointGenerator(one, 3, 1, 5.0).to(dtype), Critic(one, 3, 1, 5.0, None).to(dtype)
    return losses.Adversaries(one, network, critic, SIZES, [0])


def step(number=0, dtype=torch.float32):
    points = normal(5, 9, 3, dtype=dtype) * mask_of(COUNTS, 9).unsqueeze(-1)
    batch = {"points": points, "counts": COUNTS, "conditioning": normal(5, 1, seed=2, dtype=dtype)}
    return Step(batch, number, 10, torch.Generator().manual_seed(number))


@pytest.mark.parametrize("norm", ["rows", "spectral", "none"])
def test_more_empty_places_change_neither_clouds_nor_scores(norm):
    pair = adversaries(critic_norm=norm)
    pair.critic.eval()
    noise, shared, context = normal(5, 9, 3), normal(5, 8, seed=3), normal(5, 1, seed=2)

    def answers(places, garbage):
        told = SIZES.told(COUNTS, context, places, published=False)
        padded = functional.pad(noise, (0, 0, 0, places - 9))
        points = pair.generator(padded.masked_fill(~told.mask.unsqueeze(-1), garbage), shared, told)
        assert (points[~told.mask] == 0).all()
        return points[:, :9], *pair.critic(points, told)

    with torch.no_grad():
        for expected, found in zip(answers(9, 0.0), answers(14, 7.0), strict=True):
            torch.testing.assert_close(found, expected)


def test_a_permutation_of_the_noise_permutes_the_cloud_and_leaves_the_score():
    pair, order = adversaries(), torch.randperm(9, generator=torch.Generator().manual_seed(1))
    told = SIZES.told(torch.full((5,), 9), normal(5, 1), 9, published=False)
    noise, shared = normal(5, 9, 3), normal(5, 8, seed=3)
    with torch.no_grad():
        points, other = pair.generator(noise, shared, told), pair.generator(noise[:, order], shared, told)
        torch.testing.assert_close(other, points[:, order])
        torch.testing.assert_close(pair.critic(other, told)[0], pair.critic(points, told)[0])


def test_the_gradient_penalty_is_that_of_finite_differences():
    pair = adversaries(dtype=torch.float64)
    points = step(dtype=torch.float64).batch["points"]
    told = SIZES.told(COUNTS, normal(5, 1, dtype=torch.float64), 9, published=False)
    found = losses.gradient_norms(pair.critic, points, told)
    squares = torch.zeros(5, dtype=torch.float64)
    with torch.no_grad():
        for place in range(9):
            for column in range(3):
                ends = []
                for change in (1e-6, -1e-6):
                    moved = points.clone()
                    moved[:, place, column] += change
                    ends.append(pair.critic(moved, told)[0])
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
        told = SIZES.told(COUNTS, one.batch["conditioning"], 9, published=False)
        steep.append(float(losses.gradient_norms(pair.critic, one.batch["points"], told).detach().mean()))
        points = one.batch["points"]
        penalty = losses.gradient_norms(pair.critic, points, told).square().mean()
        optimiser.zero_grad()
        (penalty + 0 * pair.critic_loss(one)).backward()
        assert all(p.grad.isfinite().all() for p in pair.critic.parameters() if p.grad is not None)
        optimiser.step()
    assert steep[-1] < steep[0]


def test_only_clouds_of_equal_size_have_clouds_between_them():
    true, fake = normal(5, 9, 3), normal(5, 9, 3, seed=2)
    part = torch.tensor([0.0, 1.0, 0.5, 0.25, 1.0])
    between = losses.interpolated(true, fake, COUNTS, COUNTS, part)
    torch.testing.assert_close(between[0], fake[0])
    torch.testing.assert_close(between[1], true[1])
    torch.testing.assert_close(between[2], (true[2] + fake[2]) / 2)
    with pytest.raises(ValueError, match="only clouds of equal size"):
        losses.interpolated(true, fake, COUNTS, COUNTS.flip(0), part)


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


@pytest.fixture(scope="module")
def composite(jets):
    return Composite(JETS, jets[:700], jets, 700, rng=np.random.default_rng(1))


def changed(jets, change):
    points = jets.points.copy()
    change(points)
    return jets.with_points(points)


def test_the_score_of_truth_is_about_1_and_worse_clouds_have_higher_scores(composite, jets):
    def widen(points):
        points[:, :2] *= 1.1

    def harden(points):
        points[:, 2] *= 1.1

    truth = composite.score(jets[700:1400])
    assert truth == pytest.approx(1, abs=0.5)
    wide, hard = (composite.score(changed(jets[700:1400], change)) for change in (widen, harden))
    assert truth < wide
    assert truth < hard
    assert composite.score(changed(jets[700:1400], lambda points: (widen(points), harden(points)))) > wide


def test_particles_that_were_dealt_anew_are_seen_by_what_joins_them_alone(composite, jets):
    some = jets[700:1400]
    order = np.random.default_rng(1).permutation(len(some.points))
    ratios = composite.ratios(some.with_points(some.points[order]))
    assert ratios["features"] < 2
    assert ratios["size"] < 2
    assert min(ratios["mass"], ratios["efps"]) > 3


def test_the_mass_alone_can_be_the_score(composite, jets):
    by_mass = Composite(JETS, jets[:700], jets, 700, by="mass", rng=np.random.default_rng(1))
    assert by_mass.score(jets[700:1400]) == pytest.approx(composite.ratios(jets[700:1400])["mass"], rel=0.5)
    assert set(by_mass.ratios(jets[700:1400])) == {"mass"}


def test_showers_are_compared_by_energy_features_and_size():
    features = (Feature("energy", "MeV", "positive"), Feature("z"))
    spec = CloudSpec("showers", features, 10, (Feature("e_inc", "MeV", "positive"),))
    clouds = Clouds([[2.0, 1], [6.0, 2], [5.0, 3]], [0, 2, 3], [[16.0], [10.0]])
    found = observables(clouds, spec)
    assert set(found) == {"energy", "features", "size"}
    assert found["energy"][0].tolist() == [0.5, 0.5]
    assert found["size"][0].tolist() == [2, 1]


def test_a_cloud_again_and_again_has_no_variety(jets):
    same = Clouds.concatenate([jets[:1]] * 50)
    assert variety(same) == pytest.approx(0, abs=1e-5)
    assert variety(jets[:200]) > 0.1


def verdict_of(mass, found_variety, critic_losses, **values):
    judge = Validation.__new__(Validation)
    judge.settings = settings(collapse_ratio=50.0, **values)
    return judge.collapse({"mass": mass, "score": mass, "variety": found_variety}, critic_losses)


def test_a_collapse_is_said_in_one_sentence():
    assert verdict_of(20.0, 0.9, [0.4] * 10) is None
    assert verdict_of(80.0, 0.9, [0.4] * 10) == "collapsed: the best validated clouds are 80 floors from true ones"
    assert verdict_of(80.0, 0.9, [0.4, *[1e-5] * 30]).endswith(
        "; the critic tells all generated clouds apart, its loss stays at 0"
    )
    assert verdict_of(20.0, 0.01, [0.4]).startswith("collapsed: the generated clouds are too much alike")


def test_every_preset_makes_networks_that_learn_a_step(jets):
    del jets
    for name in MDMAGANSettings.presets:
        one = settings(name)
        with seeded(1):
            pair = losses.Adversaries(one, PointGenerator(one, 3, 1, 5.0), Critic(one, 3, 1, 5.0, None), SIZES, [])
        for loss, module in ((pair.critic_loss, pair.critic), (pair.generator_loss, pair.generator)):
            value = loss(step())
            value.backward()
            assert math.isfinite(value.item())
            assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


def test_validation_scores_the_same_weights_alike(jets):
    one = settings(validation_clouds=60)
    coding = fit_coding(one, JETS, jets[:300], np.random.default_rng(1))
    with seeded(1):
        model = Model(one, coding, Sizes(30, 25.0)).eval()
    events = []
    context = RunContext(seed=1, listener=events.append)
    judge = Validation(model, coding, jets[:300], jets[300:400], context)
    scores = {judge.score(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)}
    assert len(scores) == 2
    assert {"score", "mass", "efps", "features", "size"} <= events[0].keys()


def test_a_generated_jet_has_the_summary_of_the_true_one_it_is_compared_with(jets):
    """The critic then sees only what the summary leaves open."""
    one = settings()
    coding = fit_coding(one, JETS, jets, np.random.default_rng(1))
    sizes = Sizes(30, 25.0)
    with seeded(1):
        model = Model(one, coding, sizes)
    rows = coding.rows(jets[jets.multiplicity > 2][:200], np.random.default_rng(1))
    observer = model.points.observer
    learn_summaries(observer, model.summary, rows, mirrored=True, batch_points=4096)
    critic = Critic(one, coding.points.width, 0, sizes.typical, observer)
    pair = losses.Adversaries(one, model.points, critic, sizes, model.mirrored)
    index = torch.arange(50)
    batch = {"points": rows["points"][index], "counts": rows["counts"][index], "conditioning": torch.empty(50, 0)}
    true = pair._true(batch, torch.Generator().manual_seed(1))
    with torch.no_grad():
        fake = pair._generated(true, torch.Generator().manual_seed(2))
    found, wanted = (observer.raw(points, true.told.mask) for points in (fake, true.points))
    # The network is untrained: some of its jets are so narrow that they are not stretched all the way.
    away = (found[:, :2] - wanted[:, :2]).abs().amax(1), (found[:, 2:].abs() - wanted[:, 2:].abs()).abs().amax(1)
    assert all(each.quantile(0.8) < 1e-3 for each in away)
    assert not torch.allclose(fake, true.points, atol=0.1)
