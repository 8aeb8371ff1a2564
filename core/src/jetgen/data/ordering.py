"""One order of the points of a cloud, so that equal sets are equal arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec

__all__ = ["leading_feature", "leading_points", "ordered"]

_PLACES = 2**20  # of a padded array: clouds are cut in parts of about so many


def leading_feature(spec: CloudSpec) -> int:
    """The column that ranks the points: ``ptrel`` if there is one, else the first positive feature, else the first."""
    if "ptrel" in spec.names:
        return spec.index("ptrel")
    positive = [i for i, feature in enumerate(spec.features) if feature.nature == "positive"]
    return positive[0] if positive else 0


def ordered(clouds: Clouds, spec: CloudSpec) -> Clouds:
    """The same clouds with the points of each in falling order of the leading feature; the others break ties.

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
    """The first ``most`` points of each :func:`ordered` cloud; of large clouds sooner had than by sorting.

    >>> from jetgen import Feature
    >>> spec = CloudSpec("jets", (Feature("ptrel"),), 3)
    >>> leading_points(Clouds([[0.25], [0.75], [0.5]], [0, 2, 3]), spec, 1).points.tolist()
    [[0.75], [0.5]]
    """
    if clouds.multiplicity.max(initial=0) > 2 * most:
        clouds = _without_the_rest(clouds, leading_feature(spec), most)
    clouds = ordered(clouds, spec)
    offsets = np.concatenate([[0], np.cumsum(np.minimum(clouds.multiplicity, most))])
    return Clouds(clouds.points[clouds.ranks < most], offsets, clouds.conditioning, clouds.given, clouds.event)


def _without_the_rest(clouds: Clouds, leading: int, most: int) -> Clouds:
    """The clouds without the points that are below the one of rank ``most``."""
    step = max(1, _PLACES // int(clouds.multiplicity.max()))
    kept, counts = [], []
    for start in range(0, len(clouds), step):
        part = clouds[start : start + step]
        padded = np.full((len(part), max(most, int(part.multiplicity.max(initial=0)))), -np.inf, np.float32)
        padded[part.rows, part.ranks] = part.points[:, leading]
        lowest = np.partition(padded, -most, axis=1)[:, -most]
        chosen = part.points[:, leading] >= lowest[part.rows]
        kept.append(part.points[chosen])
        counts.append(np.bincount(part.rows[chosen], minlength=len(part)))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    return Clouds(np.concatenate(kept), offsets, clouds.conditioning, clouds.given, clouds.event)
