"""True clouds beside those of models: what all figures of clouds are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.data.weights import effective_size, shares
from jetgen.plot.style import COLOURS

__all__ = ["Comparison", "Values", "colour_of"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Values:
    """One number of each cloud or point, and how much each counts.

    Arguments:
        values: float64 (M,).
        counts: float64 (M,), whose sum is what weighted clouds are worth; None if each counts once.
    """

    values: Float64
    counts: Float64 | None = None

    @property
    def total(self) -> float:
        """What all of them count."""
        return float(len(self.values) if self.counts is None else self.counts.sum())

    def histogram(self, edges: Float64) -> Float64:
        """What the values in each bin count."""
        return np.histogram(self.values, edges, weights=self.counts)[0].astype(np.float64)


@dataclass(frozen=True)
class Comparison:
    """True clouds and those of models, the best one first.

    Arguments:
        spec: of all of them.
        real: the truth.
        fakes: by the name of the model.
    """

    spec: CloudSpec
    real: Clouds
    fakes: Mapping[str, Clouds]

    def sides(self) -> Iterator[tuple[str, Clouds]]:
        """The truth, then the models."""
        yield "truth", self.real
        yield from self.fakes.items()

    def of_clouds(self, observe: Callable[[Clouds], Float64]) -> dict[str, list[Values]]:
        """By side, the D observables (N, D) of each cloud."""
        return {name: [Values(one, _counts(clouds)) for one in observe(clouds).T] for name, clouds in self.sides()}

    def of_points(self, column: int) -> dict[str, Values]:
        """By side, one feature of each point."""
        found = {}
        for name, clouds in self.sides():
            counts = _counts(clouds)
            each = None if counts is None else counts[clouds.rows]
            found[name] = Values(clouds.points[:, column].astype(np.float64), each)
        return found


def colour_of(place: int) -> str:
    """The colour of the model at this place."""
    return COLOURS[place % len(COLOURS)]


def _counts(clouds: Clouds) -> Float64 | None:
    """Weighted clouds are counted so that their sum is what they are worth: then the error is that of a count."""
    return None if clouds.weights is None else shares(clouds.weights) * effective_size(clouds.weights)
