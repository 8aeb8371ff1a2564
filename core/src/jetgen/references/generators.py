"""Replay and independence: generators that keep the training clouds and resample them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jetgen.atomic import write_json
from jetgen.canonical import ordered
from jetgen.cloud_spec import CloudSpec
from jetgen.clouds import Clouds
from jetgen.conditions import Conditions
from jetgen.context import RunContext
from jetgen.errors import DataError, UsageError
from jetgen.files import open_clouds, write_clouds
from jetgen.protocols import CloudSource, FitReport
from jetgen.references.settings import ReferenceSettings

__all__ = ["Independence", "Replay"]

_BLOCK = 10_000
_FILE = "train.h5"


class _Resampler(ABC):
    """What both share: the model is the training clouds, points in falling order of the leading feature.

    Of clouds with categories as context, those of the category that is asked for are resampled by themselves.
    """

    def __init__(self, cloud_spec: CloudSpec, clouds: Clouds | None = None) -> None:
        self.cloud_spec = cloud_spec
        self.clouds = clouds

    @classmethod
    def create(cls, settings: ReferenceSettings, cloud_spec: CloudSpec) -> Self:
        """A resampler that has no clouds yet.

        Raises:
            UsageError: if the clouds have a given set, or context other than categories.
        """
        reason = settings.unsuitable(cloud_spec)
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
        parts = [ordered(train[start : start + _BLOCK], self.cloud_spec) for start in range(0, len(train), _BLOCK)]
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
        for chosen, train in self._by_context(self.clouds, conditions):
            counts = None if conditions.counts is None else conditions.counts[chosen]
            rows.append(chosen)
            parts.append(self._resampled(train, len(chosen), counts, rng))
        return Clouds.concatenate(parts)[np.argsort(np.concatenate(rows))]

    def _by_context(self, train: Clouds, conditions: Conditions) -> Iterator[tuple[NDArray[np.int64], Clouds]]:
        """For each context that is asked for, the rows that ask and the training clouds that have it."""
        name, columns = type(self).__name__.lower(), train.context.shape[1]
        asked = np.empty((conditions.n, 0)) if conditions.context is None else np.asarray(conditions.context)
        if asked.shape != (conditions.n, columns) or conditions.given is not None:
            wanted = f"context of shape {(conditions.n, columns)}" if columns else "no context"
            msg = f"{name} resamples training clouds, which answer {wanted} and no given set"
            raise UsageError(msg)
        if columns == 0:
            yield np.arange(conditions.n), train
            return
        labels, which = np.unique(asked, axis=0, return_inverse=True)
        for i, label in enumerate(labels):
            known = train[np.flatnonzero((train.context == label).all(axis=1))]
            if len(known) == 0:
                msg = f"{name} has no training cloud with the context {label.tolist()}"
                raise UsageError(msg)
            yield np.flatnonzero(which == i), known

    @abstractmethod
    def _resampled(
        self, train: Clouds, n: int, counts: NDArray[np.int64] | None, rng: np.random.Generator
    ) -> Clouds: ...

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
    """Hands training clouds back, none twice as long as there are enough; beyond that with replacement."""

    def _resampled(self, train: Clouds, n: int, counts: NDArray[np.int64] | None, rng: np.random.Generator) -> Clouds:
        if counts is not None:
            msg = "replay hands whole training clouds back and cannot choose their number of points"
            raise UsageError(msg)
        return train[rng.choice(len(train), n, replace=n > len(train))]


class Independence(_Resampler):
    """Draws each feature of each point by itself, from the training values of that feature at that rank.

    The multiplicity is that of a random training cloud, unless the conditions say. The marginal distribution of every
    feature at every rank is right and nothing else is: not even the order, since the leading feature at rank 2 may
    come out above that at rank 1. The points are left as they were drawn.
    """

    def _resampled(self, train: Clouds, n: int, counts: NDArray[np.int64] | None, rng: np.random.Generator) -> Clouds:
        if counts is None:
            counts = train.counts[rng.integers(len(train), size=n)]
        largest = int(train.counts.max())
        if counts.max(initial=0) > largest:
            msg = f"{counts.max()} points are asked for; training clouds have up to {largest}"
            raise UsageError(msg)
        by_rank = train.points[np.argsort(train.ranks, kind="stable")]
        available = np.bincount(train.ranks, minlength=largest)
        first = np.cumsum(available) - available
        offsets = np.concatenate([[0], np.cumsum(counts)])
        ranks = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        columns = [by_rank[first[ranks] + rng.integers(available[ranks]), i] for i in range(train.n_features)]
        return Clouds(np.stack(columns, axis=1), offsets, np.repeat(train.context[:1], n, axis=0))
