"""Nearest names for a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause to append to an error: the nearest known name, or nothing if none is near.

    >>> did_you_mean("pythia-tpo30", ["pythia-top30", "pythia-w30"])
    ' (did you mean pythia-top30?)'
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
