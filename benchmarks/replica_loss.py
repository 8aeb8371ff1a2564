"""The loss that matches replicas, as one tensor of costs, against a loop of 625 assignments with a small copy each.

Both give the loss of the same 25 replicas of one event and its gradient; the values are compared. Medians of several
rounds in turn, on one thread:

    python benchmarks/replica_loss.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from jetgen_cvae_slot_attention.losses.costs import Cost
from jetgen_cvae_slot_attention.losses.hungarian import double_hungarian
from scipy.optimize import linear_sum_assignment
from torch import Tensor

Loss = Callable[[Tensor, Tensor, Cost], Tensor]


def by_loop(made: Tensor, true: Tensor, cost: Cost) -> Tensor:
    """An assignment of points for each pair of replicas, then one of replicas; (R, P, F) each."""
    replicas = len(made)
    means = [[_matched(cost(made[j, :, None], true[i, None])) for j in range(replicas)] for i in range(replicas)]
    host = np.array([[float(one.detach()) for one in row] for row in means])
    return torch.stack([means[i][j] for i, j in zip(*linear_sum_assignment(host), strict=True)]).mean()


def _matched(costs: Tensor) -> Tensor:
    rows, columns = linear_sum_assignment(costs.detach().cpu().numpy())
    return costs[rows, columns].mean()


def by_tensor(made: Tensor, true: Tensor, cost: Cost) -> Tensor:
    """That of the plugin."""
    sizes = torch.full((1, len(made)), made.shape[1])
    return double_hungarian(made[None], true[None], sizes, cost)


def seconds(loss: Loss, made: Tensor, true: Tensor, cost: Cost) -> tuple[float, float]:
    """Time of the loss and its gradient, and its value."""
    leaf = made.clone().requires_grad_()
    start = time.perf_counter()
    value = loss(leaf, true, cost)
    value.backward()  # type: ignore[no-untyped-call]
    return time.perf_counter() - start, float(value.detach())


def compared(spread: float, points: int, replicas: int, rounds: int) -> tuple[float, float, float]:
    """Median milliseconds of loop and tensor, and the largest difference of their values, relative to them.

    Arguments:
        spread: of the answers about particles that are 1 apart; a model that is no longer new has less than 0.1.
    """
    cost, rng = Cost(torch.ones(3)), torch.Generator().manual_seed(0)
    times: dict[Loss, list[float]] = {by_loop: [], by_tensor: []}
    apart = 0.0
    for _ in range(rounds):
        particles = torch.randn(points, 3, generator=rng)
        made, true = (particles + spread * torch.randn(replicas, points, 3, generator=rng) for _ in range(2))
        values = []
        for loss, found in times.items():
            duration, value = seconds(loss, made, true, cost)
            found.append(1e3 * duration)
            values.append(value)
        apart = max(apart, abs(values[0] - values[1]) / values[0])
    loop, tensor = (float(np.median(found)) for found in times.values())
    return loop, tensor, apart


def main() -> None:
    """Print a table of one row for each kind of answers and number of points."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{asked.replicas} replicas of one event, loss and gradient, medians of {asked.rounds} rounds, one thread")
    print("| answers | points | loop / ms | one tensor / ms | ratio | difference |\n|---|---:|---:|---:|---:|---:|")
    for spread, name in ((0.05, "near their particles"), (1.0, "anywhere")):
        for points in (3, 6, 9, 12):
            loop, tensor, apart = compared(spread, points, asked.replicas, asked.rounds)
            print(f"| {name} | {points} | {loop:.1f} | {tensor:.2f} | {loop / tensor:.1f} | {apart:.0e} |", flush=True)


if __name__ == "__main__":
    main()
