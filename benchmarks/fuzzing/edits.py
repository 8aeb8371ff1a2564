"""Files that are whole but changed by a library: other arrays, types, attributes and JSON, and traps.

An edit may leave another legal file. A trap may not: what it holds would be read as something that it is not, or would
cost the machine its memory. It is refused, or read as if the trap were not there.
"""

from __future__ import annotations

import json
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np

__all__ = ["HDF5_EDITS", "HDF5_TRAPS", "JSON_EDITS", "NPZ_EDITS", "NPZ_TRAPS", "edit_safetensors"]

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


def _datasets(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def _within(change: Callable[[h5py.File, str, random.Random], None]) -> Edit:
    """An edit of one dataset of an HDF5 file."""

    def edit(path: Path, dice: random.Random) -> None:
        with h5py.File(path, "r+") as file:
            change(file, dice.choice(_datasets(file)), dice)

    return edit


def _replace(file: h5py.File, name: str, values: Any) -> None:
    del file[name]
    file[name] = values


def _other(values: np.ndarray, dice: random.Random) -> np.ndarray:
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


def _type_or_shape(file: h5py.File, name: str, dice: random.Random) -> None:
    _replace(file, name, _other(file[name][()], dice))


def _drop(file: h5py.File, name: str, dice: random.Random) -> None:
    del dice
    del file[name]


def _rename(file: h5py.File, name: str, dice: random.Random) -> None:
    file.move(name, dice.choice(("x", "mask", "event", "context", "given", "offsets", "jet_features", "a/b")))


def _attributes(file: h5py.File, name: str, dice: random.Random) -> None:
    holder = dice.choice((file, file[name]))
    known = [*holder.attrs, "feature_names", "format_version", "cloud_spec"]
    value = dice.choice((1, 2.5, "", "a,b,c", "{}", b"\xff\xfe", [1, 2, 3], ["a", "b"], h5py.Empty("f4"), "[" * 9000))
    holder.attrs[dice.choice(known)] = value


def _spec_json(file: h5py.File, name: str, dice: random.Random) -> None:
    del name
    if "cloud_spec" in file.attrs:
        file.attrs["cloud_spec"] = other_json(file.attrs["cloud_spec"], dice)


HDF5_EDITS: Mapping[str, Edit] = {
    "another type or shape": _within(_type_or_shape),
    "an array gone": _within(_drop),
    "an array renamed": _within(_rename),
    "other attributes": _within(_attributes),
    "another cloud_spec": _within(_spec_json),
}


def _points(file: h5py.File) -> str:
    return "points" if "points" in file else "particle_features"


def _elsewhere(path: Path) -> Path:
    """Another file with the same points, as it was when the first file was written."""
    other = path.with_name(f"{path.name}.shard")
    with h5py.File(path) as file, h5py.File(other, "w") as shard:
        shard["points"] = file[_points(file)][:] * 2
    return other


def _trap(make: Callable[[h5py.File, str, Path], None]) -> Edit:
    def edit(path: Path, dice: random.Random) -> None:
        other = _elsewhere(path)
        with h5py.File(path, "r+") as file:
            make(file, _points(file), other)
        if dice.random() < 0.5:
            other.unlink()

    return edit


def _virtual(file: h5py.File, name: str, other: Path) -> None:
    shape, dtype = file[name].shape, file[name].dtype
    layout = h5py.VirtualLayout(shape, dtype)
    layout[...] = h5py.VirtualSource(other.name, "points", shape, dtype)
    del file[name]
    file.create_virtual_dataset(name, layout)


def _external_link(file: h5py.File, name: str, other: Path) -> None:
    del file[name]
    file[name] = h5py.ExternalLink(other.name, "points")


def _soft_to_external(file: h5py.File, name: str, other: Path) -> None:
    del file[name]
    file["elsewhere"] = h5py.ExternalLink(other.name, "/")
    file[name] = h5py.SoftLink("/elsewhere/points")


def _raw(file: h5py.File, name: str, other: Path) -> None:
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "f4", external=[(str(other), 0, h5py.h5f.UNLIMITED)])


def _never_written(file: h5py.File, name: str, other: Path) -> None:
    del other
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "f4", chunks=(1, *shape[1:]))
    file[name][: shape[0] // 2] = 0.5


def _huge(file: h5py.File, name: str, other: Path) -> None:
    del other
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, (10**9, *shape[1:]), "f4", chunks=(1000, *shape[1:]), compression="gzip")


def _circle(file: h5py.File, name: str, other: Path) -> None:
    del file[name], other
    file[name] = h5py.SoftLink(f"/{name}")


def _given_is_all(file: h5py.File, name: str, other: Path) -> None:
    del name, other
    if "given" in file:
        del file["given"]
    file["given"] = file["/"]


def _wrapping_offsets(file: h5py.File, name: str, other: Path) -> None:
    del other
    n = len(file[name])
    for array in ("offsets", "mask"):
        if array in file:
            del file[array]
    file["offsets"] = np.array([0, 2**64 - 5, 2**63 + 1, n], np.uint64)


def _integer_names(file: h5py.File, name: str, other: Path) -> None:
    del other
    for holder in (file, file.attrs, file[name].attrs):
        for key in ("feature_names", "cloud_spec", "format_version", "particle_feature_names"):
            if key in holder:
                del holder[key]
    key = "feature_names" if name == "points" else "particle_feature_names"
    file[name].attrs[key] = np.arange(file[name].shape[-1])


HDF5_TRAPS: Mapping[str, Edit] = {
    "a virtual dataset": _trap(_virtual),
    "an external link": _trap(_external_link),
    "a soft link through an external one": _trap(_soft_to_external),
    "raw external storage": _trap(_raw),
    "blocks never written": _trap(_never_written),
    "terabytes declared": _trap(_huge),
    "a link in a circle": _trap(_circle),
    "given inside given": _trap(_given_is_all),
    "offsets beyond int64": _trap(_wrapping_offsets),
    "integers for names": _trap(_integer_names),
}


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as arrays:
        return dict(arrays)


def _npz_other(path: Path, dice: random.Random) -> None:
    arrays = _arrays(path)
    name = dice.choice(sorted(arrays))
    np.savez(path, **{**arrays, name: _other(arrays[name], dice)})


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
    import warnings

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
