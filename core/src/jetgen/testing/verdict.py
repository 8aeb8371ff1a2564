"""How a check ends when it does not pass."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["CheckFailedError", "CheckSkippedError", "require", "skip"]


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
