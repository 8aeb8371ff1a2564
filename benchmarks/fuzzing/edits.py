"""Other values for arrays, JSON and safetensors: files that are whole, but changed.

An edit may leave another legal file. A trap may not: what it holds would be read as something that it is not, or would
cost the machine its memory. It is refused, or read as if the trap were not there.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["JSON_EDITS", "Edit", "edit_safetensors", "other_json", "other_values"]

Edit = Callable[[Path, random.Random], None]

_DTYPES = ("f2", "f8", ">f4", "i1", "i4", "u8", "c8", "S3", "?", "O")
_VALUES: tuple[Any, ...] = (
    None,
    -1,
    0,
    1,
    3,
    0.5,
    1e300,
    2**70,
    True,
    "",
    "x",
    "../x",
    [],
    [1, "a"],
    {},
    {"a": 1},
    "é",
)


def other_values(values: np.ndarray, dice: random.Random) -> np.ndarray:
    """The same values in another type or shape, or some of them others."""
    way = dice.randrange(6)
    with np.errstate(all="ignore"):
        if way == 0:
            kind = dice.choice(_DTYPES)
            return values.astype(kind if kind != "O" else "f8")
        if way == 1:
            return values.reshape(-1)
        if way == 2:
            return values.T
        if way == 3:
            return values[: dice.randrange(len(values) + 1)] if values.ndim else values
        if way == 4 and values.dtype.kind == "f" and values.size:
            values = values.copy()
            values.flat[dice.randrange(values.size)] = dice.choice((np.nan, np.inf, -1e30))
            return values
        return np.repeat(values, 2, axis=-1) if values.ndim else values


def other_json(text: str | bytes, dice: random.Random) -> str:
    """JSON with another value at a random place, a key less, nested deep, or with numbers that are none."""
    document = json.loads(text)
    way = dice.randrange(10)
    if way == 0:
        return json.dumps(document)[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    holder, key = _place(document, dice)
    if way == 1:
        del holder[key]
    elif way == 2:
        holder[key] = dice.choice((float("nan"), float("inf"), -float("inf")))
    else:
        holder[key] = dice.choice(_VALUES)
    return json.dumps(document)


def _place(document: Any, dice: random.Random) -> tuple[Any, Any]:
    """A random place in nested objects and lists: its holder and its key."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
        for key in keys:
            places.append((node, key))
            walk(node[key])

    walk(document)
    return dice.choice(places)


def _json_file(path: Path, dice: random.Random) -> None:
    path.write_text(other_json(path.read_bytes(), dice), encoding="utf-8")


JSON_EDITS: Mapping[str, Edit] = {"another value": _json_file}


def edit_safetensors(path: Path, dice: random.Random) -> None:
    """Another shape, type or place of a tensor in the header of a safetensors file."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensor = header[dice.choice(sorted(set(header) - {"__metadata__"}))]
    way = dice.randrange(4)
    if way == 0:
        tensor["shape"] = tensor["shape"][::-1]
    elif way == 1:
        tensor["dtype"] = dice.choice(("I32", "F16", "BF16", "F64", "U8", "X9"))
    elif way == 2:
        tensor["data_offsets"] = [2**40, 2**41]
    else:
        tensor["shape"] = [2**40, *tensor["shape"]]
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
