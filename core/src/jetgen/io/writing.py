"""Write clouds in the native layout: block by block, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jetgen.api.protocols import CloudSource
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.io.atomic import atomic_path
from jetgen.io.hdf5_growing import CHUNK_ROWS, append, growing, hdf5_file
from jetgen.io.meaning import FORMAT_VERSION, WEIGHTED_VERSION

__all__ = ["write_clouds"]


def write_clouds(path: Path | str, source: CloudSource, spec: CloudSpec, block: int = 10_000) -> None:
    """Write clouds to an HDF5 file that :func:`jetgen.io.open_clouds` reads, ``block`` of them at a time.

    All of it has checksums (Fletcher 32, and those of HDF5 1.10 for what describes the arrays): damage is noticed when
    the file is read.

    Raises:
        DataError: if the clouds do not match ``spec``.
        JetgenError: if the file cannot be written; an existing file is then unchanged.
    """
    with atomic_path(Path(path)) as aside, hdf5_file(aside) as file:
        _write_group(file, source, spec, block)


def _write_group(group: h5py.Group, source: CloudSource, spec: CloudSpec, block: int) -> None:
    # Of a fixed length: HDF5 keeps other texts apart, where they have no checksum.
    group.attrs["cloud_spec"] = np.bytes_(json.dumps(spec.to_json(), allow_nan=False).encode())
    points = growing(group, "points", len(spec.features))
    conditioning = growing(group, "context", len(spec.conditioning), len(source))
    offsets = [np.zeros(1, np.int64)]
    events, weights = [], []
    given: Clouds | None = None
    for start in range(0, max(1, len(source)), block):
        part = source[start : start + block]
        given = part.given if start == 0 else given
        _check(part, spec, start, given)
        offsets.append(part.offsets[1:] + offsets[-1][-1])
        append(points, part.points)
        append(conditioning, part.conditioning)
        if part.event is not None:
            events.append(part.event)
        if part.weights is not None:
            weights.append(part.weights)
        if 0 < len(weights) * block < start + block:
            msg = f"some of the clouds from row {start - block} to row {start + block} have weights and some have none"
            raise DataError(msg)
    group.attrs["format_version"] = WEIGHTED_VERSION if weights else FORMAT_VERSION
    _whole(group, "offsets", np.concatenate(offsets))
    if weights:
        _whole(group, "weights", np.concatenate(weights))
    if given is not None and spec.given is not None:
        _whole(group, "event", np.concatenate(events))
        _write_group(group.create_group("given"), given, spec.given, block)


def _whole(group: h5py.Group, name: str, values: Any) -> None:
    """An array that is written at once; without values HDF5 allows no chunks."""
    checked = {"chunks": (min(len(values), CHUNK_ROWS),), "fletcher32": True} if len(values) else {}
    group.create_dataset(name, data=values, **checked)


def _check(part: Clouds, spec: CloudSpec, start: int, given: Clouds | None) -> None:
    if (part.n_features, part.conditioning.shape[1]) != (len(spec.features), len(spec.conditioning)):
        have = f"{part.n_features} features and {part.conditioning.shape[1]} conditioning columns"
        msg = (
            f"the clouds from row {start} have {have}; their spec has {len(spec.features)} and {len(spec.conditioning)}"
        )
        raise DataError(msg)
    large = np.flatnonzero(part.multiplicity > spec.max_points)
    if len(large):
        row = large[0]
        msg = f"cloud {start + row} has {part.multiplicity[row]} points; its spec says at most {spec.max_points}"
        raise DataError(msg)
    if part.given is not given or (given is None) != (spec.given is None):
        msg = f"the clouds from row {start} do not have the conditioning clouds that their spec describes"
        raise DataError(msg)
