"""Novelty: whether generated clouds are new, or copies of training clouds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import CloudSource, MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.ordering import leading_points
from jetgen.errors import DataError

__all__ = ["Novelty"]

_CLOUDS = 2_000
_POINTS = 150
_BLOCK = 2_000
_COPY = 1e-3


_Vectors = Callable[[Clouds], NDArray[np.float32]]


class Novelty(CloudMetric):
    """``novelty``: the distance of generated clouds to the nearest training cloud, over that of test clouds.

    A cloud becomes a vector: its points in descending order of the leading feature (``ptrel``), each feature
    standardised over the training points, empty slots 0. The value is the median Euclidean distance from a generated
    cloud to its nearest training cloud, divided by the same for test clouds. It is 1 for clouds as new as the truth
    and 0 for copies. A bad model is far from everything and has more than 1, so the metric is never ranked.

    ``novelty_copies`` is the fraction of generated clouds with a training cloud nearer than a thousandth of that
    median test distance: 1 for a replay in any order of the points, 0 for new clouds. (In one dimension some true
    clouds are as near by chance; the floor shows how many.)

    At most 2,000 clouds of each side, chosen by ``ctx.rng("metric")``, are compared with *all* training clouds, so a
    model that memorised a few of them is found. Of larger clouds the 150 leading points are used.
    """

    _known: tuple[CloudSource, int, _Vectors, list[NDArray[np.float32]]] | None = None

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The ratio of the medians, and the fraction of copies.

        Raises:
            DataError: if there are no training clouds or no points in them, or most test clouds are copies of them.
        """
        if ctx.train is None or len(ctx.train) == 0:
            msg = "novelty needs the training clouds; there are none"
            raise DataError(msg)
        rng = ctx.rng("metric")
        chosen = [side[np.sort(rng.permutation(len(side))[:_CLOUDS])] for side in (real, fake)]
        largest = max(self.cloud_spec.max_points, *(int(side.multiplicity.max(initial=1)) for side in chosen))
        vectors, known = self._training(ctx.train, min(_POINTS, largest))
        queries = np.concatenate([vectors(side) for side in chosen])
        distances = _nearest(queries, known)
        truth, made = distances[: len(chosen[0])], distances[len(chosen[0]) :]
        unit = float(np.median(truth))
        if unit == 0.0:
            msg = "most test clouds are copies of training clouds themselves: novelty needs test clouds that are new"
            raise DataError(msg)
        return Measurement(float(np.median(made)) / unit, {"novelty_copies": float(np.mean(made < _COPY * unit))})

    def _training(self, train: CloudSource, slots: int) -> tuple[_Vectors, list[NDArray[np.float32]]]:
        """The map from clouds to vectors, and blocks of the vectors of the training clouds; computed once."""
        if self._known is None or self._known[0] is not train or self._known[1] != slots:
            centre, spread = _moments(train)

            def vectors(clouds: Clouds) -> NDArray[np.float32]:
                return _vectors(leading_points(clouds, self.cloud_spec, slots), centre, spread, slots)

            self._known = train, slots, vectors, [vectors(block) for block in _blocks(train)]
        return self._known[2:]


def _blocks(source: CloudSource) -> Iterator[Clouds]:
    for start in range(0, len(source), _BLOCK):
        yield source[start : start + _BLOCK]


def _moments(source: CloudSource) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each feature over all points; 1 instead of the latter for a constant feature."""
    moments = np.zeros((3, source[:1].n_features))
    for block in _blocks(source):
        points = block.points.astype(np.float64)
        moments += [np.full(points.shape[1], len(points)), points.sum(axis=0), (points * points).sum(axis=0)]
    total, first, second = moments
    if total[0] == 0:
        msg = "the training clouds have no points"
        raise DataError(msg)
    mean = first / total
    spread = np.sqrt(np.maximum(second / total - mean * mean, 0.0))
    # A smaller standard deviation of float32 values is rounding.
    return mean, np.where(spread > 1e-6 * np.abs(mean), spread, 1.0)


def _vectors(
    clouds: Clouds, centre: NDArray[np.float64], spread: NDArray[np.float64], slots: int
) -> NDArray[np.float32]:
    array = np.zeros((len(clouds), slots, clouds.n_features), np.float32)
    array[clouds.rows, clouds.ranks] = (clouds.points - centre) / spread
    return array.reshape(len(clouds), -1)


def _nearest(queries: NDArray[np.float32], blocks: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
    """The distance from each query to the nearest of the vectors in the blocks.

    The search expands the squares, |q|^2 - 2 q.v + |v|^2, which is fast but imprecise for small distances. The distance
    to the neighbour found is then computed from the difference itself, so a copy has exactly 0.
    """
    best = np.full(len(queries), np.inf, np.float32)
    neighbours = np.zeros_like(queries)
    for block in blocks:
        squares = (block * block).sum(axis=1) - 2.0 * (queries @ block.T)
        nearest = squares.argmin(axis=1)
        found = squares[np.arange(len(queries)), nearest]
        better = found < best
        best[better] = found[better]
        neighbours[better] = block[nearest[better]]
    difference = queries.astype(np.float64) - neighbours
    return np.asarray(np.sqrt((difference * difference).sum(axis=1)))
