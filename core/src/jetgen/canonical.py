"""One order of the points of a cloud, so that equal sets are equal arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.cloud_spec import CloudSpec
from jetgen.clouds import Clouds

__all__ = ["leading_feature", "ordered"]


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
