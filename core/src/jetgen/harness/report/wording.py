"""How a table writes names, numbers and times."""

from __future__ import annotations

import math

from jetgen.harness.report.ordering import JUDGES

__all__ = ["NONE", "USUAL", "decimals", "digits", "duration", "head"]

NONE = "–"

_NAMES = {
    "w1m": "W1M",
    "w1p": "W1P",
    "w1pt": "W1 pT",
    "w1mult": "W1 mult",
    "w1efp": "W1EFP",
    **{name: f"{name} AUC" for name in JUDGES},
}

USUAL = tuple(_NAMES)
"""The order of the usual columns."""


def head(name: str, judge: str | None = None) -> str:
    """What a score is called in a table that ``judge`` orders.

    >>> head("w1m"), head("sliced"), head("c2st"), head("c2st", "c2st")
    ('W1M', 'sliced', 'c2st AUC', 'judge AUC')
    """
    return "judge AUC" if name == judge else _NAMES.get(name, name)


def digits(value: float) -> str:
    """A number with three digits, without an exponent; at most four decimals.

    >>> digits(0.03842), digits(12.34), digits(1234.5), digits(0.0), digits(2e-7)
    ('0.0384', '12.3', '1234', '0.00', '0.0000')
    """
    return f"{value:.{decimals(value)}f}"


def decimals(value: float) -> int:
    """The decimals of a number that is written with three digits, at most four."""
    return 2 if value == 0 else min(4, max(0, 2 - math.floor(math.log10(abs(value)))))


def duration(seconds: float) -> str:
    """Seconds in the largest fitting unit.

    >>> duration(12.3), duration(125), duration(7300)
    ('12 s', '2.1 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
