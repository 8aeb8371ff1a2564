"""Jets of one split, read from the shards by slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jetgen.data.clouds import Clouds

from jetgen_pythia.shards import SHARD, Shard

__all__ = ["ShardedJets", "hardest"]


class ShardedJets:
    """The first ``n`` jets of a stream, up to ``particles`` particles each; only the slice asked for is in memory.

    Every shard that is read is checked; one that is damaged is a :class:`jetgen.errors.DataError`.
    """

    def __init__(self, shards: Sequence[Shard], n: int, particles: int) -> None:
        self._shards = shards
        self._n = n
        self._particles = particles
        self._last: tuple[int, Clouds] | None = None

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, key: slice) -> Clouds:
        rows = range(*key.indices(self._n))
        if not rows:
            return Clouds(np.empty((0, 3)), [0])
        first, last = min(rows), max(rows)
        parts = [self._shard(index) for index in range(first // SHARD, last // SHARD + 1)]
        start = first // SHARD * SHARD
        clouds = Clouds.concatenate(parts)[first - start : last + 1 - start]
        return clouds if rows.step == 1 else clouds[np.asarray(rows) - first]

    def _shard(self, index: int) -> Clouds:
        """One shard. The last one is remembered: small slices in a row read it once."""
        if self._last is None or self._last[0] != index:
            self._last = (index, hardest(self._shards[index].read(), self._particles))
        return self._last[1]


def hardest(clouds: Clouds, particles: int) -> Clouds:
    """The leading ``particles`` points of each cloud, without conditioning."""
    offsets = np.concatenate([[0], np.cumsum(np.minimum(clouds.multiplicity, particles))])
    return Clouds(clouds.points[clouds.ranks < particles], offsets)
