"""A check of the heaps in which HDF5 keeps texts of variable length.

An object of no size in a damaged heap makes HDF5 2.0 read for ever, in a loop that nothing can interrupt. So the heaps
are walked here before HDF5 reads a text.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from jetgen.errors import DataError

__all__ = ["require_sound_heaps"]

_MARK = b"GCOL\x01\0\0\0"  # signature, version and three empty bytes
_HEAP = struct.Struct("<8sQ")  # the mark, and the size of the heap
_OBJECT = struct.Struct("<HHIQ")  # index, references, nothing, size; index 0 is the free rest, its header included
_SCANNED = 2**28  # bytes at the beginning and at the end of a file: where the names and descriptions of arrays are


def require_sound_heaps(path: Path) -> None:
    """Check every heap near the beginning and the end of an HDF5 file.

    Raises:
        DataError: if HDF5 would not come to the end of one.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for begin, end in {(0, min(len(content), _SCANNED)), (max(0, len(content) - _SCANNED), len(content))}:
            at = content.find(_MARK, begin, end)
            while at >= 0:
                if not _is_sound(content, at):
                    msg = "a heap of texts in the HDF5 file is damaged; make or fetch it again"
                    raise DataError(msg)
                at = content.find(_MARK, at + 1, end)


def _is_sound(content: mmap.mmap, at: int) -> bool:
    """Whether each object of the heap at ``at`` leads to the next one."""
    if at + _HEAP.size > len(content):
        return False
    end = at + _HEAP.unpack_from(content, at)[1]
    at += _HEAP.size
    while at + _OBJECT.size <= min(end, len(content)):
        index, _, _, size = _OBJECT.unpack_from(content, at)
        step = size if index == 0 else _OBJECT.size + (size + 7) // 8 * 8
        if step < _OBJECT.size:
            return False
        at += step
    return True
