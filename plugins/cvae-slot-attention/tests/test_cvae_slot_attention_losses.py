"""The losses: equal to what a plain loop finds, and which spread of the answers each of them prefers."""

from itertools import permutations

import numpy as np
import pytest
import torch
from jetgen_cvae_slot_attention.losses.costs import Cost, assigned
from jetgen_cvae_slot_attention.losses.energy import energy_score
from jetgen_cvae_slot_attention.losses.hungarian import double_hungarian, hungarian
from scipy.optimize import linear_sum_assignment

PLAIN = Cost(torch.ones(3))


def sets(*shape, seed=0):
    return torch.randn(*shape, 3, generator=torch.Generator().manual_seed(seed))


def test_a_difference_counts_in_the_units_of_the_cost():
    cost = Cost(torch.tensor([2.0, 1.0, 1.0]))
    assert cost(torch.tensor([1.0, 1.0, 1.0]), torch.tensor([0.0, 0.0, 3.0])).item() == 4 + 1 + 4


def test_an_angle_costs_nothing_after_a_full_turn_and_most_after_half_a_one():
    cost = Cost(torch.ones(3), angles=(2,), spread=torch.tensor([1.0, 1.0, 2.0]))
    turns = torch.tensor([[0.0, 0.0, np.pi], [0.0, 0.0, np.pi / 2], [0.0, 0.0, 0.0]])
    assert cost(turns, torch.zeros(3)).tolist() == pytest.approx([0.0, 2.0, 0.0], abs=1e-6)


def test_the_hungarian_loss_is_the_least_over_all_pairings():
    made, true, sizes = sets(6, 4), sets(6, 4, seed=1), torch.tensor([4, 3, 1, 0, 4, 2])
    least = [
        min(sum(PLAIN(made[i, a], true[i, b]).item() for a, b in enumerate(order)) for order in permutations(range(n)))
        for i, n in enumerate(sizes.tolist())
    ]
    assert hungarian(made, true, sizes, PLAIN).item() == pytest.approx(sum(least) / sizes.sum().item(), rel=1e-5)


@pytest.mark.parametrize("most", [0, 1, 4])
def test_rows_are_assigned_columns_of_their_own_at_least_cost(most):
    """Of matrices that are padded, with more columns than rows, some of them with ties for the cheapest one."""
    rng = np.random.default_rng(most)
    costs, rows = rng.random((20, most, 6)), rng.integers(0, most + 1, 20)
    columns = np.minimum(6, rows + rng.integers(0, 3, 20))
    costs[:, :, 5] -= 0.7
    for found, cost, n, width in zip(assigned(costs, rows, columns), costs, rows, columns, strict=True):
        least = min(sum(cost[i, j] for i, j in enumerate(order)) for order in permutations(range(width), int(n)))
        assert cost[np.arange(n), found[:n]].sum() == pytest.approx(least)
        assert len(set(found[:n])) == n
        assert (found[:n] < width).all()
        assert not found[n:].any()


def looped(made, true, sizes, cost):
    """The published loss of one event: an assignment of points for each pair of replicas, then one of replicas."""
    replicas = len(made)
    means = np.full((replicas, replicas), 1e9)
    for i in range(replicas):
        for j in range(replicas):
            if (n := int(sizes[i])) == int(sizes[j]):
                costs = cost(made[j, :n, None], true[i, None, :n]).numpy()
                means[i, j] = costs[linear_sum_assignment(costs)].mean() if n else 0.0
    return means[linear_sum_assignment(means)].mean()


@pytest.mark.parametrize("alike", [True, False], ids=["equal sizes", "sizes that differ"])
def test_the_double_hungarian_loss_is_that_of_a_loop_of_625_assignments(alike):
    made, true = sets(3, 25, 7), sets(3, 25, 7, seed=1)
    sizes = torch.tensor([[7], [4], [1]]).expand(3, 25) if alike else torch.randint(0, 8, (3, 25))
    expected = np.mean([looped(*event, PLAIN) for event in zip(made, true, sizes, strict=True)])
    assert double_hungarian(made, true, sizes, PLAIN).item() == pytest.approx(expected, rel=1e-5)


