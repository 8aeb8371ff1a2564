"""The arrays and attributes of an HDF5 group, checked before anything is allocated or read.

An HDF5 file may point to other files: by external links, virtual datasets and raw external storage. HDF5 answers zeros
for a part that is missing, so what is not in the file itself is refused by name. So is an array of which parts were
never written, which HDF5 answers with zeros as well.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jetgen.errors import DataError
from jetgen.io.hdf5_heaps import require_sound_heaps

__all__ = ["Attributes", "HDF5Arrays"]

_HOPS = 16  # soft links on the way to an array
_ONE_FILE = "make one file of it, for example with h5py: out.create_dataset({name!r}, data=file[{name!r}][:])"
_UNPACKED = 2**17  # more than any compression that is known makes of a byte
_EXPANSION = {1: 1100, 2: 1, 3: 1, 4: 128, 5: 64, 32000: 300}
"""The most bytes that one byte becomes, by the number of the filter: deflate, shuffle, checksum, szip, nbit, lzf."""

_FILTERS = {
    307: "bzip2",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32017: "sz",
    32024: "sz3",
    32026: "blosc2",
}


class HDF5Arrays(Mapping[str, Any]):
    """The members of a group by name: datasets that are whole in this file, and groups as further mappings.

    Arguments:
        group: the group.
        size: the size of the file in bytes.
    """

    def __init__(self, group: h5py.Group, size: int) -> None:
        self._group, self._size = group, size

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)

    def __contains__(self, name: object) -> bool:
        # A link to nothing counts: an array that should be there is not the same as none.
        return isinstance(name, str) and self._group.id.links.exists(name.encode())

    def __getitem__(self, name: str) -> Any:
        """The dataset or group called ``name``.

        Raises:
            KeyError: if there is none.
            DataError: if it is not whole in this file, or cannot be read here.
        """
        if name not in self:
            raise KeyError(name)
        found = _follow(self._group, name, name, _HOPS)
        if isinstance(found, h5py.Group):
            return HDF5Arrays(found, self._size)
        if isinstance(found, h5py.Dataset):
            _require_inside(name, found)
            _require_filters(name, found)
            _require_whole(name, found, self._size)
            _require_short_texts(name, found, self._size)
        return found

    @property
    def attrs(self) -> Attributes:
        """The attributes of the group."""
        return Attributes(self._group.attrs, self._size)


class Attributes(Mapping[str, Any]):
    """The attributes of an object of a file that has ``size`` bytes."""

    def __init__(self, attributes: h5py.AttributeManager, size: int) -> None:
        self._attributes, self._size = attributes, size

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __contains__(self, name: object) -> bool:
        return name in self._attributes

    def __getitem__(self, name: str) -> Any:
        """The value.

        Raises:
            KeyError: if there is none.
            DataError: if it declares more values than the file can hold.
        """
        found = self._attributes.get_id(name)
        _require_room(f"the attribute {name}", _bytes(found), self._size, self._size)
        if _has_long_texts(found.get_type()):
            require_sound_heaps(Path(h5py.h5f.get_name(found).decode()))
        return self._attributes[name]


def _follow(group: h5py.Group, path: str, name: str, hops: int) -> Any:
    """The object at ``path``; each link on the way is one of this file. HDF5 itself would open other files."""
    here = group.file if path.startswith("/") else group
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if not isinstance(here, h5py.Group) or not here.id.links.exists(part.encode()):
            msg = f"{name} is a link to {path}, which is not in the file; write the array itself"
            raise DataError(msg)
        link = here.get(part, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            msg = f"{name} is a link to another file, {link.filename}; {_ONE_FILE.format(name=name)}"
            raise DataError(msg)
        if isinstance(link, h5py.SoftLink):
            if not hops:
                msg = f"{name} is a link that leads in a circle; write the array itself"
                raise DataError(msg)
            here = _follow(here, link.path, name, hops - 1)
        else:
            here = _opened(here, part)
    return here


def _opened(group: h5py.Group, name: str) -> Any:
    try:
        return group[name]
    except KeyError as error:  # the link is there, so this is damage, and not an array that is missing
        msg = f"{name} cannot be opened: the file is damaged ({error}); make or fetch it again"
        raise DataError(msg) from error


def _require_inside(name: str, found: h5py.Dataset) -> None:
    """Check that the values are in the file itself."""
    if found.is_virtual:
        others = sorted({source.file_name for source in found.virtual_sources()})
        what = (
            f"is a virtual dataset of other data ({', '.join(others)}), of which a missing part would be read as zeros"
        )
    elif found.id.get_create_plist().get_external_count():
        what = f"keeps its values in another file, {found.external[0][0]}"
    else:
        return
    msg = f"{name} {what}; {_ONE_FILE.format(name=name)}"
    raise DataError(msg)


def _filters(found: h5py.Dataset) -> dict[int, str]:
    """The names of the filters by number."""
    plist = found.id.get_create_plist()
    every = (plist.get_filter(i) for i in range(plist.get_nfilters()))
    return {code: _FILTERS.get(code) or label.decode("ascii", "replace") or "unknown" for code, _, _, label in every}


def _require_filters(name: str, found: h5py.Dataset) -> None:
    """Check that what was compressed can be decompressed here."""
    for code, label in _filters(found).items():
        if not _available(code):
            msg = (
                f"{name} is compressed by the HDF5 filter {label} ({code}), which is not installed; "
                "pip install hdf5plugin, or write the file with gzip"
            )
            raise DataError(msg)


def _available(code: int) -> bool:
    if not h5py.h5z.filter_avail(code) and importlib.util.find_spec("hdf5plugin") is not None:
        importlib.import_module("hdf5plugin")  # to import it is to register its filters
    return bool(h5py.h5z.filter_avail(code))


def _require_whole(name: str, found: h5py.Dataset, size: int) -> None:
    """Check that the file holds as many bytes as the shape of the dataset needs, and that all were written."""
    needed = _bytes(found.id)
    if not needed:
        return
    stored = min(found.id.get_storage_size(), size)
    if found.chunks is None:
        if not stored:
            msg = f"{name} was never written: it would be read as zeros; write it, or leave it out"
            raise DataError(msg)
        _require_room(name, needed, stored, size)
        return
    expansion = math.prod(_EXPANSION.get(code, _UNPACKED) for code in _filters(found))
    block = math.prod(found.chunks) * found.id.get_type().get_size()
    _require_room(name, max(needed, block), size * expansion, size)
    chunks = math.prod(-(-n // step) for n, step in zip(found.shape, found.chunks, strict=True))
    _require_room(name, chunks, size, size)
    written = found.id.get_num_chunks()
    if written < chunks:
        msg = (
            f"{chunks - written:,} of {chunks:,} blocks of {name} were never written: they would be read as zeros; "
            "make the file again"
        )
        raise DataError(msg)
    _require_room(name, max(needed, block), stored * expansion, size)


def _require_short_texts(name: str, found: h5py.Dataset, size: int) -> None:
    """Check that no text is longer than the file: HDF5 allocates what is declared, up to 4 GB for each text."""
    kind, place = found.id.get_type(), found.id.get_offset() if found.chunks is None else None
    if not _has_long_texts(kind):
        return
    path = Path(found.file.filename)
    require_sound_heaps(path)
    if place is None or found.file.userblock_size:
        return
    with path.open("rb") as file:
        file.seek(place)
        references = np.frombuffer(file.read(found.id.get_storage_size()), [("length", "<u4"), ("heap", "V12")])
    _require_room(f"a text of {name}", int(references["length"].max(initial=0)), size, size)


def _has_long_texts(kind: Any) -> bool:
    """Whether values are kept in a heap, because their length varies."""
    return isinstance(kind, h5py.h5t.TypeVlenID) or (
        isinstance(kind, h5py.h5t.TypeStringID) and bool(kind.is_variable_str())
    )


def _bytes(found: Any) -> int:
    """The number of bytes that the shape of a dataset or an attribute declares; 0 for an empty one."""
    return math.prod(found.shape or ()) * int(found.get_type().get_size()) if found.shape is not None else 0


def _require_room(name: str, needed: int, room: int, size: int) -> None:
    if needed > room:
        msg = f"{name} declares {needed:,} bytes, which a file of {size:,} bytes cannot hold; make the file again"
        raise DataError(msg)
