"""The named arrays of an HDF5 file or an npz archive, with errors that say which file and which array."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
from numpy.typing import NDArray

from jetgen.errors import DataError

__all__ = ["Store", "open_store"]

_NUMBERS = "fiu"


class Store:
    """Arrays by name: of a group of an HDF5 file, read on access, or of an npz archive.

    Arguments:
        path: the file, for messages.
        arrays: array-likes by name; a group is itself such a mapping.
        attributes: the attributes of the file or group.
        close: closes the file.
        group: the path of the group in the file; empty for the root.
    """

    def __init__(
        self,
        path: Path,
        arrays: Mapping[str, Any],
        attributes: Mapping[str, Any],
        close: Callable[[], None] = lambda: None,
        group: str = "",
    ) -> None:
        self.path, self.arrays, self.attributes, self.close, self.group = path, arrays, attributes, close, group

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def refuse(self, what: str) -> NoReturn:
        """Raise an error of one sentence that begins with the file.

        Raises:
            DataError: always.
        """
        place = f" (group {self.group})" if self.group else ""
        msg = f"{self.path}{place}: {what}"
        raise DataError(msg)

    def array(self, name: str, axes: str, kinds: str = _NUMBERS) -> Any:
        """The array-like called ``name``, after a check of its shape and dtype; no values are read.

        Arguments:
            axes: the names of its dimensions, such as ``"clouds, slots, features"``.
            kinds: the NumPy kinds of dtypes that are allowed.

        Raises:
            DataError: if there is no such array.
        """
        found = self.arrays.get(name)
        if found is None or not hasattr(found, "shape") or not hasattr(found, "dtype"):
            self.refuse(f"there is no array {name!r}; it holds {', '.join(sorted(self.arrays)) or 'nothing'}")
        if len(found.shape) != axes.count(",") + 1:
            self.refuse(f"{name} has shape {tuple(found.shape)}; ({axes}) is needed")
        if found.dtype.kind not in kinds:
            self.refuse(f"{name} has dtype {found.dtype}; numbers are needed")
        return found

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """The rows from ``start`` to ``stop`` of the array called ``name``.

        Raises:
            DataError: if the file is damaged there.
        """
        try:
            return np.asarray(self.arrays[name][start:stop])
        except (OSError, RuntimeError):
            end = "its end" if stop is None else stop
            self.refuse(f"{name} is damaged: rows {start} to {end} cannot be read; make or fetch the file again")

    def inside(self, name: str) -> Store:
        """The store of the group called ``name``.

        Raises:
            DataError: if it is not a group.
        """
        group = self.arrays[name]
        if not isinstance(group, Mapping):
            self.refuse(f"{name} is not a group")
        return Store(self.path, group, getattr(group, "attrs", {}), group=f"{self.group}/{name}".lstrip("/"))


def open_store(path: Path) -> Store:
    """Open an HDF5 file, or read an npz archive; the first bytes of the file decide.

    Raises:
        DataError: if the file is missing, empty, truncated, damaged, of another format or holds pickled objects.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        msg = f"{path}: the clouds cannot be read: {reason}"
        raise DataError(msg) from error
    if not head:
        msg = f"{path}: the file is empty"
        raise DataError(msg)
    if head == b"PK\x03\x04":
        return Store(path, _read_npz(path), {})
    if head != b"\x89HDF" and not h5py.is_hdf5(path):
        msg = f"{path}: the file is neither HDF5 nor npz"
        raise DataError(msg)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        msg = f"{path}: the HDF5 file is truncated or damaged; make or fetch it again"
        raise DataError(msg) from error
    return Store(path, file, file.attrs, file.close)


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        pickled = "allow_pickle" in str(error)
        what = (
            "holds pickled objects, which are never loaded; save plain arrays" if pickled else "is truncated or damaged"
        )
        msg = f"{path}: the npz archive {what}"
        raise DataError(msg) from error
