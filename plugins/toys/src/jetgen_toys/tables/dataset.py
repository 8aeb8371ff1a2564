"""The dataset class of the toys with a known density."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, get_args

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from jetgen.data.streams import entropy
from jetgen.errors import DataError, UsageError, did_you_mean
from numpy.typing import NDArray

from jetgen_toys.tables.checkerboard import CHECKERBOARD
from jetgen_toys.tables.density import Density
from jetgen_toys.tables.gaussians import CAMEL_BACK, EIGHT_GAUSSIANS
from jetgen_toys.tables.ring import RING
from jetgen_toys.tables.specs import SIZES
from jetgen_toys.tables.swiss_roll import SWISS_ROLL

__all__ = ["DENSITIES", "ToyTable"]

_RECIPE = 1  # increased by hand whenever a change of the code changes a point

DENSITIES: Mapping[str, Density] = {
    "toy-gaussians": RING,
    "toy-eight-gaussians": EIGHT_GAUSSIANS,
    "toy-checkerboard": CHECKERBOARD,
    "toy-swiss-roll": SWISS_ROLL,
    "toy-camel-back": CAMEL_BACK,
}
"""The truth of each toy, by its name."""


class ToyTable:
    """Points from a known density, each a cloud of one point. Nothing is kept on disk.

    Arguments:
        size: a name in :data:`jetgen_toys.tables.specs.SIZES`.
        toy: a name in :data:`DENSITIES`.

    Raises:
        UsageError: if there is no such size or toy.

    >>> data = ToyTable.create("tiny", toy="toy-checkerboard")
    >>> data.load("test")[:3].points.shape, data.log_prob(data.load("test")[:3]).round(4).tolist()
    ((3, 2), [-3.4657, -3.4657, -3.4657])
    """

    def __init__(self, size: str = "small", *, toy: str) -> None:
        if toy not in DENSITIES:
            msg = f"there is no toy {toy!r}{did_you_mean(toy, DENSITIES)}; use {', '.join(DENSITIES)}"
            raise UsageError(msg)
        if size not in SIZES:
            msg = f"{toy} has no size {size!r}{did_you_mean(size, SIZES)}; use {', '.join(SIZES)}"
            raise UsageError(msg)
        self._toy, self._density = toy, DENSITIES[toy]
        self._counts = dict(zip(get_args(Split), SIZES[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """A feature for each coordinate, one point a cloud."""
        return CloudSpec("table", tuple(Feature(name) for name in self._density.columns), 1)

    def recipe(self) -> Mapping[str, Any]:
        """What determines the points: the density, and how many are drawn."""
        return {"recipe": _RECIPE, **self._density.definition(), **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Nothing to do: the points are drawn when they are loaded."""

    def load(self, split: Split) -> Clouds:
        """The points of one split.

        Raises:
            UsageError: if there is no such split.
        """
        if split not in self._counts:
            msg = f"{self._toy} has no split {split!r}; use {', '.join(self._counts)}"
            raise UsageError(msg)
        return self._points(self._counts[split], split)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new points."""
        return self._points(n, f"simulate/{seed}")

    def log_prob(self, clouds: Clouds) -> NDArray[np.float64]:
        """float64 (N,), the logarithm of the density of each point; -inf where the density is 0.

        Raises:
            DataError: if a cloud does not have exactly one point, or the features are not as many as the coordinates.
        """
        columns = self._density.columns
        if clouds.n_features != len(columns) or (clouds.multiplicity != 1).any():
            features = f"feature{'s' if len(columns) > 1 else ''} {' and '.join(columns)}"
            msg = f"{self._toy} knows the density of clouds of one point with the {features}; these are others"
            raise DataError(msg)
        return self._density.log_prob(clouds.points)

    def _points(self, n: int, stream: str) -> Clouds:
        rng = np.random.default_rng(entropy(self._toy, _RECIPE, stream))
        return Clouds(self._density.draw(n, rng), np.arange(n + 1))
