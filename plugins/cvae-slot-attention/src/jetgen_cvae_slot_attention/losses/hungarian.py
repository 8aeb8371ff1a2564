"""Losses of matched sets: point by point, and in the double form also replica by replica (2211.06406)."""

from __future__ import annotations

import numpy as np
import torch
from jetgen.torch.training import mask_of
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from jetgen_cvae_slot_attention.losses.costs import Cost, assigned, on_host

__all__ = ["double_hungarian", "hungarian"]

_NEVER = 1e9  # the cost of taking a replica for one of another size


def hungarian(made: Tensor, true: Tensor, sizes: Tensor, cost: Cost) -> Tensor:
    """The mean cost of the points of sets that are matched at least cost.

    Arguments:
        made, true: (B, P, F), padded.
        sizes: (B,), the points of both sets.
        cost: of a pair of points.
    """
    with torch.no_grad():
        costs = cost(made.unsqueeze(2), true.unsqueeze(1))
    counts = sizes.cpu().numpy()
    index = torch.from_numpy(assigned(on_host(costs), counts, counts)).to(made.device)
    there = mask_of(sizes, made.shape[1])
    return (_of_pairs(made, true, index, cost) * there).sum() / there.sum().clamp(min=1)


def double_hungarian(made: Tensor, true: Tensor, sizes: Tensor, cost: Cost) -> Tensor:
    """The mean cost of replicas of an event that are matched at least cost, the points of each pair being matched, too.

    All costs are one tensor, which is copied to the host once; replicas of another number of points are never matched.

    Arguments:
        made, true: (E, R, P, F), R generated and R true answers to each of E events; made[e, r] has as many points as
            true[e, r].
        sizes: (E, R), how many.
        cost: of a pair of points.
    """
    events, most = len(made), made.shape[2]
    with torch.no_grad():
        costs = cost(made[:, None, :, :, None], true[:, :, None, None])  # event, true, made, made point, true point
    counts = sizes.cpu().numpy()
    pairs = np.minimum(counts[:, :, None], counts[:, None, :])
    host = on_host(costs)
    flat = pairs.reshape(-1)
    index = assigned(host.reshape(pairs.size, most, most), flat, flat).reshape(*pairs.shape, most)
    there = np.arange(most) < pairs[..., None]
    matched = np.take_along_axis(host, index[..., None], -1)[..., 0]
    means = (matched * there).sum(-1) / np.maximum(pairs, 1)
    means[counts[:, :, None] != counts[:, None, :]] = _NEVER
    partner = np.stack([linear_sum_assignment(one)[1] for one in means])
    # Only the pairs that were chosen need a gradient.
    chosen = np.take_along_axis(index, partner[:, :, None, None], 2)[:, :, 0]
    own = made[torch.arange(events)[:, None], torch.from_numpy(partner)]
    points = _of_pairs(
        own.flatten(0, 1), true.flatten(0, 1), torch.from_numpy(chosen).flatten(0, 1).to(made.device), cost
    )
    mask = mask_of(sizes.flatten(), most)
    return ((points * mask).sum(1) / sizes.flatten().clamp(min=1)).mean()


def _of_pairs(made: Tensor, true: Tensor, index: Tensor, cost: Cost) -> Tensor:
    """(B, P), the costs of made points for the true ones at ``index`` (B, P)."""
    return cost(made, true.gather(1, index.unsqueeze(-1).expand_as(made)))
