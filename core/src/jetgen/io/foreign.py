"""Files of other formats: what they are, told by their contents before their names, and the line that converts them.

Where `jetbench convert` does not read the format either, the line is Python for jets in JetNet's features; who has
others changes the names. None of them is run here.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

__all__ = ["foreign_arrays", "foreign_bytes", "foreign_lists"]

_NAMES = "feature_names=['etarel', 'phirel', 'ptrel']"
_PADDED = f"np.savez({{target}}, points=a, mask=a[..., 2] > 0, {_NAMES})"
_FLAT = f"np.savez({{target}}, points=a, offsets=np.arange(len(a) + 1), {_NAMES})"
_RAGGED = (
    "np.savez({target}, points=np.stack([ak.flatten(a[k]) for k in a.fields], 1), "
    "offsets=np.r_[0, np.cumsum(ak.num(a[a.fields[0]]))], feature_names=a.fields)"
)
_UNPACK = "it is compressed as a whole: unpack it first, by {tool} {path}"

_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"ARROW1", "an Arrow (Feather) file", "a = ak.from_feather({path}); " + _RAGGED),
)
_PACKED = ((b"\x1f\x8b", "gunzip"), (b"BZh", "bunzip2"), (b"\xfd7zXZ", "unxz"), (b"\x28\xb5\x2f\xfd", "unzstd"))

_TORCH = "a = torch.load({path}, weights_only=True).numpy(); " + _PADDED
_TABLE = "a = pd.read_hdf({path}).to_numpy('f4'); " + _FLAT
_PARQUET = "a = ak.from_parquet({path}); " + _RAGGED


def foreign_bytes(path: Path, head: bytes) -> str | None:
    """What a file is that is neither HDF5 nor npz, with the line that converts it; None if it is nothing known.

    Arguments:
        path: the file.
        head: its first bytes, some hundreds.
    """
    for beginning, what, line in _BEGINNINGS:
        if head.startswith(beginning):
            return _convert(path, what, line)
    for beginning, tool in _PACKED:
        if head.startswith(beginning):
            return _UNPACK.format(tool=tool, path=path)
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return "it is a pickle, which is never loaded, because it may run code; save plain arrays with np.savez"
    return _foreign_text(path, head)


def foreign_arrays(path: Path, names: Collection[str], attributes: Mapping[str, Any], members: Collection[str]) -> str:
    """What an HDF5 file or an archive is whose arrays are those of another format; empty if it is nothing known.

    Arguments:
        names: of its arrays and groups.
        attributes: of the file.
        members: the names inside a zip archive.
    """
    if any(name.endswith("data.pkl") for name in members):
        return _convert(path, "a file of torch", _TORCH)
    if {"showers", "incident_energies"} <= set(names):
        return _by_us(path, "an HDF5 file of the CaloChallenge")
    if "X" in names and members:
        return _by_us(path, "an npz archive of EnergyFlow")
    if "PYTABLES_FORMAT_VERSION" in attributes or {"axis0", "block0_values"} <= set(names):
        return _convert(
            path, "an HDF5 file of pandas (PyTables; the top-tagging dataset is read by jetbench convert)", _TABLE
        )
    return ""


def foreign_lists(path: Path) -> str:
    """What a Parquet file of lists is, which is no table, with the line that converts it."""
    return _convert(path, "a Parquet file of lists", _PARQUET)


def _foreign_text(path: Path, head: bytes) -> str | None:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        text = head[: error.start].decode("utf-8") if error.start > len(head) - 4 else ""  # a letter cut in two
    first = text.split("\n", 1)[0].strip()
    if not first or not all(c.isprintable() or c.isspace() for c in text):
        return None
    if first[0] in "{[":
        return "it is JSON; write its numbers with np.savez"
    if not any(delimiter in first for delimiter in ",;\t"):
        return None
    return f"it is a table of text (CSV); call it {path.stem}.csv, and each row is read as a cloud of one point"


def _by_us(path: Path, what: str) -> str:
    command = shlex.join(["jetbench", "convert", str(path), "-o", f"{path.stem}-jetgen.h5"])
    return f"it is {what}; convert it: {command}"


def _convert(path: Path, what: str, line: str) -> str:
    # The target has a name of its own, so that no file of the user is overwritten.
    written = line.format(path=repr(str(path)), target=repr(f"{path.stem}-jetgen.npz"))
    return f"it is {what}; convert it, for example: {written}"
