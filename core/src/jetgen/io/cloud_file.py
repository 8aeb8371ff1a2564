"""A file of clouds that is read by slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec, Kind
from jetgen.io.layouts import Layout, find_layout
from jetgen.io.meaning import Observables, check_told, find_context, told_spec
from jetgen.io.names import choose, described
from jetgen.io.store import Store, open_store

__all__ = ["CloudFile", "open_clouds"]


def open_clouds(
    path: Path | str,
    features: Sequence[str] | None = None,
    conditioning: Sequence[str] | None = None,
    kind: Kind | None = None,
) -> CloudFile:
    """Open a file of clouds. Shapes, names and offsets are checked now, values when they are read.

    Arguments:
        path: HDF5 or npz, in any of the layouts of :mod:`jetgen.io`.
        features: the features to read, in this order. Needed for a file that does not name its columns.
        conditioning: the per-cloud observables to read. By default all that the file has; of a JetNet file
            none, because its ``jet_features`` are sums over the particles that a model is to make.
        kind: what the clouds are, where the file does not say. By default a table if no cloud has two points,
            else jets.

    Raises:
        DataError: one sentence with the file, the array and what is wrong with it.
    """
    store = open_store(Path(path))
    try:
        return _open(store, features, conditioning, kind)
    except BaseException:
        store.close()
        raise


class CloudFile(SlicedSource):
    """Clouds on disk, made by :func:`open_clouds`. A slice reads the rows that it covers.

    Arguments:
        store: the arrays.
        layout: where the points of a cloud are.
        spec: what the clouds that are read mean.
        columns: the columns of the points that make the features of ``spec``.
        observables: where the conditioning is.
    """

    def __init__(
        self, store: Store, layout: Layout, spec: CloudSpec, columns: list[int], observables: Observables
    ) -> None:
        self.spec = spec
        self._store, self._layout, self._columns, self._observables = store, layout, columns, observables

    def __len__(self) -> int:
        return len(self._layout)

    def __repr__(self) -> str:
        return f"CloudFile({str(self.path)!r}: {len(self)} clouds of {', '.join(self.spec.names)})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    def close(self) -> None:
        """Release the file; slices that were read stay."""
        self._store.close()

    def read(self, start: int, stop: int) -> Clouds:
        """The clouds from row ``start`` to row ``stop`` of the file, read now.

        Raises:
            DataError: if a value is not finite or a mask is neither 0 nor 1; the message has the row in the file.
        """
        values, where = self._layout.read(start, stop)
        with np.errstate(over="ignore"):
            points = values[:, self._columns].astype(np.float32, copy=False)
        bad = np.argwhere(~np.isfinite(points))
        if len(bad):
            row, column = bad[0].tolist()
            cloud = int(np.searchsorted(where.offsets, row, "right")) - 1
            place = f"row {start + cloud}, point {row - where.offsets[cloud]}, feature {self.spec.names[column]}"
            self._store.refuse(f"{self._layout.points} is not finite at {place}")
        return Clouds(points, where.offsets, self._read_context(start, stop), where.given, where.event)

    def _read_context(self, start: int, stop: int) -> NDArray[np.float32] | None:
        name, columns = self._observables.array, self._observables.columns
        if not columns:
            return None
        with np.errstate(over="ignore"):
            values = self._store.read(name, start, stop)[:, columns].astype(np.float32)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, column = bad[0].tolist()
            self._store.refuse(f"{name} is not finite at row {start + row}, column {columns[column]}")
        return values


def _open(
    store: Store, features: Sequence[str] | None, conditioning: Sequence[str] | None, kind: Kind | None
) -> CloudFile:
    told = told_spec(store)
    given = _open(store.inside("given"), None, None, None) if "given" in store and "offsets" in store else None
    layout = find_layout(store, given[:] if given is not None else None)
    found = layout.names if told is None else told.names
    names, picked = choose(store, layout.points, found, len(layout.columns), features)
    observables = find_context(store, len(layout), told, conditioning)
    if told is None:
        guess: Kind = kind or ("table" if layout.max_points == 1 else "jets")
        spec = CloudSpec(guess, described(names), layout.max_points, given=given.spec if given is not None else None)
    else:
        check_told(store, told, layout.max_points, given.spec if given is not None else None)
        spec = replace(told, features=tuple(told.features[i] for i in picked))
    spec = replace(spec, conditioning=observables.features)
    return CloudFile(store, layout, spec, [layout.columns[i] for i in picked], observables)
