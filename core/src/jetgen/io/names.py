"""Which column of a file is which feature: the names that it carries, and those that the caller wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jetgen.data.spec import Feature
from jetgen.errors import did_you_mean
from jetgen.io.store import Store

__all__ = ["choose", "described", "stored_names"]

_POSITIVE = ("ptrel", "pt", "energy")


def stored_names(store: Store, array: str, *keys: str) -> tuple[str, ...] | None:
    """The names that the file gives to the columns of ``array``; None if it gives none.

    They are looked for under each of ``keys``: among the attributes of the array, those of the file, and the arrays.
    """
    for key in keys:
        for holder in (getattr(store.arrays[array], "attrs", {}), store.attributes, store.arrays):
            names = _texts(holder[key]) if key in holder else None
            if names:
                return names
    return None


def _texts(value: Any) -> tuple[str, ...] | None:
    """``value`` as strings: an array of them, or one with commas; None for anything else, such as numbers."""
    if isinstance(value, str | bytes):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return tuple(part.strip() for part in text.split(","))
    if getattr(getattr(value, "dtype", None), "kind", "") not in ("S", "U", "O"):
        return None
    items = np.ravel(value[()]).tolist()
    texts = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in items]
    return tuple(texts) if all(isinstance(text, str) for text in texts) else None


def choose(
    store: Store, array: str, found: Sequence[str] | None, width: int, wanted: Sequence[str] | None
) -> tuple[tuple[str, ...], list[int]]:
    """The names and the columns to read from ``array``: those that are wanted, else all that are found."""
    if found is not None and len(found) != width:
        store.refuse(f"{array} has {width} columns but {len(found)} names: {', '.join(found)}")
    if wanted is None:
        if found is not None:
            return tuple(found), list(range(width))
        example = "features=('etarel', 'phirel', 'ptrel'), or put them into the file as an array feature_names"
        store.refuse(f"the {width} columns of {array} have no names; give them, for example {example}")
    if found is None:
        if len(wanted) != width:
            store.refuse(f"{array} has {width} columns but {len(wanted)} names were given: {', '.join(wanted)}")
        return tuple(wanted), list(range(width))
    for name in wanted:
        if name not in found:
            hint = did_you_mean(name, found)
            store.refuse(f"{array} has no feature {name!r}{hint}; it has {', '.join(found)}")
    return tuple(wanted), [list(found).index(name) for name in wanted]


def described(names: Sequence[str]) -> tuple[Feature, ...]:
    """Features of which only the names are known."""
    return tuple(Feature(name, nature="positive" if name in _POSITIVE else "continuous") for name in names)
