"""What a density of a toy can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Density"]


class Density(Protocol):
    """A normalised density of points with one or a few coordinates."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the coordinates."""

    def definition(self) -> Mapping[str, Any]:
        """A JSON object that determines the density; part of the recipe of a dataset."""

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """float32 (n, D), independent points; a larger ``n`` begins with the same ones."""

    def log_prob(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """float64 (N,), the natural logarithm of the density of points (N, D); -inf where it is 0."""
