import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen.torch.nn import (
    MeanFieldAttention,
    MeanFieldBlock,
    Neighbours,
    SetNetwork,
    TransformerBlock,
    length_buckets,
    masked_mean,
    masked_sum,
)
from jetgen.torch.training import Ragged, mask_of, seeded
from torch import nn
from torch.autograd import forward_ad
from torch.nn import functional

COUNTS = torch.tensor([4, 9, 1, 7, 2, 9])
NETWORKS = {
    "mdma": {"backbone": "mdma"},
    "mdma-bare": {"backbone": "mdma", "conditioning_width": 0},
    "mdma-field-only": {"backbone": "mdma", "conditioning_width": 0, "field_only": 2},
    "mdma-neighbours": {"backbone": "mdma", "neighbours": Neighbours(3, rounds=2, width=6)},
    "epic": {"backbone": "epic"},
    "transformer": {"backbone": "transformer"},
}
# torch compiles some of its forward derivatives with a part of itself that it calls deprecated.
forward_mode = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
every_network = pytest.mark.parametrize("kind", NETWORKS)
differentiable = pytest.mark.parametrize("kind", [kind for kind in NETWORKS if kind != "transformer"])


def normal(*shape, seed=1, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def randomised(module, seed=1, dtype=torch.float64):
    """The module with random numbers in all parameters: also in those that begin as zeros."""
    module = module.to(dtype)
    with torch.no_grad():
        for i, parameter in enumerate(module.parameters()):
            scale = parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.5
            parameter.copy_(scale * normal(*parameter.shape, seed=100 * seed + i))
    return module


def network_of(kind, dtype=torch.float64, **options):
    plan = {"width": 16, "hidden": 24, "blocks": 3, "heads": 4, "conditioning_width": 8, "mean_multiplicity": 5.0}
    with seeded(1):
        return randomised(SetNetwork(3, 2, 4, **{**plan, **NETWORKS[kind], **options}), dtype=dtype)


@pytest.fixture
def clouds():
    """Points of clouds with the sizes COUNTS, one after the other, and what is known of each cloud."""
    return Ragged.of(normal(int(COUNTS.sum()), 3), COUNTS), normal(len(COUNTS), 4, seed=2)


def answers(network, clouds, rows, places=None, garbage=0.0):
    """The answers for the points of some of the clouds, computed in one batch, one after the other."""
    points, conditioning = clouds
    index = torch.tensor(rows)
    padded, counts = points[index], points.lengths[index]
    if places is not None:
        padded = functional.pad(padded, (0, 0, 0, places - padded.shape[1]))
    mask = mask_of(counts, padded.shape[1])
    return network(padded.masked_fill(~mask.unsqueeze(-1), garbage), mask, conditioning[index])[mask]


def multihead_of(attention):
    """The ordinary attention with copies of the weights; its keys have a bias, which may be anything."""
    with seeded(1):
        made = nn.MultiheadAttention(attention.width, attention.heads, batch_first=True)
    parts = attention.query, attention.key, attention.value
    biases = attention.query.bias, normal(attention.width), attention.value.bias
    made = made.to(attention.out.weight)
    with torch.no_grad():
        made.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        made.in_proj_bias.copy_(torch.cat(biases))
        made.out_proj.weight.copy_(attention.out.weight)
        made.out_proj.bias.copy_(attention.out.bias)
    return made


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@settings(deadline=None, max_examples=12)
@given(st.integers(1, 6), st.integers(1, 6), st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 99))
def test_a_single_query_is_answered_as_by_multihead_attention(dtype, tolerance, heads, each, counts, seed):
    width, counts = heads * each, torch.tensor(counts)
    with seeded(1):
        theirs = randomised(nn.MultiheadAttention(width, heads, batch_first=True), seed, dtype)
        ours = MeanFieldAttention.from_multihead(theirs)
    query = normal(len(counts), width, seed=seed, dtype=dtype)
    points = normal(len(counts), 30, width, seed=seed + 1, dtype=dtype)
    mask = mask_of(counts, 30)
    expected, _ = theirs(query.unsqueeze(1), points, points, key_padding_mask=~mask, need_weights=False)
    torch.testing.assert_close(ours(query, points, mask), expected.squeeze(1), rtol=tolerance, atol=tolerance)


