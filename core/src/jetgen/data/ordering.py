"""The canonical order of the points of a cloud: equal sets of points become equal arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec

__all__ = ["leading_feature", "leading_points", "ordered"]

_SLOTS = 2**20  # of one padded array: large samples are handled in parts


def leading_feature(spec: CloudSpec) -> int:
    """The column that ranks the points: ``ptrel`` if there is one, else the first positive feature, else the first."""
    if "ptrel" in spec.names:
        return spec.index("ptrel")
    positive = [i for i, feature in enumerate(spec.features) if feature.nature == "positive"]
    return positive[0] if positive else 0


def ordered(clouds: Clouds, spec: CloudSpec) -> Clouds:
    """The same clouds, with the points of each in decreasing order of the leading feature; the others break ties.

    >>> from jetgen import Feature
    >>> spec = CloudSpec("jets", (Feature("etarel"), Feature("ptrel")), 3)
    >>> ordered(Clouds([[0.0, 0.25], [0.5, 0.75]], [0, 2]), spec).points.tolist()
    [[0.5, 0.75], [0.0, 0.25]]
    """
    leading = leading_feature(spec)
    keys: list[NDArray[Any]] = [clouds.points[:, i] for i in range(clouds.n_features) if i != leading]
    order = np.lexsort([*keys, -clouds.points[:, leading], clouds.rows])
    return clouds.with_points(clouds.points[order])


def leading_points(clouds: Clouds, spec: CloudSpec, most: int) -> Clouds:
    """The first ``most`` points of each :func:`ordered` cloud, without sorting the rest of large clouds.

    >>> from jetgen import Feature
    >>> spec = CloudSpec("jets", (Feature("ptrel"),), 3)
    >>> leading_points(Clouds([[0.25], [0.75], [0.5]], [0, 2, 3]), spec, 1).points.tolist()
    [[0.75], [0.5]]
    """
    if clouds.multiplicity.max(initial=0) > 2 * most:
        clouds = _above_rank(clouds, leading_feature(spec), most)
    clouds = ordered(clouds, spec)
    return _selected(clouds, clouds.ranks < most)


def _above_rank(clouds: Clouds, leading: int, most: int) -> Clouds:
    """The clouds without the points whose leading feature is below that of the point of rank ``most``."""
    step = max(1, _SLOTS // int(clouds.multiplicity.max()))
    chosen = []
    for start in range(0, len(clouds), step):
        part = clouds[start : start + step]
        padded = np.full((len(part), max(most, int(part.multiplicity.max(initial=0)))), -np.inf, np.float32)
        padded[part.rows, part.ranks] = part.points[:, leading]
        lowest = np.partition(padded, -most, axis=1)[:, -most]
        chosen.append(part.points[:, leading] >= lowest[part.rows])
    return _selected(clouds, np.concatenate(chosen))


def _selected(clouds: Clouds, chosen: NDArray[np.bool_]) -> Clouds:
    """The clouds with the chosen points (total,) only."""
    multiplicity = np.bincount(clouds.rows[chosen], minlength=len(clouds))
    return Clouds.from_multiplicities(
        clouds.points[chosen], multiplicity, clouds.conditioning, clouds.given, clouds.event, clouds.weights
    )
