"""Learning rates as pure functions of the step: a resumed training needs no state of them."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["Schedule", "constant", "warmup_cosine"]

Schedule = Callable[[int], float]
"""The factor on the learning rate at a step of the phase."""


def constant(step: int) -> float:
    """The rate of the optimiser, unchanged."""
    del step
    return 1.0


def warmup_cosine(steps: int, warmup: int = 0, floor: float = 0.0) -> Schedule:
    """A factor that rises linearly to 1 in ``warmup`` steps and falls to ``floor`` along half a cosine at ``steps``.

    >>> schedule = warmup_cosine(steps=100, warmup=10)
    >>> [round(schedule(step), 3) for step in (0, 9, 10, 55, 100)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        part = min(1.0, (step - warmup) / max(1, steps - warmup))
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * part))

    return factor
