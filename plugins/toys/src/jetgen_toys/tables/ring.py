"""Gaussians of different weights on a ring, longer along it than across."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["RING", "Ring"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Ring:
    """Gaussians at equal angles on a ring, the k-th with a weight proportional to k + 1; names are keys of a recipe.

    Arguments:
        number: of the Gaussians.
        radius: of the ring.
        along, across: their standard deviations along the ring and across it.

    >>> Ring(number=1, radius=0.0, along=1.0, across=1.0).log_prob(np.zeros((1, 2))).round(4).tolist()
    [-1.8379]
    """

    number: int = 8
    radius: float = 2.0
    along: float = 0.5
    across: float = 0.2

    @property
    def columns(self) -> tuple[str, ...]:
        """The two coordinates."""
        return ("x", "y")

    def definition(self) -> Mapping[str, Any]:
        """A JSON object that determines the density."""
        return {"mixture": "ring of Gaussians", **asdict(self)}

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """float32 (n, 2), independent points; a larger ``n`` begins with the same ones."""
        uniform, normal = rng.random(n), rng.spawn(1)[0].normal(size=(n, 2))
        chosen = np.searchsorted(self._weights.cumsum(), uniform, side="right").clip(max=self.number - 1)
        outward, around = self._directions
        steps = self.across * normal[:, :1] * outward[chosen] + self.along * normal[:, 1:] * around[chosen]
        return np.asarray(self.radius * outward[chosen] + steps, np.float32)

    def log_prob(self, points: NDArray[Any]) -> Float64:
        """float64 (N,), the logarithm of the density of points (N, 2)."""
        outward, around = self._directions
        at = points.astype(np.float64)
        far = (at @ outward.T - self.radius) / self.across
        squares = far**2 + (at @ around.T / self.along) ** 2
        terms = np.log(self._weights / (2 * np.pi * self.along * self.across)) - squares / 2
        return np.asarray(logsumexp(terms, axis=1))

    @property
    def _weights(self) -> Float64:
        ranks = np.arange(1.0, self.number + 1)
        return np.asarray(ranks / ranks.sum())

    @property
    def _directions(self) -> tuple[Float64, Float64]:
        """Unit vectors (K, 2) from the centre to each Gaussian, and along the ring."""
        angles = 2 * np.pi * np.arange(self.number) / self.number
        outward = np.stack([np.cos(angles), np.sin(angles)], 1)
        return outward, np.stack([-outward[:, 1], outward[:, 0]], 1)


RING = Ring()
"""The truth of ``toy-gaussians``."""
