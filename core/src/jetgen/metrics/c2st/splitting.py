"""Splits of both classes into five parts: three to learn from, one to select by, one to report on."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.metrics.c2st.calibration import Labels

__all__ = ["FOLDS", "Folds", "Sample"]

FOLDS = 5
"""The number of parts: three to learn from, one to select and calibrate by, one to report on (60, 20 and 20 %)."""


class Sample(NamedTuple):
    """Clouds of both classes and their labels: True for true clouds."""

    clouds: Clouds
    labels: Labels


class Folds:
    """Both classes in five parts. Training ``i`` reports on part ``i`` modulo five, and selects on the next one."""

    def __init__(self, sample: Sample, part: NDArray[np.int64]) -> None:
        self.sample, self.part = sample, part

    @classmethod
    def of(cls, real: Clouds, fake: Clouds, most: int, rng: np.random.Generator) -> Self:
        """A random split of at most ``most`` clouds of each class, equally many of both."""
        n = min(len(real), len(fake), most)
        chosen = [side[rng.permutation(len(side))[:n]] for side in (real, fake)]
        labels = np.repeat([True, False], n)
        return cls(Sample(Clouds.concatenate(chosen), labels), np.tile(np.arange(n) % FOLDS, 2))

    def samples(self, number: int) -> tuple[Sample, Sample, Sample]:
        """The samples that training ``number`` learns from, is selected by and reports on."""
        turn = (self.part - number) % FOLDS
        return self._where(turn > 1), self._where(turn == 1), self._where(turn == 0)

    def _where(self, chosen: NDArray[np.bool_]) -> Sample:
        return Sample(self.sample.clouds[np.flatnonzero(chosen)], self.sample.labels[chosen])
