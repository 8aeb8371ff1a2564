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
from jetgen.data.weights import checked_weights
from jetgen.errors import DataError
from jetgen.io.jagged import JaggedLayout
from jetgen.io.layouts import Layout, PaddedLayout, find_layout
from jetgen.io.meaning import (
    Observables,
    check_declared,
    check_weights,
    declared_spec,
    find_conditioning,
    observable_names,
)
from jetgen.io.names import choose, described
from jetgen.io.reading import reading
from jetgen.io.root_trees import TreeLayout, find_tree
from jetgen.io.store import Store, open_store
from jetgen.io.tables import CsvLayout, ParquetLayout, find_table

__all__ = ["CloudFile", "open_clouds"]


def open_clouds(
    path: Path | str,
    features: Sequence[str] | None = None,
    conditioning: Sequence[str] | None = None,
    kind: Kind | None = None,
    points: str | None = None,
    mask: str | None = None,
) -> CloudFile:
    """Open a file of clouds. Shapes, names and offsets are checked now, values when they are read.

    Arguments:
        path: HDF5, npz, npy, CSV, Parquet or ROOT, in any of the layouts of :mod:`jetgen.io`.
        features: the features to read, in this order. Required for a file that does not name its columns.
        conditioning: the per-cloud observables to read. All by default; none by default of a JetNet file, because
            its ``jet_features`` are sums over the particles that a generator makes.
        kind: the kind of the clouds, if the file does not declare it. By default ``"table"`` if no cloud has two
            points, else ``"jets"``.
        points: the array of the points, if it has another name than usual; of a ROOT file, the tree.
        mask: of padded points, the array that says which slots are filled, or the feature that is positive where one
            is. By default an array or a column called ``mask``.

    Raises:
        DataError: if the file cannot be read as clouds; the message names the file, the array and the fault.
    """
    path = Path(path)
    with reading(path):
        found = find_tree(path, points, features) or find_table(path, features)
        if found is None:
            store = open_store(path)
        else:
            store, layout = found
        try:
            if found is None:
                return _open(store, features, conditioning, kind, points=points, mask=mask)
            _require_columns(store, None if isinstance(layout, TreeLayout) else points, mask)
            if isinstance(layout, JaggedLayout | TreeLayout):
                return _open(store, features, conditioning, kind, layout)
            return _open_table(store, layout, conditioning, kind or "table")
        except BaseException:
            store.close()
            raise


