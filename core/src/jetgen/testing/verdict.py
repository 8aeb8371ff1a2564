"""How a check ends that does not pass: it fails or is skipped, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from jetgen.api.loading import first_line
from jetgen.data.clouds import Clouds

__all__ = ["CheckFailedError", "CheckSkippedError", "attempt", "require", "require_same", "skip"]


_T = TypeVar("_T")
Weights = NDArray[np.float64] | None


class CheckFailedError(AssertionError):
    """The generator does not do what a check wants; the message says what is wrong."""


class CheckSkippedError(Exception):
    """A check does not apply to the generator; the message says why."""


def require(truth: bool, otherwise: str) -> None:
    """Fail the check with the message ``otherwise`` unless ``truth``.

    Raises:
        CheckFailedError: if ``truth`` is False.
    """
    if not truth:
        raise CheckFailedError(otherwise)


def skip(reason: str) -> NoReturn:
    """End the check: it does not apply.

    Raises:
        CheckSkippedError: always.
    """
    raise CheckSkippedError(reason)


def attempt(action: Callable[[], _T], wanted: str) -> _T:
    """The result of ``action``; an error of it fails the check with the message ``wanted`` and the error.

    Raises:
        CheckFailedError: if the action raises an error.
        CheckSkippedError: if the action ends the check.
    """
    try:
        return action()
    except CheckSkippedError:
        raise
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        msg = f"{wanted}; it raised {first_line(error)}"
        raise CheckFailedError(msg) from error


def require_same(expected: Clouds, found: Clouds, what: str, tolerance: float = 0.0) -> None:
    """Fail the check unless both are the same clouds.

    Arguments:
        what: the origin of ``found``, for the message.
        tolerance: the largest difference, relative to the largest magnitude of each feature.

    Raises:
        CheckFailedError: if they differ.
    """
    require(len(expected) == len(found), f"{what} gives {len(found)} clouds instead of {len(expected)}")
    same = np.array_equal(expected.multiplicity, found.multiplicity)
    require(same, f"{what} gives clouds with other multiplicities")
    _require_same_weights(expected.weights, found.weights, what, tolerance)
    if not len(expected.points):
        return
    scale = np.abs(expected.points).max(0) + np.finfo(np.float32).tiny
    largest = float((np.abs(expected.points - found.points) / scale).max())
    require(largest <= tolerance, f"{what} gives other clouds: they differ by up to {largest:.2g} of their scale")


def _require_same_weights(expected: Weights, found: Weights, what: str, tolerance: float) -> None:
    """The weights of the same clouds, too, relative to the largest of them."""
    if expected is None or found is None:
        require(expected is found, f"{what} gives clouds {'with' if expected is None else 'without'} weights")
        return
    largest = float(np.abs(expected - found).max(initial=0.0))
    same = largest <= tolerance * expected.max(initial=0.0)
    require(same, f"{what} gives the same clouds other weights: they differ by up to {largest:.2g}")
