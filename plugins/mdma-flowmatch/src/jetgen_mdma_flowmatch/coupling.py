"""Which noise point becomes which particle: optimal transport inside a cloud, after arXiv:2306.15030."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

__all__ = ["couple"]


def couple(noise: Tensor, points: Tensor, counts: Tensor, rows: Tensor) -> Tensor:
    """The noise (B, P, F) with its points in another order in the clouds numbered ``rows``.

    There the sum of squared distances to ``points`` is the least (an assignment per cloud, solved on the CPU);
    in the others noise and points stay independent. Noise is exchangeable: as a set it is as random as before.
    """
    if len(rows) == 0:
        return noise
    costs = torch.cdist(noise[rows], points[rows]).square().cpu().numpy()
    order = torch.arange(noise.shape[1]).repeat(len(rows), 1)
    for row, count in enumerate(counts[rows].tolist()):
        sources, targets = linear_sum_assignment(costs[row, :count, :count])
        order[row, torch.from_numpy(targets)] = torch.from_numpy(sources)
    index = order.to(noise.device).unsqueeze(-1).expand(-1, -1, noise.shape[2])
    coupled = noise.clone()
    coupled[rows] = noise[rows].gather(1, index)
    return coupled
