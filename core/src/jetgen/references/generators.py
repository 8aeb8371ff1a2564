"""Replay and independence: generators that keep the training clouds and resample them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, FitReport
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.ordering import ordered
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError
from jetgen.io.atomic import write_json
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from jetgen.references.settings import ReferenceSettings

__all__ = ["Independence", "Replay"]

_BLOCK = 10_000
_PLACES = 2**21
_POOLS = 500
_FILE = "train.h5"


class _Resampler(ABC):
    """What both share: the model is the training clouds, points in falling order of the leading feature.

    Of clouds with categories as conditioning, those of the category that is asked for are resampled by themselves; of
    clouds with numbers as conditioning, for each number that is asked for the nearest training clouds.
    """

    near: ClassVar[tuple[int, int]]
    """The training clouds that answer a number: one in so many of them, but at least so many."""

    def __init__(self, cloud_spec: CloudSpec, clouds: Clouds | None = None) -> None:
        self.cloud_spec = cloud_spec
        self.clouds = clouds

    @classmethod
    def create(cls, settings: ReferenceSettings, cloud_spec: CloudSpec) -> Self:
        """A resampler that has no clouds yet.

        Raises:
            UsageError: if the clouds have a given set.
        """
        reason = settings.incompatibility(cloud_spec)
        if reason is not None:
            msg = f"{cls.__name__.lower()} does not fit these clouds: {reason}"
            raise UsageError(msg)
        return cls(cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Keep the training clouds, in memory."""
        del val
        if len(train) == 0:
            msg = "there are no training clouds to keep"
            raise DataError(msg)
        step = max(1, min(_BLOCK, _PLACES // self.cloud_spec.max_points))
        parts = [ordered(train[start : start + step], self.cloud_spec) for start in range(0, len(train), step)]
        self.clouds = Clouds.concatenate(parts)
        ctx.report("progress", done=1, total=1)
        return FitReport(parameters=0, steps=0)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """``conditions.n`` clouds.

        Raises:
            UsageError: before :meth:`fit`, or for a condition that no training cloud answers.
        """
        if self.clouds is None:
            msg = f"{type(self).__name__.lower()} has no clouds; call fit before sample"
            raise UsageError(msg)
        rng = ctx.rng("sampling")
        rows, parts = [np.empty(0, np.int64)], [self.clouds[:0]]
        for chosen, train in self._by_category(self.clouds, conditions):
            counts = None if conditions.multiplicity is None else conditions.multiplicity[chosen]
            rows.append(chosen)
            if conditions.conditioning is None or not self._numbers:
                parts.append(self._resampled(train, len(chosen), counts, rng))
            else:
                asked = np.asarray(conditions.conditioning)[chosen]
                answer = self._resampled_near(train, self._nearest(train.conditioning, asked), counts, rng)
                parts.append(Clouds(answer.points, answer.offsets, asked))
        return Clouds.concatenate(parts)[np.argsort(np.concatenate(rows))]

    def _by_category(self, train: Clouds, conditions: Conditions) -> Iterator[tuple[NDArray[np.int64], Clouds]]:
        """For each category that is asked for, the rows that ask and the training clouds that have it."""
        name, columns = type(self).__name__.lower(), train.conditioning.shape[1]
        asked = np.empty((conditions.n, 0)) if conditions.conditioning is None else np.asarray(conditions.conditioning)
        if asked.shape != (conditions.n, columns) or conditions.given is not None:
            wanted = f"conditioning of shape {(conditions.n, columns)}" if columns else "no conditioning"
            msg = f"{name} resamples training clouds, which answer {wanted} and no given set"
            raise UsageError(msg)
        categories = np.setdiff1d(np.arange(columns), self._numbers)
        if len(categories) == 0:
            yield np.arange(conditions.n), train
            return
        labels, which = np.unique(asked[:, categories], axis=0, return_inverse=True)
        for i, label in enumerate(labels):
            known = train[np.flatnonzero((train.conditioning[:, categories] == label).all(axis=1))]
            if len(known) == 0:
                msg = f"{name} has no training cloud with the conditioning {label.tolist()}"
                raise UsageError(msg)
            yield np.flatnonzero(which == i), known

    @property
    def _numbers(self) -> list[int]:
        """The columns of the conditioning that are not categories."""
        return [i for i, feature in enumerate(self.cloud_spec.conditioning) if feature.nature != "categorical"]

    def _nearest(self, known: NDArray[np.float32], asked: NDArray[np.float32]) -> NDArray[np.int64]:
        """int64 (n, K): for each row asked for the rows known that are nearest in its numbers.

        Each number in units of its spread; one that is positive, its logarithm.
        """
        sides = [np.asarray(side, np.float64)[:, self._numbers] for side in (known, asked)]
        for i, column in enumerate(self._numbers):
            if self.cloud_spec.conditioning[column].nature == "positive":
                for side in sides:
                    side[:, i] = np.log(np.maximum(side[:, i], np.finfo(np.float32).tiny))
        spread = sides[0].std(axis=0)
        spread[spread == 0] = 1.0
        share, least = self.near
        neighbours = min(len(known), max(least, len(known) // share))
        _, found = cKDTree(sides[0] / spread).query(sides[1] / spread, np.arange(1, neighbours + 1))
        return np.asarray(found, np.int64)

    @abstractmethod
    def _resampled(self, train: Clouds, n: int, counts: NDArray[np.int64] | None, rng: np.random.Generator) -> Clouds:
        """``n`` clouds made of any of the training clouds."""

    @abstractmethod
    def _resampled_near(
        self, train: Clouds, pools: NDArray[np.int64], counts: NDArray[np.int64] | None, rng: np.random.Generator
    ) -> Clouds:
        """A cloud for each row of ``pools`` (n, K), made of the training clouds whose numbers stand there."""

    def save(self, folder: Path) -> None:
        """Write the clouds and what they are the model of."""
        if self.clouds is None:
            msg = f"{type(self).__name__.lower()} has no clouds; call fit before save"
            raise UsageError(msg)
        write_clouds(folder / _FILE, self.clouds, self.cloud_spec)
        write_json(folder / "model.json", {"generator": type(self).__name__.lower(), "clouds": _FILE})

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote; NumPy needs no device."""
        del device
        with open_clouds(folder / _FILE) as file:
            return cls(file.spec, file[:])


class Replay(_Resampler):
    """Hands training clouds back, none twice as long as there are enough; beyond that with replacement.

    For a number as conditioning it hands back one of the few clouds that are nearest, and may do so twice.
    """

    near = (1_000, 1)

    def _resampled(self, train: Clouds, n: int, counts: NDArray[np.int64] | None, rng: np.random.Generator) -> Clouds:
        _refuse_multiplicity(counts)
        return train[rng.choice(len(train), n, replace=n > len(train))]

    def _resampled_near(
        self, train: Clouds, pools: NDArray[np.int64], counts: NDArray[np.int64] | None, rng: np.random.Generator
    ) -> Clouds:
        _refuse_multiplicity(counts)
        return train[pools[np.arange(len(pools)), rng.integers(pools.shape[1], size=len(pools))]]


def _refuse_multiplicity(counts: NDArray[np.int64] | None) -> None:
    if counts is not None:
        msg = "replay hands whole training clouds back and cannot choose their number of points"
        raise UsageError(msg)


class Independence(_Resampler):
    """Draws each feature of each point by itself, from the training values of that feature at that rank.

    The multiplicity is that of a random training cloud, unless the conditions say. The marginal distribution of every
    feature at every rank is right and nothing else is: not even the order, since the leading feature at rank 2 may
    come out above that at rank 1. The points are left as they were drawn.
    """

    near = (200, 10)

    def _resampled(self, train: Clouds, n: int, counts: NDArray[np.int64] | None, rng: np.random.Generator) -> Clouds:
        if counts is None:
            counts = train.multiplicity[rng.integers(len(train), size=n)]
        largest = int(train.multiplicity.max())
        _check_largest(counts, largest)
        by_rank = train.points[np.argsort(train.ranks, kind="stable")]
        available = np.bincount(train.ranks, minlength=largest)
        first = np.cumsum(available) - available
        offsets = np.concatenate([[0], np.cumsum(counts)])
        ranks = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        columns = [by_rank[first[ranks] + rng.integers(available[ranks]), i] for i in range(train.n_features)]
        return Clouds(np.stack(columns, axis=1), offsets, np.repeat(train.conditioning[:1], n, axis=0))

    def _resampled_near(
        self, train: Clouds, pools: NDArray[np.int64], counts: NDArray[np.int64] | None, rng: np.random.Generator
    ) -> Clouds:
        # In rising order of size, so that the clouds of a pool that reach a rank are the last ones.
        pools = np.take_along_axis(pools, np.argsort(train.multiplicity[pools], axis=1, kind="stable"), axis=1)
        if counts is None:
            counts = train.multiplicity[pools[np.arange(len(pools)), rng.integers(pools.shape[1], size=len(pools))]]
        parts = [np.empty((0, train.n_features), np.float32)]
        for start in range(0, len(pools), _POOLS):
            some = slice(start, start + _POOLS)
            parts.append(_drawn(train, pools[some], counts[some], rng))
        return Clouds(np.concatenate(parts), np.concatenate([[0], np.cumsum(counts)]))


def _drawn(
    train: Clouds, pools: NDArray[np.int64], counts: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Points (total, F), each feature from a cloud of the pool that has the rank; pools in rising order of size."""
    sizes, width = train.multiplicity[pools], pools.shape[1]
    worst = int(np.argmax(counts - sizes[:, -1])) if len(counts) else 0
    _check_largest(counts[worst : worst + 1], int(sizes[worst : worst + 1, -1].max(initial=0)))
    rows = np.repeat(np.arange(len(pools)), counts)
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    step = int(sizes.max(initial=0)) + 1
    shorter = np.searchsorted((np.arange(len(pools))[:, None] * step + sizes).reshape(-1), rows * step + ranks, "right")
    reaching = (rows + 1) * width - shorter
    columns = []
    for i in range(train.n_features):
        chosen = pools[rows, width - 1 - rng.integers(reaching)]
        columns.append(train.points[train.offsets[chosen] + ranks, i])
    return np.stack(columns, axis=1)


def _check_largest(counts: NDArray[np.int64], largest: int) -> None:
    if counts.max(initial=0) > largest:
        msg = f"{counts.max()} points are asked for; training clouds have up to {largest}"
        raise UsageError(msg)
