"""Clouds as files for others to read: the native layout, JetNet's, npz, and Parquet with a list in each cell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.api.protocols import CloudSource
from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError
from jetgen.io.atomic import atomic_path
from jetgen.io.hdf5_growing import append, hdf5_file
from jetgen.io.writing import write_clouds

__all__ = ["FORMATS", "check_exportable", "export", "format_of"]

_BLOCK = 10_000


def format_of(path: Path, layout: str | None = None) -> str:
    """What is written to a file: ``layout`` if it is given, else what the ending of its name says.

    Raises:
        UsageError: if neither is known.
    """
    kind = layout or _ENDINGS.get(path.suffix.lower())
    if kind in FORMATS:
        return kind
    endings = ", ".join(_ENDINGS)
    msg = f"what shall {path.name} be? Let it end in one of {endings}, or name one of the layouts {', '.join(FORMATS)}"
    raise UsageError(msg)


def export(path: Path, source: CloudSource, spec: CloudSpec, layout: str | None = None) -> None:
    """Write clouds to a file, block by block, whole or not at all.

    Arguments:
        path: of the file; its ending says what it is, if ``layout`` does not.
        layout: one of :data:`FORMATS`.

    Raises:
        UsageError: if the format is not known, or cannot hold such clouds.
        JetgenError: if the file cannot be written; an existing file is then unchanged.
    """
    FORMATS[format_of(path, layout)](path, source, spec)


def check_exportable(path: Path, spec: CloudSpec, layout: str | None = None) -> None:
    """Check that the format can hold all of clouds of this spec, before any are made.

    Raises:
        UsageError: if it cannot.
    """
    kind = format_of(path, layout)
    if kind != "native" and spec.given is not None:
        msg = f"{kind} cannot hold clouds that answer true events; write HDF5 in the native layout, such as answers.h5"
        raise UsageError(msg)
    if kind == "jetnet" and set(RELATIVE) != set(spec.names):
        msg = f"JetNet's layout holds {', '.join(RELATIVE)} of particles, these clouds have {', '.join(spec.names)}"
        raise UsageError(msg)
    twice = set(spec.names) & set(spec.conditioning_names)
    if kind == "parquet" and twice:
        msg = (
            f"{', '.join(sorted(twice))} is a feature and a condition, and would be two columns of one name in Parquet"
        )
        raise UsageError(msg)


def _native(path: Path, source: CloudSource, spec: CloudSpec) -> None:
    write_clouds(path, source, spec)


def _jetnet(path: Path, source: CloudSource, spec: CloudSpec) -> None:
    """``particle_features`` (N, P, 4): etarel, phirel, ptrel and the mask; conditioning is ``jet_features``.

    Weights are the array ``weights``, which JetNet does not look at.
    """
    columns = [spec.index(name) for name in RELATIVE]
    with atomic_path(path) as aside, hdf5_file(aside) as file:
        shape = (0, spec.max_points, len(RELATIVE) + 1)
        particles = file.create_dataset(
            "particle_features", shape, "f4", maxshape=(None, *shape[1:]), chunks=(1000, *shape[1:]), fletcher32=True
        )
        particles.attrs["particle_feature_names"] = ",".join((*RELATIVE, "mask"))
        whole = []  # what is one number for each cloud
        for part in _blocks(source):
            points, mask = part.padded(spec.max_points)
            append(particles, np.concatenate([points[..., columns], mask[..., None]], axis=2, dtype=np.float32))
            whole.append((part.conditioning, part.weights))
        if spec.conditioning:
            jets = file.create_dataset("jet_features", data=np.concatenate([rows for rows, _ in whole]))
            jets.attrs["jet_feature_names"] = ",".join(spec.conditioning_names)
        weights = [each for _, each in whole if each is not None]
        if weights:
            file["weights"] = np.concatenate(weights)


def _npz(path: Path, source: CloudSource, spec: CloudSpec) -> None:
    """``points``, ``offsets``, ``feature_names`` and what else there is; in memory at once."""
    clouds = source[0 : len(source)]
    arrays: dict[str, Any] = {"points": clouds.points, "offsets": clouds.offsets, "feature_names": np.array(spec.names)}
    if spec.conditioning:
        arrays |= {"context": clouds.conditioning, "context_names": np.array(spec.conditioning_names)}
    if clouds.weights is not None:
        arrays["weights"] = clouds.weights
    with atomic_path(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _parquet(path: Path, source: CloudSource, spec: CloudSpec) -> None:
    """A row for each cloud, a list in the column of each feature: jagged arrays for awkward and coffea."""
    import pyarrow as pa
    from pyarrow import parquet

    weighted = source[0:1].weights is not None
    fields = [(name, pa.list_(pa.float32())) for name in spec.names]
    fields += [(name, pa.float32()) for name in spec.conditioning_names] + (
        [("weight", pa.float64())] if weighted else []
    )
    schema = pa.schema(fields, metadata={"cloud_spec": json.dumps(spec.to_json(), allow_nan=False)})
    with atomic_path(path) as aside, aside.open("wb") as file, parquet.ParquetWriter(file, schema) as writer:
        for part in _blocks(source):
            offsets = pa.array(part.offsets.astype(np.int32))
            columns = [pa.ListArray.from_arrays(offsets, pa.array(column)) for column in part.points.T.copy()]
            columns += [pa.array(column) for column in part.conditioning.T.copy()]
            columns += [pa.array(part.weights)] if part.weights is not None else []
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _blocks(source: CloudSource) -> Iterator[Clouds]:
    for start in range(0, max(1, len(source)), _BLOCK):
        part = source[start : start + _BLOCK]
        yield Clouds(part.points, part.offsets, part.conditioning, weights=part.weights)


FORMATS: dict[str, Callable[[Path, CloudSource, CloudSpec], None]] = {
    "native": _native,
    "jetnet": _jetnet,
    "npz": _npz,
    "parquet": _parquet,
}
"""How each format is written, by its name."""

_ENDINGS = {".h5": "native", ".hdf5": "native", ".npz": "npz", ".parquet": "parquet"}
