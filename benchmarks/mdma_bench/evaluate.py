"""The form in which every network of the benchmark is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

__all__ = ["Evaluate", "Factory"]


class Evaluate(Protocol):
    """A velocity: ``points`` (B, P, F), ``mask`` (B, P) True where there is a particle, ``t`` (B,) -> (B, P, F)."""

    def __call__(self, points: Tensor, mask: Tensor, t: Tensor) -> Tensor: ...


Factory = Callable[[], Evaluate]
"""Makes an untrained network."""
