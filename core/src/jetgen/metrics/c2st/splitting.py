"""Splits of both classes into five parts: three to learn from, one to select by, one to report on."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.weights import all_equal, shares
from jetgen.metrics.c2st.calibration import Float64, Labels

__all__ = ["FOLDS", "Folds", "Sample", "Samples"]

FOLDS = 5
"""The number of parts: three to learn from, one to select and calibrate by, one to report on (60, 20 and 20 %)."""


class Sample(NamedTuple):
    """Clouds of both classes.

    Arguments:
        clouds: the clouds.
        labels: True for true clouds.
        rows: int64 (N,), the number of each cloud among the true or among the generated ones.
        weights: float64 (N,), of mean 1 in each class; None if all clouds count alike.
    """

    clouds: Clouds
    labels: Labels
    rows: NDArray[np.int64]
    weights: Float64 | None = None


class Samples(NamedTuple):
    """Clouds of both classes: to learn from, to select and calibrate by, and to report on."""

    learn: Sample
    select: Sample
    report: Sample


class Folds:
    """Both classes in five parts. Training ``i`` reports on part ``i`` modulo five, and selects on the next one."""

    def __init__(self, sample: Sample, part: NDArray[np.int64]) -> None:
        self.sample, self.part = sample, part

    @classmethod
    def of(cls, real: Clouds, fake: Clouds, most: int, rng: np.random.Generator) -> Self:
        """A random split of at most ``most`` clouds of each class, equally many of both."""
        n = min(len(real), len(fake), most)
        rows = [rng.permutation(len(side))[:n] for side in (real, fake)]
        sides = [side[chosen] for side, chosen in zip((real, fake), rows, strict=True)]
        clouds = Clouds.concatenate([side.with_weights(None) for side in sides])
        labels, weights = np.repeat([True, False], n), sides[1].weights
        if weights is not None:
            weights = None if all_equal(weights) else np.concatenate([np.ones(n), weights])
        return cls(Sample(clouds, labels, np.concatenate(rows), weights), np.tile(np.arange(n) % FOLDS, 2))

    def samples(self, number: int) -> Samples:
        """The samples that training ``number`` learns from, is selected by and reports on."""
        turn = (self.part - number) % FOLDS
        return Samples(self._where(turn > 1), self._where(turn == 1), self._where(turn == 0))

    def _where(self, chosen: NDArray[np.bool_]) -> Sample:
        clouds, labels, rows, weights = self.sample
        part = None if weights is None else _balanced(weights[chosen], labels[chosen])
        return Sample(clouds[np.flatnonzero(chosen)], labels[chosen], rows[chosen], part)


def _balanced(weights: Float64, labels: Labels) -> Float64:
    """The weights with mean 1 in each class, so that neither is the likelier one."""
    balanced = np.ones(len(labels))
    balanced[~labels] = np.count_nonzero(~labels) * shares(weights[~labels])
    return balanced
