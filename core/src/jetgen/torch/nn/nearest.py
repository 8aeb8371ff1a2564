"""The nearest points of each point of a cloud."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

__all__ = ["nearest"]

# A tree for each cloud is faster from about so many points on.
_MANY = 128


def nearest(places: Tensor, mask: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest other points of the cloud of each point, and which of them exist: int64 and bool (B, P, k).

    Clouds of more than 128 points are searched by a k-d tree each, whose cost is nearly linear.

    Arguments:
        places: (B, P, D).
        mask: (B, P), False at empty slots: these are nobody's neighbours.
    """
    find = _by_trees if places.shape[1] > _MANY else _by_distances
    return find(places, mask, k)


def _by_distances(places: Tensor, mask: Tensor, k: int) -> tuple[Tensor, Tensor]:
    slots = places.shape[1]
    distances = torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist")
    others = mask.unsqueeze(1) & ~torch.eye(slots, dtype=torch.bool, device=places.device)
    distances = functional.pad(distances.masked_fill(~others, torch.inf), (0, max(k - slots, 0)), value=torch.inf)
    found = distances.topk(k, 2, largest=False)
    exists = found.values < torch.inf
    return found.indices.masked_fill(~exists, 0), exists


def _by_trees(places: Tensor, mask: Tensor, k: int) -> tuple[Tensor, Tensor]:
    index = torch.zeros(*mask.shape, k, dtype=torch.int64)
    exists = torch.zeros(*mask.shape, k, dtype=torch.bool)
    # A training that diverges says so by its loss; a tree refuses what is not finite.
    rows = places.detach().cpu().double().nan_to_num().numpy()
    for row, slots in enumerate(mask.cpu().numpy()):
        (there,) = np.nonzero(slots)
        if len(there) > 1:
            few = min(k, len(there) - 1)
            found = torch.from_numpy(_others(rows[row, there], few))
            index[row, there, :few] = torch.from_numpy(there)[found]
            exists[row, there, :few] = True
    return index.to(places.device), exists.to(places.device)


def _others(places: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """The k nearest of each of n > k places (n, D), without itself: (n, k)."""
    from scipy.spatial import KDTree  # a second of every start, for what only large clouds need

    found = np.asarray(KDTree(places).query(places, k + 1)[1])
    # Of places in one spot the tree may name another first.
    itself = found == np.arange(len(places))[:, None]
    itself[:, -1] |= ~itself.any(1)
    return np.asarray(found[~itself].reshape(len(places), k), np.int64)
