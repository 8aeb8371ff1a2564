"""Random splits in which clouds of similar conditioning are spread evenly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec

__all__ = ["strata", "stratified_permutation"]


def strata(clouds: Clouds, spec: CloudSpec) -> NDArray[np.int64] | None:
    """int64 (N,), the number of the stratum of each cloud: clouds of one stratum have nearly the same conditioning.

    Clouds that answer the same conditioning cloud are a stratum. Of other clouds each combination of categories is one,
    and continuous conditioning is cut at its quantiles, so finely that there are about as many strata as clouds in a
    stratum. None without conditioning.
    """
    if clouds.event is not None and len(clouds):
        return np.unique(clouds.event, return_inverse=True)[1].astype(np.int64)
    if not spec.conditioning or clouds.conditioning.shape[1] != len(spec.conditioning) or len(clouds) == 0:
        return None
    groups = np.zeros(len(clouds), np.int64)
    numbers = [i for i, feature in enumerate(spec.conditioning) if feature.nature != "categorical"]
    for i in set(range(len(spec.conditioning))) - set(numbers):
        groups = _subdivided(groups, clouds.conditioning[:, i])
    parts = max(1, int((math.sqrt(len(clouds)) / (groups.max() + 1)) ** (1 / max(1, len(numbers)))))
    for i in numbers:
        edges = np.quantile(clouds.conditioning[:, i], np.arange(1, parts) / parts)
        groups = _subdivided(groups, np.searchsorted(edges, clouds.conditioning[:, i], side="right"))
    return groups


def _subdivided(groups: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.int64]:
    """The groups, each cut further by the distinct values."""
    _, which = np.unique(values, return_inverse=True)
    return np.unique(groups * (which.max() + 1) + which, return_inverse=True)[1].astype(np.int64)


def stratified_permutation(n: int, groups: NDArray[np.int64] | None, rng: np.random.Generator) -> NDArray[np.int64]:
    """int64 (n,), a random order of 0 to n - 1 in which every contiguous part has the strata in the same shares.

    Arguments:
        n: how many numbers.
        groups: int64 (n,), the stratum of each; None for a plain permutation.
        rng: the source of randomness.
    """
    order = rng.permutation(n)
    if groups is None:
        return order
    members = groups[order]
    sizes = np.bincount(members)
    by_group = np.argsort(members, kind="stable")
    rank = np.empty(n, np.int64)
    rank[by_group] = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[np.argsort((rank + 0.5) / sizes[members], kind="stable")]
