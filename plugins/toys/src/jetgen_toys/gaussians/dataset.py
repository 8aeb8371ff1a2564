"""The dataset class of the toy Gaussians."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self, get_args

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError, UsageError, did_you_mean
from numpy.typing import NDArray

from jetgen_toys.gaussians.mixture import MIXTURE
from jetgen_toys.gaussians.specs import SIZES

__all__ = ["ToyGaussians"]

_RECIPE = 1  # increased by hand whenever a change of the code changes a point
_SPEC = CloudSpec("table", (Feature("x"), Feature("y")), 1)


class ToyGaussians:
    """Points of a plane, each a cloud of one point, from a mixture of Gaussians. Nothing is kept on disk.

    Arguments:
        size: a name in :data:`jetgen_toys.gaussians.specs.SIZES`.

    Raises:
        UsageError: if there is no such size.

    >>> data = ToyGaussians.create("tiny")
    >>> data.load("test")[:3].points.shape, data.log_prob(data.load("test")[:3]).shape
    ((3, 2), (3,))
    """

    def __init__(self, size: str = "small") -> None:
        if size not in SIZES:
            msg = f"toy-gaussians has no size {size!r}{did_you_mean(size, SIZES)}; use {', '.join(SIZES)}"
            raise UsageError(msg)
        self._counts = dict(zip(get_args(Split), SIZES[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """Features ``x`` and ``y``, one point a cloud."""
        return _SPEC

    def recipe(self) -> Mapping[str, Any]:
        """What determines the points: the mixture, and how many are drawn."""
        return {"recipe": _RECIPE, **MIXTURE.definition(), **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Nothing to do: the points are drawn when they are loaded."""

    def load(self, split: Split) -> Clouds:
        """The points of one split.

        Raises:
            UsageError: if there is no such split.
        """
        if split not in self._counts:
            msg = f"toy-gaussians has no split {split!r}; use {', '.join(self._counts)}"
            raise UsageError(msg)
        return _points(self._counts[split], split)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new points."""
        return _points(n, f"simulate/{seed}")

    def log_prob(self, clouds: Clouds) -> NDArray[np.float64]:
        """float64 (N,), the logarithm of the density of each point.

        Raises:
            DataError: if a cloud does not have exactly one point, or the features are not two.
        """
        if clouds.n_features != len(_SPEC.features) or (clouds.multiplicity != 1).any():
            msg = "toy-gaussians knows the density of clouds of one point with the features x and y; these are others"
            raise DataError(msg)
        return MIXTURE.log_prob(clouds.points)


def _points(n: int, stream: str) -> Clouds:
    words = np.frombuffer(hashlib.sha256(f"toy-gaussians/{_RECIPE}/{stream}".encode()).digest(), np.uint32)
    return Clouds(MIXTURE.draw(n, np.random.default_rng(words.tolist())), np.arange(n + 1))
