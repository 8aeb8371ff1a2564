"""The parts of the models: sizes as published, symmetries, and which particles are found."""

from itertools import product

import numpy as np
import pytest
import torch
from jetgen import Clouds, Conditions
from jetgen.data.angles import wrapped
from jetgen.torch import Batch, Noise
from jetgen_cvae_slot_attention.encoder import SumEncoder
from jetgen_cvae_slot_attention.events import AnswerPreprocessing
from jetgen_cvae_slot_attention.layout import Layout, TrueEvents
from jetgen_cvae_slot_attention.mirroring import mirrored
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings
from jetgen_cvae_slot_attention.slots import SlotModel
from jetgen_cvae_slot_attention.subsets import chosen, size_probabilities

MODELS = ["copy", "slot", "cvae"]
VARIANTS = [
    {"model": "copy"},
    {"model": "slot"},
    {"model": "slot", "attention": "competitive"},
    {"model": "slot", "encoder": "sums", "talk": False, "anchored": False},
    {"model": "cvae"},
]
variants = pytest.mark.parametrize("values", VARIANTS, ids=lambda each: "-".join(map(str, each.values())))


def test_the_published_network_has_the_published_number_of_parameters():
    """1,725,640 less what never acts: three times 57 weights of attention, and two means and widths of slots of 50."""
    settings = CVAESlotAttentionSettings(**CVAESlotAttentionSettings.presets["full"])
    layout = Layout(13, 3, 3, (5,))
    model = SlotModel(settings, SumEncoder(layout, 1.0), layout, 13, torch.ones(3))
    assert sum(one.numel() for one in model.parameters()) == 1_725_640 - 3 * 57 - 2 * 50
    assert sum(one.numel() for one in model.looks[0].parameters()) == 470_231 - 57


@pytest.fixture
def truth(clouds, data):
    """Padded true events, as a model in the frame of the event sees them."""
    known = AnswerPreprocessing.fit(data.spec, "event", clouds)
    return known.layout.unpack(torch.from_numpy(known.known(clouds.given, np.arange(len(clouds.given)))))


def noise_for(model, events, points, seed=0):
    rng = torch.Generator().manual_seed(seed)
    shape = model.noise
    return Noise(
        torch.randn(events, points, shape.point, generator=rng), torch.randn(events, shape.cloud, generator=rng)
    )


@variants
def test_no_model_thinks_more_points_than_particles_possible(untrained, truth, values):
    _, model = untrained(**values)
    chances = model.size_log_probs(model.encode(truth)).detach().double().exp()
    assert chances.sum(1).numpy() == pytest.approx(1, abs=1e-5)
    assert not chances[torch.arange(chances.shape[1]) > truth.mask.sum(1, keepdim=True)].any()


@variants
def test_the_order_of_true_particles_changes_no_number_of_points(untrained, truth, values):
    _, model = untrained(**values)
    other = TrueEvents(*(each.flip(1) for each in truth))
    before, after = (model.size_log_probs(model.encode(each)).detach() for each in (truth, other))
    possible = before > -50
    assert after[possible].numpy() == pytest.approx(before[possible].numpy(), abs=1e-4)


@variants
def test_events_of_one_size_at_a_time_are_seen_as_all_at_once(untrained, truth, values):
    _, model = untrained(**values)
    together, apart = model.encode(truth), model.encode_by_size(truth)
    assert len(truth.mask.sum(1).unique()) > 1
    for first, second in ((together.particles[truth.mask], apart.particles[truth.mask]), (together.whole, apart.whole)):
        assert second.detach().numpy() == pytest.approx(first.detach().numpy(), rel=1e-4, abs=1e-4)
    assert not apart.particles[~truth.mask].any()
    assert model.encode_by_size(TrueEvents(*(one[:0] for one in truth))).whole.shape == (0, together.whole.shape[1])


@pytest.mark.parametrize("values", VARIANTS[1:], ids=lambda each: "-".join(map(str, each.values())))
def test_the_order_of_true_particles_changes_no_answer(untrained, truth, values):
    _, model = untrained(**values)
    other = TrueEvents(*(each.flip(1) for each in truth))
    mask = torch.arange(4) < truth.mask.sum(1, keepdim=True)
    noise = noise_for(model, len(mask), 4)
    # Which particles are left out takes a random number for each place; here the last ones are.
    found = torch.arange(truth.mask.shape[1]) < mask.sum(1, keepdim=True)
    before, after = (
        model.answer(model.encode(each), mask, noise, places)[mask].detach().numpy()
        for each, places in ((truth, found), (other, found.flip(1)))
    )
    assert after == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("attention", ["competitive", "cross"])
