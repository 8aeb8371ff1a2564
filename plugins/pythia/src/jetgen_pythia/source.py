"""Jets of one split, read from the shards by slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jetgen.data.clouds import Clouds
from jetgen.io.shards import ShardedSource

from jetgen_pythia.shards import Shard

__all__ = ["ShardedJets", "hardest"]


class ShardedJets(ShardedSource):
    """The first ``n`` jets of a stream, cut down to their ``particles`` hardest particles, without conditioning."""

    def __init__(self, shards: Sequence[Shard], n: int, particles: int) -> None:
        super().__init__(shards, n)
        self._particles = particles

    def read_shard(self, index: int) -> Clouds:
        """All jets of one shard, cut down."""
        return hardest(super().read_shard(index), self._particles)


def hardest(clouds: Clouds, particles: int) -> Clouds:
    """The leading ``particles`` points of each cloud, without conditioning."""
    return Clouds.from_multiplicities(
        clouds.points[clouds.ranks < particles], np.minimum(clouds.multiplicity, particles)
    )
