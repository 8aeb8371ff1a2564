import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen.torch.nn import Neighbours, SetNetwork
from jetgen.torch.nn.nearest import nearest
from jetgen.torch.nn.neighbours import Neighbourhood, NeighbourMessages
from jetgen.torch.training import mask_of, seeded

FEW, MANY = 20, 200  # slots: clouds of the second are searched by a tree each
either_way = pytest.mark.parametrize("slots", [FEW, MANY], ids=["by distances", "by trees"])


def places_of(slots, clouds=3, columns=2, seed=0):
    return torch.randn(clouds, slots, columns, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def messages():
    """Between points of three features with states of five numbers, and not silent as at the beginning."""
    with seeded(1):
        made = NeighbourMessages(5, Neighbourhood.features(3, 2), 4)
        torch.nn.init.normal_(made.back.weight)
    return made


def by_hand(places, there, point, k):
    """The k nearest other points of one point of one cloud, nearest first."""
    distances = np.linalg.norm(places - places[point], axis=1)
    return [int(i) for i in np.argsort(distances) if there[i] and i != point][:k]


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([FEW, MANY]), st.integers(1, 9), st.integers(1, 3), st.data())
def test_the_nearest_points_are_those_with_the_smallest_distances(slots, k, columns, data):
    counts = torch.tensor(data.draw(st.lists(st.integers(0, slots), min_size=1, max_size=3)))
    places, mask = places_of(slots, len(counts), columns, data.draw(st.integers(0, 99))), mask_of(counts, slots)
    index, exists = nearest(places, mask, k)
    for cloud, count in enumerate(counts.tolist()):
        for point in range(count):
            found = index[cloud, point][exists[cloud, point]].tolist()
            assert found == by_hand(places[cloud].numpy(), mask[cloud].numpy(), point, k)


@either_way
def test_empty_slots_are_nobodys_neighbours_wherever_they_are(slots):
    mask = torch.arange(slots) % 3 == torch.arange(3).view(-1, 1)
    places = places_of(slots).masked_fill(~mask.unsqueeze(-1), 0)
    index, exists = nearest(places, mask, 5)
    assert exists[mask].all()
    for cloud in range(3):
        assert mask[cloud][index[cloud][mask[cloud]]].all()


@either_way
def test_a_point_is_no_neighbour_of_itself_even_where_others_are_in_the_same_place(slots):
    places, mask = torch.zeros(2, slots, 2), torch.ones(2, slots, dtype=torch.bool)
    index, exists = nearest(places, mask, 4)
    assert exists.all()
    assert (index != torch.arange(slots).view(1, -1, 1)).all()
    assert all(len(set(row)) == 4 for row in index.flatten(0, 1).tolist())


@either_way
def test_the_neighbours_of_a_cloud_that_is_not_finite_raise_nothing(slots):
    places = places_of(slots)
    places[0, 3] = torch.nan
    index, _ = nearest(places, torch.ones(3, slots, dtype=torch.bool), 4)
    assert ((index >= 0) & (index < slots)).all()


def test_a_neighbourhood_knows_differences_direction_and_distance():
    points = torch.tensor([[[0.0, 0.0, 1.0], [0.3, 0.4, 3.0], [5.0, 5.0, 2.0]]])
    around = Neighbourhood.of(points, torch.ones(1, 3, dtype=torch.bool), Neighbours(nearest=1))
    pair = around.pairs[0, 0]
    assert pair.shape == (Neighbourhood.features(3, 2),)
    expected = [0.3, 0.4, 2.0, 0.3 / 0.52, 0.4 / 0.52, 0.5, float(np.log(0.5)) / 4]
    torch.testing.assert_close(pair, torch.tensor(expected), rtol=1e-4, atol=1e-4)


def test_what_is_heard_changes_smoothly_where_neighbours_change(messages):
    states, points = places_of(4, 1, 5), torch.zeros(1, 4, 3)
    points[0, 1:, 0] = torch.tensor([0.1, 0.5, 0.5])
    found = []
    # The third point and the fourth change places as the second neighbour of the first.
    for shift in (-1e-4, 1e-4):
        points[0, 2, 0] = 0.5 + shift
        around = Neighbourhood.of(points, torch.ones(1, 4, dtype=torch.bool), Neighbours(nearest=2))
        found.append((around.index[0].tolist(), messages(states, around)[0, 0]))
    assert [index for index, _ in found] == [[1, 2], [1, 3]]
    torch.testing.assert_close(found[0][1], found[1][1], atol=2e-3, rtol=0)
    assert (found[0][1] - states[0, 0]).abs().max() > 0.1


def test_messages_come_from_the_neighbours_and_from_nobody_else(messages):
    # Two groups far from each other: a point hears its own group alone.
    points = torch.cat([places_of(5, 1, 3), 100 + places_of(5, 1, 3, seed=1)], 1)
    around = Neighbourhood.of(points, torch.ones(1, 10, dtype=torch.bool), Neighbours(nearest=4))
    states = places_of(10, 1, 5)
    changed = states.clone()
    changed[:, 7] += 1
    moved = (messages(changed, around) - messages(states, around)).abs().amax(2)[0]
    assert not moved[:5].any()
    assert (moved[5:] > 1e-4).all()


def test_a_cloud_of_one_point_hears_nothing(messages):
    mask = mask_of(torch.tensor([1, 4]), 4)
    around = Neighbourhood.of(places_of(4, 2, 3), mask, Neighbours(nearest=3))
    states = places_of(4, 2, 5)
    torch.testing.assert_close(messages(states, around)[0, 0], states[0, 0] + messages.back.bias)


@pytest.mark.parametrize(("rounds", "before"), [(1, [0]), (2, [0, 3]), (3, [0, 2, 4]), (6, [0, 1, 2, 3, 4, 5])])
def test_rounds_are_spread_evenly_over_the_blocks(rounds, before):
    assert Neighbours(rounds=rounds).before(6) == before


def test_more_rounds_than_blocks_are_one_before_each_block():
    network = SetNetwork(3, 3, 2, blocks=2, width=8, hidden=8, heads=2, neighbours=Neighbours(rounds=5))
    assert list(network.messages) == ["0", "1"]