def test_each_anchored_slot_has_a_particle_of_its_own_and_chance_says_which_is_left_out(untrained, truth, attention):
    _, model = untrained(model="slot", attention=attention)
    n = int(truth.mask.sum(1).max())
    event = TrueEvents(*(each[truth.mask.sum(1) == n][:1].expand(500, *each.shape[1:]) for each in truth))
    mask = torch.ones(500, n - 1, dtype=torch.bool)
    with torch.no_grad():
        answers = model.answer(model.encode(event), mask, noise_for(model, 500, n - 1))
    places = event.numbers[..., :3]
    nearest = ((answers.unsqueeze(2) - places.unsqueeze(1)) / model.unit).square().sum(-1).argmin(-1)
    assert all(len(set(each.tolist())) == n - 1 for each in nearest)
    left = {(set(range(n)) - set(each.tolist())).pop() for each in nearest}
    assert left == set(range(n))


def test_the_density_of_a_copy_does_not_depend_on_the_order_of_the_particles(untrained, truth):
    _, model = untrained(model="copy")
    slots = truth.mask.shape[1]
    mask = truth.mask
    points = truth.numbers[..., :3] + 0.01
    partner = torch.arange(slots).expand(len(mask), -1)
    before = model.nll(model.encode(truth), points, partner, mask)
    after = model.nll(model.encode(TrueEvents(*(each.flip(1) for each in truth))), points, slots - 1 - partner, mask)
    assert after.item() == pytest.approx(before.item(), rel=1e-4)


@variants
def test_more_room_for_particles_changes_no_answer(untrained, truth, values):
    _, model = untrained(**values)
    few = truth.mask.sum(1) <= 6
    tight = TrueEvents(*(each[few, :6] for each in truth))
    wide = TrueEvents(*(each[few] for each in truth))
    mask = torch.arange(2) < tight.mask.sum(1, keepdim=True)
    noise = noise_for(model, len(mask), 2)
    # Which particles a copy chooses takes a random number for each place; here the first ones are found.
    found = torch.zeros_like(wide.mask)
    found[:, :2] = mask
    small, large = (
        model.answer(model.encode(each), mask, noise, found[:, : each.mask.shape[1]])[mask].detach().numpy()
        for each in (tight, wide)
    )
    assert small == pytest.approx(large, abs=1e-4)


@pytest.mark.parametrize(("attention", "exchangeable"), [("competitive", True), ("cross", False)])
def test_slots_are_exchangeable_only_where_all_start_alike(untrained, truth, attention, exchangeable):
    _, model = untrained(model="slot", attention=attention)
    full = truth.mask.sum(1) >= 4
    events = TrueEvents(*(each[full] for each in truth))
    mask = torch.ones(int(full.sum()), 4, dtype=torch.bool)
    noise, order = noise_for(model, len(mask), 4), torch.tensor([2, 0, 3, 1])
    encoded = model.encode(events)
    before = model.answer(encoded, mask, noise)[:, order]
    after = model.answer(encoded, mask, Noise(noise.points[:, order], noise.cloud))
    assert torch.allclose(before, after, atol=1e-5) is exchangeable


def subsets_of(chance):
    """Every subset of particles and its probability."""
    for found in product([False, True], repeat=len(chance)):
        yield found, np.prod([p if one else 1 - p for p, one in zip(chance, found, strict=True)])


CHANCE = [0.9, 0.2, 0.7, 0.5]


def test_the_number_of_points_has_the_probabilities_of_all_subsets():
    expected = np.zeros(6)
    for found, probability in subsets_of(CHANCE):
        expected[sum(found)] += probability
    chance, present = torch.tensor([[*CHANCE, 0.99]]), torch.tensor([[True] * 4 + [False]])
    assert size_probabilities(chance, present)[0].numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4])
