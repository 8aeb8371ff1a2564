"""Edits of npz archives and traps in them; see ``edits.py``."""

from __future__ import annotations

import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.edits import Edit, other_values

__all__ = ["NPZ_EDITS", "NPZ_TRAPS"]


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as arrays:
        return dict(arrays)


def _npz_other(path: Path, dice: random.Random) -> None:
    arrays = _arrays(path)
    name = dice.choice(sorted(arrays))
    np.savez(path, **{**arrays, name: other_values(arrays[name], dice)})


def _npz_without(path: Path, dice: random.Random) -> None:
    arrays = _arrays(path)
    del arrays[dice.choice(sorted(arrays))]
    np.savez(path, **arrays)


NPZ_EDITS: Mapping[str, Edit] = {"another type or shape": _npz_other, "an array gone": _npz_without}


def _rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """The archive with other contents of its members and the right checksums."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(name, content))


def _npz_header(path: Path, dice: random.Random) -> None:
    """Another shape in the header of points: terabytes, or fewer than there are."""
    n = dice.choice((10**12, 10**6, 3))

    def change(name: str, content: bytes) -> bytes:
        if name != "points.npy":
            return content
        head = content.index(b"\n") + 1
        old = np.load(BytesIO(content))
        new = {"descr": old.dtype.str, "fortran_order": False, "shape": (n, *old.shape[1:])}
        return content[:10] + repr(new).encode().ljust(head - 11) + b"\n" + content[head:]

    _rewritten(path, change)


def _npz_objects(path: Path, dice: random.Random) -> None:
    del dice
    arrays = _arrays(path)
    np.savez(path, **{**arrays, "points": np.array([{"a": 1}], object)})


def _npz_directory(offset: int, value: int) -> Edit:
    """Another number of 16 bits in the entry of each member, where it begins and in the directory at the end."""

    def edit(path: Path, dice: random.Random) -> None:
        del dice
        data = bytearray(path.read_bytes())
        for mark, place in ((b"PK\x03\x04", offset), (b"PK\x01\x02", offset + 2)):
            at = data.find(mark)
            while at >= 0:
                data[at + place : at + place + 2] = struct.pack("<H", value)
                at = data.find(mark, at + 4)
        path.write_bytes(data)

    return edit


def _npz_twice(path: Path, dice: random.Random) -> None:
    del dice
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as archive:
        content = archive.read("points.npy")
        archive.writestr("points.npy", content[:-4] + b"\0\0\0\0")


@cache
def _bomb() -> bytes:
    """An archive of one array of 400 MB of zeros in 400 kB."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("unasked.npy", "w") as member:
        header = {"descr": "<f4", "fortran_order": False, "shape": (100 * 2**20,)}
        np.lib.format.write_array_header_1_0(member, header)
        for _ in range(100):
            member.write(bytes(4 * 2**20))
    return target.getvalue()


def _npz_bomb(path: Path, dice: random.Random) -> None:
    """An array that nobody asks for beside the others. The healthy arrays are to be read."""
    del dice
    arrays = _arrays(path)
    path.write_bytes(_bomb())
    with zipfile.ZipFile(path, "a") as archive:
        for name, values in arrays.items():
            target = BytesIO()
            np.save(target, values)
            archive.writestr(f"{name}.npy", target.getvalue())


NPZ_TRAPS: Mapping[str, Edit] = {
    "another shape in a header": _npz_header,
    "pickled objects": _npz_objects,
    "encrypted": _npz_directory(6, 1),
    "zstd": _npz_directory(8, 93),
    "a member twice": _npz_twice,
    "400 MB that nobody asks for": _npz_bomb,
}
