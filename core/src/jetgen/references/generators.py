"""Replay and independence: generators that keep the training clouds and resample them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import numpy as np

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
    """What both share: the model is the training clouds, points in falling order of the leading feature."""

    def __init__(self, cloud_spec: CloudSpec, clouds: Clouds | None = None) -> None:
        self.cloud_spec = cloud_spec
        self.clouds = clouds

    @classmethod
    def create(cls, settings: ReferenceSettings, cloud_spec: CloudSpec) -> Self:
        """A resampler that has no clouds yet.

        Raises:
            UsageError: if the clouds have context or a given set.
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
            UsageError: before :meth:`fit`, or for a condition that resampling cannot answer.
        """
        if self.clouds is None:
            msg = f"{type(self).__name__.lower()} has no clouds; call fit before sample"
            raise UsageError(msg)
        if conditions.context is not None or conditions.given is not None:
            msg = f"{type(self).__name__.lower()} resamples training clouds, which cannot answer a context or given set"
            raise UsageError(msg)
        return self._resampled(self.clouds, conditions, ctx.rng("sampling"))

    @abstractmethod
    def _resampled(self, train: Clouds, conditions: Conditions, rng: np.random.Generator) -> Clouds: ...

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

    def _resampled(self, train: Clouds, conditions: Conditions, rng: np.random.Generator) -> Clouds:
        if conditions.counts is not None:
            msg = "replay hands whole training clouds back and cannot choose their number of points"
            raise UsageError(msg)
        return train[rng.choice(len(train), conditions.n, replace=conditions.n > len(train))]


class Independence(_Resampler):
    """Draws each feature of each point by itself, from the training values of that feature at that rank.

    The multiplicity is that of a random training cloud, unless the conditions say. The marginal distribution of every
    feature at every rank is right and nothing else is: not even the order, since the leading feature at rank 2 may
    come out above that at rank 1. The points are left as they were drawn.
    """

    def _resampled(self, train: Clouds, conditions: Conditions, rng: np.random.Generator) -> Clouds:
        counts = conditions.counts
        if counts is None:
            counts = train.counts[rng.integers(len(train), size=conditions.n)]
        largest = int(train.counts.max())
        if counts.max(initial=0) > largest:
            msg = (
                f"{counts.max()} points are asked for at index {counts.argmax()}; training clouds have up to {largest}"
            )
            raise UsageError(msg)
        by_rank = train.points[np.argsort(train.ranks, kind="stable")]
        available = np.bincount(train.ranks, minlength=largest)
        first = np.cumsum(available) - available
        offsets = np.concatenate([[0], np.cumsum(counts)])
        ranks = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        columns = [by_rank[first[ranks] + rng.integers(available[ranks]), i] for i in range(train.n_features)]
        return Clouds(np.stack(columns, axis=1), offsets)
