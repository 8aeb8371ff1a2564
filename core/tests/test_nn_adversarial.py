import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Feature
from jetgen.data.jets import jet_spec, relative_mass, relative_pt
from jetgen.torch.clouds import JetSummary, WeightedSummary
from jetgen.torch.nn import AdversarialBlock, constrain, linear, size_numbers
from jetgen.torch.training import mask_of, seeded
from jetgen.torch.transforms import FeatureTransform, PointPreprocessing
from torch import nn
from torch.nn import functional

COUNTS = torch.tensor([4, 9, 1, 7, 9])
every_kind = pytest.mark.parametrize(
    "options", [{}, {"gated": True}, {"norm": "rows"}, {"norm": "spectral"}], ids=["plain", "gated", "rows", "spectral"]
)


def normal(*shape, seed=1, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def block_of(dtype=torch.float64, width=8, hidden=12, conditioning=3, heads=4, **options):
    with seeded(3):
        block = AdversarialBlock(width, hidden, conditioning, heads, **options).to(dtype)
    # A norm that is learnt, so that a test would notice if it were somewhere else.
    with torch.no_grad():
        block.norm.weight.copy_(1 + 0.3 * normal(hidden))
        block.norm.bias.copy_(0.3 * normal(hidden, seed=2))
    return block.eval()


def inputs(dtype=torch.float64, places=9):
    points = normal(len(COUNTS), 9, 8, seed=4, dtype=dtype)
    points = functional.pad(points, (0, 0, 0, places - 9))
    return (
        points,
        normal(len(COUNTS), 8, seed=5, dtype=dtype),
        mask_of(COUNTS, places),
        normal(len(COUNTS), 3, dtype=dtype),
    )


def multihead_of(attention):
    """The ordinary attention with copies of the weights; its keys have a bias, which may be anything."""
    with seeded(1):
        made = nn.MultiheadAttention(attention.width, attention.heads, batch_first=True)
    made = made.to(attention.query.weight)
    parts = attention.query, attention.key, attention.value
    biases = attention.query.bias, normal(attention.width).to(attention.query.bias), attention.value.bias
    with torch.no_grad():
        made.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        made.in_proj_bias.copy_(torch.cat(biases))
        made.out_proj.weight.copy_(attention.out.weight)
        made.out_proj.bias.copy_(attention.out.bias)
    return made


def naive(block, points, field, mask, conditioning):
    """The equations as they are written, one after the other."""
    leaky = functional.leaky_relu
    y = block.local(leaky(points))
    query = block.norm(block.local(leaky(field))).unsqueeze(1)
    pooled = multihead_of(block.attention)(query, y, y, key_padding_mask=~mask, need_weights=False)[0].squeeze(1)
    if block.gate is not None:
        pooled = pooled * block.gate(conditioning).sigmoid()
    b = block.gather(torch.cat([pooled, conditioning], 1))
    shared = b.unsqueeze(1).expand(-1, points.shape[1], -1)
    return points + block.back(torch.cat([y, shared], 2)), leaky(block.field(b))


@every_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_merged_block_is_the_published_one(options, dtype):
    block = block_of(dtype, **options)
    points, field, mask, conditioning = inputs(dtype)
    moved, after = block(points, field, mask, conditioning)
    expected, expected_field = naive(block, points, field, mask, conditioning)
    most = 1e-5 if dtype == torch.float32 else 1e-12
    assert (moved - expected)[mask].abs().max() < most
    assert (after - expected_field).abs().max() < most


@every_kind
def test_a_permutation_of_the_points_permutes_the_answer_and_leaves_the_field(options):
    block = block_of(**options)
    points, field, mask, conditioning = inputs()
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    moved, after = block(points, field, mask, conditioning)
    other, other_after = block(points[:, order], field, mask[:, order], conditioning)
    torch.testing.assert_close(other, moved[:, order])
    torch.testing.assert_close(other_after, after)


@every_kind
def test_empty_places_change_nothing_whatever_stands_there(options):
    block = block_of(**options)
    points, field, mask, conditioning = inputs()
    moved, after = block(points, field, mask, conditioning)
    more, _, wider, _ = inputs(places=13)
    more = more.masked_fill(~wider.unsqueeze(-1), 5.0)
    other, other_after = block(more, field, wider, conditioning)
    torch.testing.assert_close(other[:, :9][mask], moved[mask])
    torch.testing.assert_close(other_after, after)


@pytest.mark.parametrize("options", [{}, {"gated": True}, {"norm": "rows"}], ids=["plain", "gated", "rows"])
def test_a_gradient_of_a_gradient_is_right(options):
    block = block_of(width=4, hidden=4, heads=2, **options)
    points, field = normal(2, 3, 4, seed=6).requires_grad_(), normal(2, 4, seed=7).requires_grad_()
    mask, conditioning = mask_of(torch.tensor([3, 2]), 3), normal(2, 3)

    def scores(points, field):
        moved, after = block(points, field, mask, conditioning)
        return (moved * mask.unsqueeze(-1)).sum((1, 2)) + after.sum(1)

    assert torch.autograd.gradcheck(scores, (points, field))
    assert torch.autograd.gradgradcheck(scores, (points, field))


def test_rows_stay_of_length_1_while_they_are_trained():
    with seeded(1):
        made = linear(5, 3, "rows")
    assert made.bias is None
    optimiser = torch.optim.SGD(made.parameters(), lr=10.0)
    made(normal(7, 5, dtype=torch.float32)).square().sum().backward()
    optimiser.step()
    torch.testing.assert_close(made.weight.norm(dim=1), torch.ones(3))


def test_the_spectral_norm_comes_to_1_in_training_and_rests_in_evaluation():
    with seeded(1):
        made = constrain(nn.Linear(6, 4), "spectral")
        for _ in range(30):
            made.train()(torch.ones(1, 6))
    assert torch.linalg.matrix_norm(made.eval().weight, 2).item() == pytest.approx(1, abs=1e-4)
    assert torch.equal(made.weight, made.weight)


def test_size_numbers_of_an_empty_cloud_are_finite():
    assert size_numbers(torch.tensor([0, 150]), 150).isfinite().all()


@pytest.mark.parametrize("momentum", ["vector", "scalar"])
def test_a_jet_summary_is_the_mass_the_momentum_and_the_centre(momentum):
    rng = np.random.default_rng(1)
    counts = rng.integers(2, 30, 50)
    total = int(counts.sum())
    points = np.stack([rng.normal(0, 0.2, total), rng.normal(0, 0.2, total), rng.gamma(0.5, 0.05, total)], 1)
    jets, spec = Clouds.from_multiplicities(points, counts), jet_spec(30)
    plan = {"etarel": ["standardise"], "phirel": ["standardise"], "ptrel": ["log", "standardise"]}
    transform = FeatureTransform.fit(plan, jets.points)
    observer = JetSummary(spec, transform, momentum)
    padded, mask = jets.with_points(transform.forward(jets.points)).padded()
    raw = observer.raw(torch.from_numpy(padded), torch.from_numpy(mask))
    total, vector = np.bincount(jets.rows, jets.points[:, 2]), relative_pt(jets, spec)
    whole = vector if momentum == "vector" else total
    np.testing.assert_allclose(raw[:, 1].exp(), whole, rtol=1e-4)
    assert momentum == "vector" or (raw[:, 1].exp().numpy() >= vector - 1e-6).all()
    # Of jets as wide as these the mass is the width times the scalar sum.
    width = (raw[:, 0] - raw[:, 1]).exp().numpy()
    np.testing.assert_allclose(width * total, relative_mass(jets, spec), rtol=0.05)
    observer.fit(raw, mirrored=False)
    seen = observer(torch.from_numpy(padded), torch.from_numpy(mask))
    torch.testing.assert_close(seen.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.std(0, correction=0), torch.ones(4), atol=1e-4, rtol=0)


def test_a_weighted_summary_is_the_sum_and_where_it_lies():
    rng = np.random.default_rng(1)
    features = (Feature("energy", "MeV", "positive"), Feature("z", bins=45), Feature("alpha", nature="periodic"))
    spec = CloudSpec("showers", features, 50)
    counts = rng.integers(1, 50, 40)
    total = int(counts.sum())
    points = np.stack([rng.gamma(0.3, 100.0, total), rng.integers(0, 45, total), rng.uniform(-3, 3, total)], 1)
    clouds = Clouds.from_multiplicities(points, counts)
    for positive in ("log", "boxcox"):
        preprocessing = PointPreprocessing.fit(spec, clouds, positive=positive, rng=rng)
        encoded = preprocessing.encode(clouds, rng)
        padded, mask = (torch.from_numpy(each) for each in clouds.with_points(encoded).padded())
        observer = WeightedSummary(spec, preprocessing)
        raw = observer.raw(padded, mask)
        energy = clouds.points[:, 0].astype(float)
        sums = np.bincount(clouds.rows, energy)
        np.testing.assert_allclose(raw[:, 0].exp(), sums, rtol=2e-3)
        depth = np.bincount(clouds.rows, energy * encoded[:, 1]) / sums
        np.testing.assert_allclose(raw[:, 1], depth, atol=2e-3)
        spread = np.bincount(clouds.rows, energy * (encoded[:, 1] - depth[clouds.rows]) ** 2) / sums
        np.testing.assert_allclose(raw[:, 4], np.sqrt(spread + 1e-6), atol=2e-3)
        observer.fit(raw)
        torch.testing.assert_close(observer(padded, mask).mean(0), torch.zeros(7), atol=1e-4, rtol=0)
    assert WeightedSummary.suits(spec)
    assert not WeightedSummary.suits(CloudSpec("table", (Feature("x"),), 1))
