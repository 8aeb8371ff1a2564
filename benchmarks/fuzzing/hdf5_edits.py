"""Edits of HDF5 files and traps in them; see ``edits.py``."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuzzing.edits import Edit, other_json, other_values

__all__ = ["HDF5_EDITS", "HDF5_TRAPS"]


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


def _type_or_shape(file: h5py.File, name: str, dice: random.Random) -> None:
    _replace(file, name, other_values(file[name][()], dice))


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
