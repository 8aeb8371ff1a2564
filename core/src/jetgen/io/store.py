"""The named arrays of an HDF5 file or an npz archive, with errors that say which file and which array."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
from numpy.typing import NDArray

from jetgen.errors import DataError
from jetgen.io.foreign import foreign_arrays, foreign_bytes
from jetgen.io.hdf5_arrays import HDF5Arrays
from jetgen.io.npz_arrays import NpzArrays
from jetgen.io.reading import one_line, reading, require_file

__all__ = ["Store", "open_store"]

_NUMBERS = "fiu"
_WANTED = {"iu": "integers are", "fiub": "zeros and ones are"}
_HEAD = 512  # bytes that tell a format
_DEEPEST = 4  # groups `given` inside each other
_BY_NAME = "; jetbench convert takes arrays of other names by --points and --mask"
_SHOWN = 20  # names of arrays in a message


class Store:
    """Arrays by name: of a group of an HDF5 file, read on access, or of an npz archive.

    Arguments:
        path: the file, for messages.
        arrays: array-likes by name; a group is itself such a mapping.
        attributes: the attributes of the file or group.
        close: closes the file.
        group: the path of the group in the file; empty for the root.
        members: the names inside a zip archive.
    """

    def __init__(
        self,
        path: Path,
        arrays: Mapping[str, Any],
        attributes: Mapping[str, Any],
        close: Callable[[], None] = lambda: None,
        group: str = "",
        members: Collection[str] = (),
    ) -> None:
        self.path, self.arrays, self.attributes, self.close, self.group = path, arrays, attributes, close, group
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def refuse(self, what: str) -> NoReturn:
        """Raise an error of one sentence that begins with the file.

        Raises:
            DataError: always.
        """
        place = f" (group {self.group})" if self.group else ""
        msg = f"{self.path}{place}: {one_line(what)}"
        raise DataError(msg)

    def refuse_names(self, what: str) -> NoReturn:
        """Refuse the file because of the names of its arrays; one of another format is told how to be converted.

        Raises:
            DataError: always.
        """
        known = "" if self.group else foreign_arrays(self.path, list(self.arrays), self.attributes, self._members)
        self.refuse(known or f"{what}; it holds {self._held()}{_BY_NAME}")

    def array(self, name: str, axes: str, kinds: str = _NUMBERS) -> Any:
        """The array-like called ``name``, after a check of its shape and dtype; no values are read.

        Arguments:
            axes: the names of its dimensions, such as ``"clouds, slots, features"``.
            kinds: the NumPy kinds of dtypes that are allowed.

        Raises:
            DataError: if there is no such array.
        """
        found: Any = self.arrays.get(name)
        if getattr(found, "shape", None) is None or not hasattr(found, "dtype"):
            self.refuse(f"there is no array {name!r}; it holds {self._held()}")
        if len(found.shape) != axes.count(",") + 1:
            self.refuse(f"{name} has shape {tuple(found.shape)}; ({axes}) is needed")
        if found.dtype.kind not in kinds:
            self.refuse(f"{name} has dtype {found.dtype}; {_WANTED.get(kinds, 'numbers are')} needed")
        return found

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """The rows from ``start`` to ``stop`` of the array called ``name``.

        Raises:
            DataError: if the file is damaged there, or the rows do not fit into memory.
        """
        part = f"array {name} in rows {start} to {'its end' if stop is None else stop}"
        with reading(self.path, part):
            return np.asarray(self.arrays[name][start:stop])

    def inside(self, name: str) -> Store:
        """The store of the group called ``name``.

        Raises:
            DataError: if it is not a group, or too many are inside each other.
        """
        group = self.arrays[name]
        if not isinstance(group, Mapping):
            self.refuse(f"{name} is not a group")
        place = f"{self.group}/{name}".lstrip("/")
        if place.count("/") >= _DEEPEST:
            self.refuse(f"more than {_DEEPEST} groups {name!r} are inside each other")
        return Store(self.path, group, getattr(group, "attrs", {}), group=place)

    def _held(self) -> str:
        names = sorted(self.arrays)
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return (", ".join(names[:_SHOWN]) or "nothing") + more


def open_store(path: Path) -> Store:
    """Open an HDF5 file or an npz archive; the first bytes of the file decide. No values are read.

    Raises:
        DataError: if the file is missing, empty, truncated, damaged, of another format or open elsewhere.
    """
    size = require_file(path)
    with reading(path):
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if not head:
            msg = "the file is empty"
            raise DataError(msg)
        if head.startswith(b"PK\x03\x04"):
            return _npz_store(path, size)
        if head.startswith(b"\x89HDF") or h5py.is_hdf5(path):
            return _hdf5_store(path, size)
        if head.startswith(b"\x93NUMPY"):
            return _npy_store(path)
        known = foreign_bytes(path, head)
        msg = "the file is neither HDF5 nor npz" + (f": {known}" if known else "")
        raise DataError(msg)


def _hdf5_store(path: Path, size: int) -> Store:
    with reading(path, "HDF5 file"):
        file = h5py.File(path, "r")
    arrays = HDF5Arrays(file, size)
    return Store(path, arrays, arrays.attrs, file.close)


def _npy_store(path: Path) -> Store:
    """One array, which is called ``points``; it stays on disk, and rows are read when they are asked for."""
    with reading(path, "npy array"):
        try:
            values = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            if "Python objects" not in str(error):
                raise
            msg = "the array holds pickled objects, which are never loaded; save plain numbers with np.save"
            raise DataError(msg) from error
    return Store(path, {"points": values}, {})


def _npz_store(path: Path, size: int) -> Store:
    with reading(path, "npz archive"):
        arrays = NpzArrays(path, size)
    return Store(path, arrays, {}, arrays.close, members=arrays.members)
