"""Gaussians of equal weight and width: on a ring, and the two humps of a camel back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["CAMEL_BACK", "EIGHT_GAUSSIANS", "EqualGaussians"]


@dataclass(frozen=True)
class EqualGaussians:
    """Round Gaussians of one weight and one width; the names are keys of a recipe.

    Arguments:
        centres: of the Gaussians, each with D coordinates, at most 3.
        sigma: the standard deviation of each in every coordinate.

    >>> EqualGaussians(((0.0,),), 1.0).log_prob(np.zeros((1, 1))).round(4).tolist()
    [-0.9189]
    """

    centres: tuple[tuple[float, ...], ...]
    sigma: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The D coordinates."""
        return ("x", "y", "z")[: len(self.centres[0])]

    def definition(self) -> Mapping[str, Any]:
        """A JSON object that determines the density."""
        return {"density": "equal Gaussians", **asdict(self)}

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """float32 (n, D), independent points; a larger ``n`` begins with the same ones."""
        centres = np.array(self.centres)
        normal, chosen = rng.normal(size=(n, centres.shape[1])), rng.spawn(1)[0].integers(len(centres), size=n)
        return np.asarray(centres[chosen] + self.sigma * normal, np.float32)

    def log_prob(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """float64 (N,), the logarithm of the density of points (N, D)."""
        centres = np.array(self.centres)
        squares = (((points.astype(np.float64)[:, None] - centres) / self.sigma) ** 2).sum(axis=2)
        height = (2 * math.pi * self.sigma**2) ** (centres.shape[1] / 2) * len(centres)
        return np.asarray(logsumexp(-squares / 2, axis=1) - math.log(height))


_FAR = math.sqrt(8.0)

EIGHT_GAUSSIANS = EqualGaussians(
    centres=(
        (_FAR, 0.0),
        (2.0, 2.0),
        (0.0, _FAR),
        (-2.0, 2.0),
        (-_FAR, 0.0),
        (-2.0, -2.0),
        (0.0, -_FAR),
        (2.0, -2.0),
    ),
    sigma=math.sqrt(0.125),
)
"""The truth of ``toy-eight-gaussians``: a ring of radius 4 and a width of 0.5, all divided by the root of 2."""

CAMEL_BACK = EqualGaussians(centres=((-4.0,), (4.0,)), sigma=1.0)
"""The truth of ``toy-camel-back``: the two humps of arXiv:2008.06545."""