def test_a_width_that_the_heads_cannot_share_is_refused():
    for make in (lambda: MeanFieldAttention(10, 4), lambda: TransformerBlock(10, 8, 1, 4)):
        with pytest.raises(ValueError, match="a width of 10 cannot be shared by 4 heads; use a multiple"):
            make()


def explicit_block(block, points, field, mask, conditioning):
    """The equations of the block as they are written: every y_i is made, and torch's own attention sees all of them."""
    first = conditioning.shape[1] - block.field_only
    for_points = conditioning[:, :first]
    for_field = conditioning[:, first:] if block.field_only else conditioning
    shift = block.condition(for_points)
    y = block.local(functional.leaky_relu(points)) + shift.unsqueeze(1)
    query = block.norm(block.local(functional.leaky_relu(field)) + shift)
    pooled, _ = multihead_of(block.attention)(query.unsqueeze(1), y, y, key_padding_mask=~mask)
    field = block.gather(torch.cat([pooled.squeeze(1), for_field], 1))
    return points + block.back(y) + block.spread(field).unsqueeze(1), field


@pytest.mark.parametrize("field_only", [0, 1, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_the_merged_block_is_the_block_of_the_equations(field_only, dtype, tolerance):
    with seeded(1):
        block = randomised(MeanFieldBlock(12, 20, 4, heads=5, field_only=field_only), dtype=dtype)
    mask = mask_of(COUNTS, 13)
    points = normal(len(COUNTS), 13, 12, dtype=dtype)
    field, conditioning = normal(len(COUNTS), 12, seed=2, dtype=dtype), normal(len(COUNTS), 4, seed=3, dtype=dtype)
    ours, theirs = (
        answer(points, field, mask, conditioning) for answer in (block, lambda *a: explicit_block(block, *a))
    )
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected, rtol=tolerance, atol=tolerance)


@every_network
def test_the_answer_is_0_at_the_beginning(kind, clouds):
    with seeded(1):
        network = SetNetwork(3, 2, 4, width=16, hidden=24, heads=4, **NETWORKS[kind]).double()
    assert not answers(network, clouds, [0, 1, 2]).any()


@every_network
def test_padding_more_changes_nothing(kind, clouds):
    network, rows = network_of(kind), list(range(len(COUNTS)))
    expected = answers(network, clouds, rows)
    assert expected.std() > 0.05
    torch.testing.assert_close(answers(network, clouds, rows, 40), expected, rtol=1e-10, atol=1e-10)


@every_network
def test_padding_more_changes_nothing_in_single_precision(kind, clouds):
    network, clouds = network_of(kind, torch.float32), (Ragged.of(clouds[0].values.float(), COUNTS), clouds[1].float())
    few, many = (answers(network, clouds, [1, 0, 2], places) for places in (None, 40))
    torch.testing.assert_close(many, few, rtol=1e-5, atol=1e-5)


@every_network
@pytest.mark.parametrize("garbage", [-1e3, 1e30])
def test_what_stands_in_empty_places_changes_nothing(kind, clouds, garbage):
    network, rows = network_of(kind), list(range(len(COUNTS)))
    expected = answers(network, clouds, rows)
    torch.testing.assert_close(answers(network, clouds, rows, 12, garbage), expected, rtol=1e-10, atol=1e-10)


@every_network
def test_permuting_the_points_permutes_the_answer(kind, clouds):
    network, (points, conditioning) = network_of(kind), clouds
    whole, places = points[torch.tensor([1, 5])], torch.tensor([4, 8, 0, 2, 6, 7, 3, 1, 5])
    mask = torch.ones(2, 9, dtype=torch.bool)
    conditioning = conditioning[:2]
    permuted = network(whole[:, places], mask, conditioning)
    torch.testing.assert_close(permuted, network(whole, mask, conditioning)[:, places], rtol=1e-10, atol=1e-10)
    assert not torch.allclose(permuted, network(whole, mask, conditioning), atol=1e-2)


@every_network
def test_the_empty_places_may_be_anywhere(kind, clouds):
    network, (points, conditioning) = network_of(kind), clouds
    whole, index = points[torch.tensor([0, 3])], torch.tensor([0, 3])
    mask = mask_of(COUNTS[index], whole.shape[1])
    turned = network(whole.flip(1), mask.flip(1), conditioning[index]).flip(1)
    torch.testing.assert_close(turned[mask], network(whole, mask, conditioning[index])[mask], rtol=1e-10, atol=1e-10)


@every_network
def test_the_answer_for_a_cloud_does_not_depend_on_its_batch(kind, clouds):
    network = network_of(kind)
    together = answers(network, clouds, list(range(len(COUNTS)))).split(COUNTS.tolist())
    for row, expected in enumerate(together):
        torch.testing.assert_close(answers(network, clouds, [row]), expected, rtol=1e-10, atol=1e-10)
    for bucket in length_buckets(COUNTS.numpy(), points=14):
        found = answers(network, clouds, bucket.tolist()).split(COUNTS[bucket].tolist())
        for row, answer in zip(bucket, found, strict=True):
            torch.testing.assert_close(answer, together[row], rtol=1e-10, atol=1e-10)


@every_network
@pytest.mark.parametrize("places", [0, 3])
def test_clouds_without_points_are_finite_and_so_are_their_gradients(kind, places):
    network, conditioning = network_of(kind, torch.float32), normal(2, 4, dtype=torch.float32).requires_grad_()
    points = normal(2, places, 3, dtype=torch.float32).requires_grad_()
    answer = network(points, torch.zeros(2, places, dtype=torch.bool), conditioning)
    assert answer.shape == (2, places, 2)
    assert answer.isfinite().all()
    (answer.square().sum() + 0 * conditioning.sum()).backward()
    gradients = [each.grad for each in (points, conditioning, *network.parameters()) if each.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


@every_network
def test_an_empty_cloud_does_not_disturb_the_others_nor_their_gradients(kind, clouds):
    network, (points, conditioning) = network_of(kind), clouds
    beside = Ragged.of(points.values, torch.cat([COUNTS, torch.tensor([0])]))
    rows = [0, 2]
    expected = answers(network, clouds, rows)
    found = answers(network, (beside, torch.cat([conditioning, conditioning[:1]])), [0, 2, 6])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    wanted = [parameter for parameter in network.parameters() if parameter.requires_grad]
    slopes = [torch.autograd.grad(each.square().sum(), wanted, allow_unused=True) for each in (found, expected)]
    for mine, theirs in zip(*slopes, strict=True):
        assert (mine is None) is (theirs is None)
        if mine is not None:
            torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


@differentiable
def test_no_parameter_is_without_effect(kind, clouds):
    network = network_of(kind)
    answers(network, clouds, [0, 1, 2]).square().sum().backward()
    assert [name for name, each in network.named_parameters() if each.grad is None or not each.grad.any()] == []


@forward_mode
@differentiable
def test_forward_differentiation_gives_the_slope_along_points_and_conditioning(kind, clouds):
    network, (points, conditioning) = network_of(kind), clouds
    padded, mask = points[torch.arange(len(COUNTS))], mask_of(COUNTS, 9)
    along, aside = normal(*padded.shape, seed=3), normal(*conditioning.shape, seed=4)

    def at(points, conditioning):
        return network(points, mask, conditioning)[mask]

    _, slope = torch.func.jvp(at, (padded, conditioning), (along, aside))
    step = 1e-6
    ahead, behind = (at(padded + h * along, conditioning + h * aside) for h in (step, -step))
    torch.testing.assert_close(slope, (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-6)
    with forward_ad.dual_level():
        dual = at(forward_ad.make_dual(padded, along), forward_ad.make_dual(conditioning, aside))
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, slope)


@pytest.fixture
def padding_leak(monkeypatch):
    """The defect of the published generator: the first sum runs over empty places too, whose embedding has a bias."""
    monkeypatch.setattr("jetgen.torch.nn.set_network.masked_sum", lambda points, _mask: points.sum(1))


def test_the_published_padding_leak_is_seen_where_it_is(padding_leak, clouds):
    network = network_of("mdma")
    few, many = (answers(network, clouds, [0, 1, 2], places) for places in (9, 40))
    assert (many - few).abs().max() > 0.01


def test_sums_and_means_run_over_the_points_that_are_there():
    points = torch.tensor([[[1.0], [2.0], [50.0]], [[7.0], [8.0], [9.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_sum(points, mask).tolist() == [[3.0], [0.0]]
    assert masked_mean(points, mask).tolist() == [[1.5], [0.0]]