def test_given_how_many_the_chosen_particles_are_those_of_independent_chances(size):
    n = 100_000
    levels = torch.from_numpy(np.random.default_rng(size).random((n, 4), np.float32))
    found = chosen(
        torch.tensor([CHANCE]).expand(n, -1), torch.ones(n, 4, dtype=torch.bool), torch.full((n,), size), levels
    )
    possible = {subset: p for subset, p in subsets_of(CHANCE) if sum(subset) == size}
    total = sum(possible.values())
    for subset, probability in possible.items():
        expected = probability / total
        seen = (found == torch.tensor(subset)).all(1).double().mean().item()
        assert abs(seen - expected) <= 5 * np.sqrt(expected * (1 - expected) / n) + 1e-5


@pytest.mark.parametrize("frame", ["event", "absolute"])
def test_preprocessed_answers_become_the_answers_again(clouds, data, frame):
    known = AnswerPreprocessing.fit(data.spec, frame, clouds)
    values = known.rows(clouds, np.random.default_rng(0), training=True)["points"].values.numpy()
    conditions = Conditions(len(clouds), given=clouds.given, event=clouds.event, multiplicity=clouds.multiplicity)
    again = known.decode(values, conditions)
    assert np.array_equal(again.offsets, clouds.offsets)
    assert again.points == pytest.approx(clouds.points, rel=1e-4, abs=1e-5)
    restored = AnswerPreprocessing.from_json(data.spec, known.to_json())
    assert np.array_equal(restored.decode(values, conditions).points, again.points)


def test_in_the_frame_of_the_event_a_turn_of_all_particles_is_not_seen(clouds, data):
    known, column = AnswerPreprocessing.fit(data.spec, "event", clouds), data.spec.given.index("phi")
    points, index = clouds.given.points.copy(), np.arange(len(clouds.given))
    points[:, column] = wrapped(points[:, column] + 2.0)
    turned = Clouds(points, clouds.given.offsets)
    assert known.known(turned, index) == pytest.approx(known.known(clouds.given, index), abs=1e-4)

    def at_the_centre(given):
        return known.decode(np.zeros((1, 3)), Conditions(1, None, given, index[:1], np.ones(1, np.int64))).points[0, 2]

    assert at_the_centre(turned) == pytest.approx(wrapped(at_the_centre(clouds.given) + 2.0), abs=1e-4)


def test_an_event_is_mirrored_together_with_its_answers(clouds, data):
    """Whatever is mirrored: each answer is as near to its particle as before, and replicas stay alike."""
    known = AnswerPreprocessing.fit(data.spec, "event", clouds)
    rows = {name: each[torch.arange(50)] for name, each in known.rows(clouds, None, training=True).items()}
    after = mirrored(Batch(rows), known, torch.Generator().manual_seed(0), alike=25)
    before, truth = (known.layout.unpack(one).numbers for one in (rows["conditioning"], after.conditioning))
    assert torch.equal(truth.abs(), before.abs())
    assert torch.equal(truth[..., [0, 4]], before[..., [0, 4]])  # momenta and ranks
    assert torch.equal(truth[..., 1] * before[..., 3], truth[..., 3] * before[..., 1])  # both numbers of eta
    assert len(torch.unique(truth[:, 0, 1:3] / before[:, 0, 1:3], dim=0)) == 2  # one for each event
    partner = rows["partner"].squeeze(-1).long()
    apart = [
        (points - numbers[..., :3].gather(1, partner.unsqueeze(-1).expand(-1, -1, 3))).abs()
        for points, numbers in ((rows["points"], before), (after.points, truth))
    ]
    assert torch.equal(*apart)


def test_each_answer_belongs_to_the_particle_that_it_was_made_of(clouds, data):
    """The detector changes no track by more than a few of its resolutions: the nearest particle is the one."""
    known = AnswerPreprocessing.fit(data.spec, "event", clouds)
    rows = known.rows(clouds, np.random.default_rng(0), training=True)
    events = known.layout.unpack(rows["conditioning"])
    assert torch.equal(rows["found"].sum(1).long(), rows["multiplicity"])
    partner = rows["partner"].values.squeeze(-1).long()
    own = events.numbers[torch.from_numpy(clouds.rows), partner][:, :3]
    apart = (rows["points"].values - own).abs() / torch.from_numpy(known.unit).float()
    assert np.median(apart, axis=0) == pytest.approx(0.67, abs=0.25)
