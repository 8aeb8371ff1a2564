"""Clouds as vectors, and the nearest of many vectors: the search of ``novelty`` and ``memorising``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.api.protocols import CloudSource
from jetgen.data.clouds import Clouds
from jetgen.data.ordering import leading_points
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError

__all__ = ["Embedding", "TrainingVectors", "nearest"]

_POINTS = 150
_BLOCK = 2_000  # clouds of a training file at a time
_TILE = 500  # vectors of either side at a time: their products stay in the cache of the processor


@dataclass(frozen=True)
class Embedding:
    """The map from clouds to vectors.

    The points of a cloud stand in descending order of the leading feature (``ptrel``), each feature standardised over
    the training points, empty slots 0. Of larger clouds the leading points are used.
    """

    spec: CloudSpec
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    slots: int

    def __call__(self, clouds: Clouds) -> NDArray[np.float32]:
        """float32 (N, slots x features), the vector of each cloud."""
        clouds = leading_points(clouds, self.spec, self.slots)
        array = np.zeros((len(clouds), self.slots, clouds.n_features), np.float32)
        array[clouds.rows, clouds.ranks] = (clouds.points - self.centre) / self.spread
        return array.reshape(len(clouds), self.slots * clouds.n_features)


class TrainingVectors:
    """The vectors of the training clouds and the map that made them, kept as long as the training clouds are the same.

    Arguments:
        metric: the name that errors begin with.
        spec: features of the clouds.
    """

    def __init__(self, metric: str, spec: CloudSpec) -> None:
        self._metric, self._spec = metric, spec
        self._known: tuple[CloudSource, Embedding, NDArray[np.float32]] | None = None

    def of(self, train: CloudSource | None, *clouds: Clouds) -> tuple[Embedding, NDArray[np.float32]]:
        """The map, with room for the largest of ``clouds`` (150 points at most), and the training vectors (N, D).

        More room than a cloud needs leaves all distances as they are.

        Raises:
            DataError: if there are no training clouds or no points in them.
        """
        if train is None or len(train) == 0:
            msg = f"{self._metric} needs the training clouds; there are none"
            raise DataError(msg)
        largest = max([self._spec.max_points, *map(_largest, clouds)])
        if self._known is None or self._known[0] is not train or self._known[1].slots < min(_POINTS, largest):
            slots = min(_POINTS, max(largest, *(_largest(block) for _, block in _blocks(train))))
            embed = Embedding(self._spec, *_moments(train), slots)
            vectors = np.empty((len(train), slots * train[:1].n_features), np.float32)
            for start, block in _blocks(train):
                vectors[start : start + len(block)] = embed(block)
            self._known = train, embed, vectors
        return self._known[1:]


def _blocks(source: CloudSource) -> Iterator[tuple[int, Clouds]]:
    for start in range(0, len(source), _BLOCK):
        yield start, source[start : start + _BLOCK]


def _largest(clouds: Clouds) -> int:
    return int(clouds.multiplicity.max(initial=1))


def _moments(source: CloudSource) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each feature over all points; 1 instead of the latter for a constant feature."""
    moments = np.zeros((3, source[:1].n_features))
    for _, block in _blocks(source):
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


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The Euclidean distance from each query (M, D) to the nearest of the vectors (N, D), and which one that is.

    The search compares |v|^2 - 2 q.v, which is fast but imprecise for small distances. The distance to the neighbour
    found is then computed from the difference itself, so a copy has exactly 0. Pairs are searched in blocks, so memory
    grows with M + N and not with M x N.
    """
    # One matrix product of longer vectors gives the sum: (-2 q, 1) . (v, |v|^2).
    targets = np.column_stack([vectors, (vectors * vectors).sum(axis=1)])
    found = np.zeros(len(queries), np.int64)
    distances = np.zeros(len(queries))
    for start in range(0, len(queries), _TILE):
        part = queries[start : start + _TILE]
        chosen = _search(np.column_stack([-2.0 * part, np.ones(len(part), np.float32)]), targets)
        difference = part.astype(np.float64) - vectors[chosen]
        found[start : start + _TILE] = chosen
        distances[start : start + _TILE] = np.sqrt((difference * difference).sum(axis=1))
    return distances, found


def _search(queries: NDArray[np.float32], targets: NDArray[np.float32]) -> NDArray[np.int64]:
    """The index of the target with the smallest scalar product, for each query."""
    lowest = np.full(len(queries), np.inf, np.float32)
    found = np.zeros(len(queries), np.int64)
    for start in range(0, len(targets), _TILE):
        products = queries @ targets[start : start + _TILE].T
        candidates = products.argmin(axis=1)
        values = products[np.arange(len(queries)), candidates]
        better = values < lowest
        lowest[better] = values[better]
        found[better] = start + candidates[better]
    return found
