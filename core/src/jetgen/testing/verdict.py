"""How a check ends when it does not pass."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from jetgen.data.clouds import Clouds

__all__ = ["CheckFailedError", "CheckSkippedError", "require", "require_same", "skip"]


class CheckFailedError(AssertionError):
    """The generator broke the contract; the text says how."""


class CheckSkippedError(Exception):
    """The check says nothing about this generator; the text says why."""


def require(truth: bool, otherwise: str) -> None:
    """Fail the check with the text ``otherwise`` unless ``truth``."""
    if not truth:
        raise CheckFailedError(otherwise)


def skip(reason: str) -> NoReturn:
    """Leave the check: it does not apply."""
    raise CheckSkippedError(reason)


def require_same(expected: Clouds, found: Clouds, what: str, tolerance: float = 0.0) -> None:
    """Fail the check unless both hold the same clouds; ``tolerance`` is relative to the scale of each feature."""
    require(len(expected) == len(found), f"{what} gives {len(found)} clouds instead of {len(expected)}")
    counts = np.array_equal(expected.multiplicity, found.multiplicity)
    require(counts, f"{what} gives clouds with other numbers of points")
    if not len(expected.points):
        return
    scale = np.abs(expected.points).max(0) + np.finfo(np.float32).tiny
    largest = float((np.abs(expected.points - found.points) / scale).max())
    require(largest <= tolerance, f"{what} gives other clouds: they differ by up to {largest:.2g} of their scale")
