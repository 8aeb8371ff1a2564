"""The names of the columns of a file: those that are stored, and those that the caller wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jetgen.data.spec import Feature
from jetgen.errors import DataError, did_you_mean
from jetgen.io.store import Store

__all__ = ["choose", "described", "stored_names"]

_MOST = 10_000  # columns that may have names
_POSITIVE = ("ptrel", "pt", "energy")


def stored_names(store: Store, array: str, *keys: str) -> tuple[str, ...] | None:
    """The stored names of the columns of ``array``; None if there are none.

    Each of ``keys`` is looked up in the attributes of the array, in those of the file, and among the arrays.

    Raises:
        DataError: if what is called ``..._names`` holds no texts.
    """
    for key in keys:
        for holder in (getattr(store.arrays[array], "attrs", {}), store.attributes, store.arrays):
            if key not in holder:
                continue
            names = _texts(holder[key])
            if names:
                return names
            if key.endswith("names"):
                store.refuse(f"{key} holds {_kind(holder[key])}, not the names of columns as texts; write texts")
    return None


def _kind(value: Any) -> str:
    """What stands where names should."""
    return "nothing" if np.size(value) == 0 else str(getattr(value, "dtype", type(value).__name__))


def _texts(value: Any) -> tuple[str, ...] | None:
    """``value`` as strings: an array of strings, or one string with commas; None for anything else."""
    if isinstance(value, str | bytes):
        return tuple(part.strip() for part in _text(value).split(","))
    kind, shape = getattr(getattr(value, "dtype", None), "kind", ""), getattr(value, "shape", None)
    if kind not in ("S", "U", "O") or shape is None or math.prod(shape) > _MOST:
        return None
    items = np.ravel(value[()]).tolist()
    return tuple(_text(item) for item in items) if all(isinstance(item, str | bytes) for item in items) else None


def _text(value: str | bytes) -> str:
    try:
        return (value.encode() if isinstance(value, str) else value).decode()
    except UnicodeError as error:
        msg = f"the names of columns are no UTF-8, such as {value!r}; write them as UTF-8"
        raise DataError(msg) from error


def choose(
    store: Store, array: str, found: Sequence[str] | None, width: int, wanted: Sequence[str] | None
) -> tuple[tuple[str, ...], list[int]]:
    """The names and the indices of the columns of ``array`` to read.

    Arguments:
        found: the stored names; None if there are none.
        width: the number of columns.
        wanted: the names to read, in this order; None for all.

    Raises:
        DataError: if a wanted name does not exist, or the number of names is wrong.
    """
    if found is not None and len(found) != width:
        store.refuse(f"{array} has {width} columns but {len(found)} names: {', '.join(found)}")
    if wanted is None:
        if found is not None:
            return tuple(found), list(range(width))
        how = "such as etarel,phirel,ptrel (`jetbench evaluate --features`, or features= in Python)"
        place = "put them into the file as an array feature_names"
        store.refuse(f"the {width} columns of {array} have no names; give them, {how}, or {place}")
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
    """Features of which only the names are known; momenta and energies are positive."""
    return tuple(Feature(name, nature="positive" if name in _POSITIVE else "continuous") for name in names)
