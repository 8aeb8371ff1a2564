"""Replay and independence: generators that keep the training clouds and resample them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

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

_Integers = NDArray[np.int64]
_BLOCK = 10_000
_SLOTS = 2**21
_POOLS = 500
_FILE = "train.h5"


class _Resampler(ABC):
    """The common part of both: the model is the training clouds, points in decreasing order of the leading feature.

    With categorical conditioning, only training clouds of the category that is asked for are resampled. With numbers
    as conditioning, the training clouds with the nearest numbers are resampled. Of clouds that answer true events, the
    answers to events of the same size are: nothing else of the event is used.
    """

    near: ClassVar[tuple[int, int]]
    """``(share, least)``: of N training clouds the nearest ``N // share``, but at least ``least``, are resampled."""

    def __init__(self, cloud_spec: CloudSpec, clouds: Clouds | None = None) -> None:
        self.cloud_spec = cloud_spec
        self.clouds = clouds

    @classmethod
    def create(cls, settings: ReferenceSettings, cloud_spec: CloudSpec) -> Self:
        """A resampler that has no clouds yet.

        Raises:
            UsageError: if there is conditioning beside conditioning clouds.
        """
        settings.require_fit(cls.__name__.lower(), cloud_spec)
        return cls(cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Keep the training clouds in memory.

        Raises:
            DataError: if there are none.
        """
        del val
        if len(train) == 0:
            msg = "there are no training clouds to keep"
            raise DataError(msg)
        step = max(1, min(_BLOCK, _SLOTS // self.cloud_spec.max_points))
        parts = [ordered(train[start : start + step], self.cloud_spec) for start in range(0, len(train), step)]
        self.clouds = Clouds.concatenate(parts)
        ctx.report("progress", done=1, total=1)
        return FitReport(parameters=0, steps=0)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """``conditions.n`` clouds.

        Raises:
            UsageError: before :meth:`fit`; or for a conditioning of another shape, a category that no training cloud
                has, or multiplicities that cannot be made.
        """
        if self.clouds is None:
            msg = f"{type(self).__name__.lower()} has no clouds; call fit before sample"
            raise UsageError(msg)
        rng, asked = ctx.rng("sampling"), self._asked(conditions)
        none = self.clouds[:0]
        rows, parts = [np.empty(0, np.int64)], [Clouds(none.points, none.offsets, none.conditioning)]
        groups = self._by_category(self.clouds, asked) if conditions.given is None else self._by_size(conditions)
        for chosen, train in groups:
            multiplicity = None if conditions.multiplicity is None else conditions.multiplicity[chosen]
            rows.append(chosen)
            if self._numbers:
                pools = self._nearest(train.conditioning, asked[chosen])
                made = self._resampled_near(train, pools, multiplicity, rng)
                parts.append(Clouds(made.points, made.offsets, asked[chosen]))
            else:
                parts.append(self._resampled(train, len(chosen), multiplicity, rng))
        return Clouds.concatenate(parts)[np.argsort(np.concatenate(rows))]

    def _asked(self, conditions: Conditions) -> NDArray[Any]:
        """The conditioning (n, C) of the request; C is 0 without conditioning."""
        columns = len(self.cloud_spec.conditioning)
        asked = np.empty((conditions.n, 0)) if conditions.conditioning is None else np.asarray(conditions.conditioning)
        answers = self.cloud_spec.given is not None
        if asked.shape != (conditions.n, columns) or (conditions.given is not None) != answers:
            wanted = f"conditioning of shape {(conditions.n, columns)}" if columns else "no conditioning"
            name, also = type(self).__name__.lower(), "conditioning clouds" if answers else "no conditioning clouds"
            msg = f"{name} resamples training clouds, which have {wanted} and {also}"
            raise UsageError(msg)
        return asked

    def _by_category(self, train: Clouds, asked: NDArray[Any]) -> Iterator[tuple[_Integers, Clouds]]:
        """For each category that is asked for, the rows of the request and the training clouds of the category."""
        categories = np.setdiff1d(np.arange(asked.shape[1]), self._numbers)
        if len(categories) == 0:
            yield np.arange(len(asked)), train
            return
        labels, which = np.unique(asked[:, categories], axis=0, return_inverse=True)
        for i, label in enumerate(labels):
            known = train[np.flatnonzero((train.conditioning[:, categories] == label).all(axis=1))]
            if len(known) == 0:
                msg = f"{type(self).__name__.lower()} has no training cloud with the conditioning {label.tolist()}"
                raise UsageError(msg)
            yield np.flatnonzero(which == i), known

    def _by_size(self, conditions: Conditions) -> Iterator[tuple[_Integers, Clouds]]:
        """The rows of the request and the answers to training events of as many points; at least not of more."""
        answers, given, event = self.clouds, conditions.given, conditions.event
        assert answers is not None
        assert answers.given is not None
        assert answers.event is not None
        assert given is not None
        assert event is not None
        known = answers.given.multiplicity[answers.event]
        sizes = np.unique(known)
        place = np.maximum(np.searchsorted(sizes, given.multiplicity[event], side="right") - 1, 0)
        bare = Clouds(answers.points, answers.offsets, answers.conditioning)
        for each in np.unique(place):
            yield np.flatnonzero(place == each), bare[np.flatnonzero(known == sizes[each])]

    @property
    def _numbers(self) -> list[int]:
        """The columns of the conditioning that are not categories."""
        return [i for i, feature in enumerate(self.cloud_spec.conditioning) if feature.nature != "categorical"]

    def _nearest(self, known: NDArray[np.float32], asked: NDArray[Any]) -> _Integers:
        """int64 (n, K): for each row of ``asked`` (n, C) the nearest rows of ``known`` (N, C), by its numbers.

        Distances are Euclidean, in units of the standard deviation of each number; of positive ones, of its logarithm.
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
    def _resampled(self, train: Clouds, n: int, multiplicity: _Integers | None, rng: np.random.Generator) -> Clouds:
        """``n`` clouds made from all of ``train``."""

    @abstractmethod
    def _resampled_near(
        self, train: Clouds, pools: _Integers, multiplicity: _Integers | None, rng: np.random.Generator
    ) -> Clouds:
        """A cloud for each row of ``pools`` int64 (n, K), made from the clouds of ``train`` at these rows."""

    def save(self, folder: Path) -> None:
        """Write the training clouds and their spec.

        Raises:
            UsageError: before :meth:`fit`.
        """
        if self.clouds is None:
            msg = f"{type(self).__name__.lower()} has no clouds; call fit before save"
            raise UsageError(msg)
        write_clouds(folder / _FILE, self.clouds, self.cloud_spec)
        write_json(folder / "model.json", {"generator": type(self).__name__.lower(), "clouds": _FILE})

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote; the device is ignored.

        Raises:
            DataError: if the file of clouds is missing or damaged.
        """
        del device
        with open_clouds(folder / _FILE) as file:
            return cls(file.spec, file[:])


class Replay(_Resampler):
    """Returns training clouds, each at most once as long as there are enough; beyond that with replacement.

    With a number as conditioning it returns one of the nearest training clouds, possibly more than once.
    """

    near = (1_000, 1)

    def _resampled(self, train: Clouds, n: int, multiplicity: _Integers | None, rng: np.random.Generator) -> Clouds:
        _refuse_multiplicity(multiplicity)
        return train[rng.choice(len(train), n, replace=n > len(train))]

    def _resampled_near(
        self, train: Clouds, pools: _Integers, multiplicity: _Integers | None, rng: np.random.Generator
    ) -> Clouds:
        _refuse_multiplicity(multiplicity)
        return train[pools[np.arange(len(pools)), rng.integers(pools.shape[1], size=len(pools))]]


def _refuse_multiplicity(multiplicity: _Integers | None) -> None:
    if multiplicity is not None:
        msg = "replay returns whole training clouds and cannot choose their multiplicity; ask for none"
        raise UsageError(msg)


class Independence(_Resampler):
    """Draws each feature of each point independently, from the training values of that feature at that rank.

    The multiplicity is that of a random training cloud, unless the conditions ask for one. The marginal distribution
    of every feature at every rank is right and nothing else is, not even the order: the leading feature at rank 2 may
    exceed that at rank 1. The points stay as they were drawn.
    """

    near = (200, 10)

    def _resampled(self, train: Clouds, n: int, multiplicity: _Integers | None, rng: np.random.Generator) -> Clouds:
        if multiplicity is None:
            multiplicity = train.multiplicity[rng.integers(len(train), size=n)]
        largest = int(train.multiplicity.max())
        _check_largest(multiplicity, largest)
        by_rank = train.points[np.argsort(train.ranks, kind="stable")]
        available = np.bincount(train.ranks, minlength=largest)
        first = np.cumsum(available) - available
        ranks = _ranks(multiplicity)
        columns = [by_rank[first[ranks] + rng.integers(available[ranks]), i] for i in range(train.n_features)]
        conditioning = np.repeat(train.conditioning[:1], n, axis=0)
        return Clouds.from_multiplicities(np.stack(columns, axis=1), multiplicity, conditioning)

    def _resampled_near(
        self, train: Clouds, pools: _Integers, multiplicity: _Integers | None, rng: np.random.Generator
    ) -> Clouds:
        # Sorted by multiplicity, so that the clouds of a pool that have a point of some rank are the last ones.
        pools = np.take_along_axis(pools, np.argsort(train.multiplicity[pools], axis=1, kind="stable"), axis=1)
        if multiplicity is None:
            chosen = pools[np.arange(len(pools)), rng.integers(pools.shape[1], size=len(pools))]
            multiplicity = train.multiplicity[chosen]
        parts = [np.empty((0, train.n_features), np.float32)]
        for start in range(0, len(pools), _POOLS):
            some = slice(start, start + _POOLS)
            parts.append(_points_from_pools(train, pools[some], multiplicity[some], rng))
        return Clouds.from_multiplicities(np.concatenate(parts), multiplicity)


def _points_from_pools(
    train: Clouds, pools: _Integers, multiplicity: _Integers, rng: np.random.Generator
) -> NDArray[np.float32]:
    """float32 (total, F): each feature of each point is that of a cloud of the pool, at the same rank.

    Arguments:
        pools: int64 (n, K), rows of ``train``, each pool sorted by multiplicity.
        multiplicity: int64 (n,), the number of points to draw from each pool.
    """
    sizes, width = train.multiplicity[pools], pools.shape[1]
    worst = int(np.argmax(multiplicity - sizes[:, -1])) if len(multiplicity) else 0
    _check_largest(multiplicity[worst : worst + 1], int(sizes[worst : worst + 1, -1].max(initial=0)))
    rows, ranks = np.repeat(np.arange(len(pools)), multiplicity), _ranks(multiplicity)
    # One sorted array of (row, size) pairs: the clouds of a pool that are too small for a rank by one search.
    step = int(sizes.max(initial=0)) + 1
    pairs = (np.arange(len(pools))[:, None] * step + sizes).reshape(-1)
    large_enough = (rows + 1) * width - np.searchsorted(pairs, rows * step + ranks, "right")
    columns = []
    for i in range(train.n_features):
        chosen = pools[rows, width - 1 - rng.integers(large_enough)]
        columns.append(train.points[train.offsets[chosen] + ranks, i])
    return np.stack(columns, axis=1)


def _ranks(multiplicity: _Integers) -> _Integers:
    """int64 (total,), the position of each point inside its cloud, from 0."""
    return np.arange(multiplicity.sum()) - np.repeat(np.cumsum(multiplicity) - multiplicity, multiplicity)


def _check_largest(multiplicity: _Integers, largest: int) -> None:
    if multiplicity.max(initial=0) > largest:
        msg = f"{multiplicity.max()} points are asked for; training clouds have up to {largest}"
        raise UsageError(msg)