class CloudFile(SlicedSource):
    """Clouds on disk, made by :func:`open_clouds`. A slice reads the rows that it covers.

    Arguments:
        store: the arrays.
        layout: the arrangement of the points.
        spec: the meaning of the clouds that are read.
        columns: the columns of the stored points that are the features of ``spec``.
        observables: the columns of the conditioning.
        declared: whether the file says itself what its clouds are; otherwise the kind of ``spec`` is a guess.
    """

    def __init__(
        self,
        store: Store,
        layout: Layout,
        spec: CloudSpec,
        columns: list[int],
        observables: Observables,
        *,
        declared: bool,
    ) -> None:
        self.spec, self.declared = spec, declared
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
    def observables(self) -> tuple[str, ...]:
        """The names of all that the file knows of each cloud as a whole, whether it is read as conditioning or not."""
        return observable_names(self._store)

    def observed(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Some of :attr:`observables` of all clouds, float32 (N, names); no points are read.

        Raises:
            DataError: if there is no such observable, or a value is not finite.
        """
        wanted = find_conditioning(self._store, len(self), None, names)
        with reading(self.path, f"columns {', '.join(names)}"):
            found = self._read_columns(wanted, 0, len(self))
        return np.empty((len(self), 0), np.float32) if found is None else found

    @property
    def weighted(self) -> bool:
        """Whether the clouds have weights: there is an array ``weights`` (N,)."""
        return "weights" in self._store

    @property
    def event(self) -> NDArray[np.int64] | None:
        """int64 (N,), the row of ``given`` that each cloud answers; None if there are no conditioning clouds."""
        if self.spec.given is None:
            return None
        return self._store.read("event").astype(np.int64)

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    def close(self) -> None:
        """Close the file. Clouds that were read stay valid."""
        self._store.close()

    def read(self, start: int, stop: int) -> Clouds:
        """The clouds from row ``start`` to row ``stop`` of the file, read now.

        Raises:
            DataError: if a value is not finite or a mask is neither 0 nor 1; the message has the row in the file.
        """
        with reading(self.path, f"part from row {start} to row {stop}"):
            return self._read(start, stop)

    def _read(self, start: int, stop: int) -> Clouds:
        values, where = self._layout.read(start, stop)
        with np.errstate(over="ignore"):
            points = values[:, self._columns].astype(np.float32, copy=False)
        bad = np.argwhere(~np.isfinite(points))
        if len(bad):
            row, column = bad[0].tolist()
            cloud = int(np.searchsorted(where.offsets, row, "right")) - 1
            at = f"row {start + cloud}, point {row - where.offsets[cloud]}, feature {self.spec.names[column]}"
            self._store.refuse(f"{self._layout.points} is not finite at {at}")
        conditioning, weights = self._read_columns(self._observables, start, stop), self._read_weights(start, stop)
        return Clouds(points, where.offsets, conditioning, where.given, where.event, weights)

    def _read_weights(self, start: int, stop: int) -> NDArray[np.float64] | None:
        if not self.weighted:
            return None
        try:
            return checked_weights(self._store.read("weights", start, stop), stop - start, start)
        except DataError as error:
            self._store.refuse(str(error))

    def _read_columns(self, wanted: Observables, start: int, stop: int) -> NDArray[np.float32] | None:
        name, columns = wanted.array, wanted.columns
        if not columns:
            return None
        with np.errstate(over="ignore"):
            values = self._store.read(name, start, stop)[:, columns].astype(np.float32)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, column = bad[0].tolist()
            self._store.refuse(f"{name} is not finite at row {start + row}, column {columns[column]}")
        return values


def _require_columns(store: Store, points: str | None, mask: str | None) -> None:
    """Refuse the names of arrays for a file that has columns."""
    if mask is not None:
        store.refuse(f"a mask ({mask}) is for padded arrays; the clouds of this file have their own lengths")
    if points is not None:
        store.refuse(f"it has columns and no array {points!r}; choose some of them by --features (features= in Python)")


def _open_table(
    store: Store, layout: CsvLayout | ParquetLayout, conditioning: Sequence[str] | None, kind: Kind
) -> CloudFile:
    observables = find_conditioning(store, len(layout), None, conditioning)
    spec = CloudSpec(kind, described(layout.names), 1, conditioning=observables.features)
    return CloudFile(store, layout, spec, layout.columns, observables, declared=False)


def _open_given(store: Store) -> CloudFile | None:
    """The conditioning clouds of the file, if it has some; they come with the array ``event``, and with ``offsets``."""
    if "given" not in store:
        if "event" in store and "offsets" in store:
            store.refuse("event says which conditioning cloud each cloud answers, but there is no group given")
        return None
    if "offsets" not in store:
        store.refuse("conditioning clouds (the group given) go with points and offsets; add an array offsets")
    return _open(store.inside("given"), None, None, None)


def _open(
    store: Store,
    features: Sequence[str] | None,
    conditioning: Sequence[str] | None,
    kind: Kind | None,
    jagged: JaggedLayout | TreeLayout | None = None,
    points: str | None = None,
    mask: str | None = None,
) -> CloudFile:
    declared = declared_spec(store)
    given = _open_given(store)
    truth = given[:] if given is not None else None
    layout: Layout = find_layout(store, truth, features, points, mask) if jagged is None else jagged
    if features is not None and isinstance(layout, PaddedLayout):
        features = [name for name in features if name != "mask"]
    if jagged is not None and declared is None and conditioning is None:
        conditioning = ()  # columns of numbers beside the lists may be anything
    found = layout.names if declared is None else declared.names
    names, picked = choose(store, layout.points, found, len(layout.columns), features)
    observables = find_conditioning(store, len(layout), declared, conditioning)
    check_weights(store, len(layout))
    if declared is None:
        guess: Kind = kind or ("table" if layout.max_points == 1 else "jets")
        spec = CloudSpec(guess, described(names), layout.max_points, given=given.spec if given is not None else None)
    else:
        check_declared(store, declared, layout.max_points, given.spec if given is not None else None)
        spec = replace(declared, features=tuple(declared.features[i] for i in picked))
    spec = replace(spec, conditioning=observables.features)
    columns = [layout.columns[i] for i in picked]
    return CloudFile(store, layout, spec, columns, observables, declared=declared is not None)