def test_the_order_of_points_and_of_replicas_changes_no_loss():
    made, true, sizes = sets(9, 5), sets(9, 5, seed=1), torch.full((9,), 5)
    points, replicas, mask = torch.tensor([3, 1, 4, 0, 2]), torch.randperm(9), torch.ones(9, 5, dtype=torch.bool)

    def double(made):
        return double_hungarian(made[None], true[None], sizes[None], PLAIN).item()

    def score(made):
        rng = torch.Generator().manual_seed(3)
        return energy_score(torch.stack([made, 2 * made]), true, mask, torch.ones(3), 8, rng).item()

    assert double(made[replicas][:, points]) == pytest.approx(double(made))
    assert score(made[:, points]) == pytest.approx(score(made))


def test_empty_slots_change_no_loss():
    made, true, sizes = sets(4, 5, 4), sets(4, 5, 4, seed=1), torch.tensor([[4] * 5, [2] * 5, [0] * 5, [1, 1, 0, 3, 3]])
    mask = torch.arange(4) < sizes[..., None]

    def losses(made):
        rng = torch.Generator().manual_seed(3)
        yield double_hungarian(made, true, sizes, PLAIN).item()
        yield hungarian(made[3], true[3], sizes[3], PLAIN).item()
        yield energy_score(torch.stack([made[3], 2 * made[3]]), true[3], mask[3], torch.ones(3), 8, rng).item()

    assert list(losses(torch.where(mask[..., None], made, 100.0))) == list(losses(made))


def test_a_batch_of_answers_without_points_costs_nothing():
    none, sizes = torch.empty(2, 3, 0, 3), torch.zeros(2, 3, dtype=torch.int64)
    assert double_hungarian(none, none, sizes, PLAIN).item() == 0
    assert hungarian(none[0], none[0], sizes[0], PLAIN).item() == 0


def best_spread(loss, grid):
    """The spread at which the loss is least, by a parabola through its three lowest neighbours."""
    values = [loss(spread) for spread in grid]
    low = min(max(int(np.argmin(values)), 1), len(grid) - 2)
    a, b, _ = np.polyfit(grid[low - 1 : low + 2], values[low - 1 : low + 2], 2)
    return -b / (2 * a)


@pytest.mark.parametrize(("points", "expected"), [(1, 0.78), (3, 0.52), (6, 0.40)])
def test_matched_replicas_are_nearest_to_the_truth_when_they_spread_too_little(points, expected):
    """Truth is N(0, 1) in each coordinate about points far apart; the specification measured these minima."""
    far = 50.0 * torch.arange(points, dtype=torch.float32).view(1, 1, -1, 1)
    noise, true, sizes = sets(60, 25, points), sets(60, 25, points, seed=1), torch.full((60, 25), points)

    def loss(spread):
        return double_hungarian(far + spread * noise, far + true, sizes, PLAIN).item()

    assert best_spread(loss, np.linspace(0.3, 1.1, 9)) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("points", [1, 3, 6])
def test_the_energy_score_is_least_at_the_spread_of_the_truth(points):
    """One true answer and four draws to each event, as in a training."""
    events = 30_000
    far = 50.0 * torch.arange(points, dtype=torch.float32).view(1, 1, -1, 1)
    noise, true = sets(4, events, points), sets(events, points, seed=1)
    mask = torch.ones(events, points, dtype=torch.bool)

    def loss(spread):
        rng = torch.Generator().manual_seed(2)
        return energy_score(far + spread * noise, far[0] + true, mask, torch.ones(3), 8, rng).item()

    assert best_spread(loss, np.linspace(0.6, 1.4, 9)) == pytest.approx(1.0, abs=0.04)
