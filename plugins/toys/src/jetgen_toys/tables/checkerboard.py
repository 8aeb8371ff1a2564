"""A checkerboard: constant on every other square, 0 elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHECKERBOARD", "Checkerboard"]

_STEPS = 2**19  # of a side; their centres are exact in float32, so that rounding moves no point over an edge


@dataclass(frozen=True)
class Checkerboard:
    """The uniform density on the squares of one colour, that of the square with (0, 0) as its lower corner.

    A square has its lower edges and not its upper ones. Points are drawn from a lattice of half a million steps a
    side, far below the spread of any sample.

    Arguments:
        squares: along each side of the board, an even number. The name is a key of a recipe.
        side: of a square, a power of 2.

    >>> Checkerboard().log_prob(np.array([[0.5, 0.5], [2.5, 0.5], [5.0, 0.5]])).round(4).tolist()
    [-3.4657, -inf, -inf]
    """

    squares: int = 4
    side: float = 2.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The two coordinates."""
        return ("x", "y")

    def definition(self) -> Mapping[str, Any]:
        """A JSON object that determines the density."""
        return {"density": "checkerboard", **asdict(self)}

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """float32 (n, 2), independent points; a larger ``n`` begins with the same ones."""
        within = (rng.integers(_STEPS, size=(n, 2)) + 0.5) / _STEPS
        column, pair = np.divmod(rng.spawn(1)[0].integers(self.squares**2 // 2, size=n), self.squares // 2)
        corner = np.stack([column, 2 * pair + (column % 2)], axis=1) - self.squares // 2
        return np.asarray(self.side * (corner + within), np.float32)

    def log_prob(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """float64 (N,), the logarithm of the density of points (N, 2); -inf outside of its squares."""
        square = np.floor(points.astype(np.float64) / self.side)
        half = self.squares // 2
        inside = ((square >= -half) & (square < half)).all(axis=1) & (square.sum(axis=1) % 2 == 0)
        return np.where(inside, -math.log(self.squares**2 / 2 * self.side**2), -np.inf)


CHECKERBOARD = Checkerboard()
"""The truth of ``toy-checkerboard``."""
