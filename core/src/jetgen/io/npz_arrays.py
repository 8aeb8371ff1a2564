"""The arrays of an npz archive: each is decompressed when it is asked for, after a check of its header."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import DataError

__all__ = ["NpzArray", "NpzArrays"]

_EXPANSION = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1100, zipfile.ZIP_BZIP2: 2**17, zipfile.ZIP_LZMA: 2**14}
"""The most bytes that one byte becomes, by the number of the compression."""

_COMPRESSIONS = {6: "implode", 9: "deflate64", 93: "zstd", 95: "xz", 98: "PPMd"}
_HEADERS: Mapping[tuple[int, int], Callable[[IO[bytes]], Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_SAVE = "save it with np.savez or np.savez_compressed"


class NpzArray:
    """One member of an archive. Its values are read as a whole, because they cannot be sliced on disk.

    Raises:
        DataError: if it is no array of numbers or texts, or its header does not go with its size.
    """

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> None:
        self._archive, self._member = archive, member
        self.name = member.filename.removesuffix(".npy")
        self._require_readable(size)
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            if version not in _HEADERS:
                msg = f"the array {self.name} has the npy version {version[0]}.{version[1]}; {_SAVE}"
                raise DataError(msg)
            self.shape, self._by_columns, self.dtype = _HEADERS[version](file)
            self._begin = file.tell()
        if self.dtype.hasobject:
            msg = f"the array {self.name} holds pickled objects, which are never loaded; save plain arrays"
            raise DataError(msg)
        if self._begin + math.prod(self.shape) * self.dtype.itemsize != member.file_size:
            msg = (
                f"the array {self.name} declares shape {self.shape} of {self.dtype}, which are not the "
                f"{member.file_size - self._begin:,} bytes that it holds; it is damaged, make the file again"
            )
            raise DataError(msg)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> Any:
        return self._values[key]

    @cached_property
    def _values(self) -> NDArray[Any]:
        # As a whole: the checksum of a member is looked at when its end is reached.
        content = memoryview(self._archive.read(self._member))[self._begin :]
        values = np.frombuffer(content, self.dtype) if len(content) else np.empty(0, self.dtype)
        return values.reshape(self.shape, order="F" if self._by_columns else "C")

    def _require_readable(self, size: int) -> None:
        member = self._member
        if member.flag_bits & 1:
            msg = f"the array {self.name} is encrypted; {_SAVE}, without a password"
            raise DataError(msg)
        if member.compress_type not in _EXPANSION:
            kind = _COMPRESSIONS.get(member.compress_type, f"method {member.compress_type}")
            msg = f"the array {self.name} is compressed by {kind}, which is not read here; {_SAVE}"
            raise DataError(msg)
        if member.file_size > min(member.compress_size, size) * _EXPANSION[member.compress_type]:
            msg = (
                f"the array {self.name} declares {member.file_size:,} bytes, which {member.compress_size:,} compressed "
                "ones cannot hold; it is damaged, make the file again"
            )
            raise DataError(msg)


class NpzArrays(Mapping[str, NpzArray]):
    """The arrays of an archive by name.

    Arguments:
        path: the archive.
        size: its size in bytes.

    Raises:
        DataError: if two members have one name.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._archive, self._size = zipfile.ZipFile(path), size
        self.members = self._archive.namelist()
        if len(set(self.members)) != len(self.members):
            twice = next(name for name in self.members if self.members.count(name) > 1)
            msg = f"the archive holds {twice} twice; {_SAVE}"
            raise DataError(msg)
        self._infos = {
            info.filename.removesuffix(".npy"): info
            for info in self._archive.infolist()
            if info.filename.endswith(".npy")
        }
        self._opened: dict[str, NpzArray] = {}

    def close(self) -> None:
        """Close the archive. Arrays whose values were read stay valid."""
        self._archive.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __getitem__(self, name: str) -> NpzArray:
        """The array, its header read and checked.

        Raises:
            KeyError: if there is none.
            DataError: if it cannot be read here; see :class:`NpzArray`.
        """
        if name not in self._opened:
            self._opened[name] = NpzArray(self._archive, self._infos[name], self._size)
        return self._opened[name]
