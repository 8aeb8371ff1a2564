"""What a safetensors file says of its tensors, read without the tensors and without torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path

__all__ = ["precisions"]

_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_LARGEST = 100 * 2**20  # bytes; the format allows no larger header


def precisions(path: Path) -> set[str]:
    """The floating-point formats of the tensors in a file; empty if it is no safetensors file."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, _LARGEST)))
            return {_NAMES[entry["dtype"]] for entry in header.values() if entry.get("dtype") in _NAMES}
    except (OSError, ValueError, struct.error, AttributeError, TypeError):
        return set()
