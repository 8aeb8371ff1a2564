"""Ragged point clouds in NumPy: the one shape of data that jetgen moves between its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.errors import DataError

__all__ = ["Clouds"]


class Clouds:
    """N clouds of any size, stored one after the other.

    Arguments:
        points: float32 (total, F), the features of every point; cloud i owns ``points[offsets[i]:offsets[i + 1]]``.
        offsets: int64 (N + 1), rising from 0 to total; an empty cloud repeats its offset.
        conditioning: float32 (N, C), per-cloud observables; C may be 0.
        given: a conditioning set per event, itself clouds.
        event: int64 (N,), the row of ``given`` that each cloud answers; replicas share one.

    Raises:
        DataError: if a shape, a dtype, an offset or a value is wrong; it names the array and the first bad index.

    >>> clouds = Clouds([[0.1, 0.5], [0.2, 0.3], [0.0, 1.0]], [0, 2, 3])
    >>> len(clouds), clouds.multiplicity.tolist()
    (2, [2, 1])
    >>> clouds[1:].points.tolist()
    [[0.0, 1.0]]
    """

    __slots__ = ("conditioning", "event", "given", "offsets", "points")

    points: NDArray[np.float32]
    offsets: NDArray[np.int64]
    conditioning: NDArray[np.float32]
    given: Clouds | None
    event: NDArray[np.int64] | None

    def __init__(
        self,
        points: ArrayLike,
        offsets: ArrayLike,
        conditioning: ArrayLike | None = None,
        given: Clouds | None = None,
        event: ArrayLike | None = None,
    ) -> None:
        self.points = _finite("points", points)
        self.offsets = _integers("offsets", offsets)
        _check_offsets(self.offsets, len(self.points))
        n = len(self.offsets) - 1
        self.conditioning = (
            np.empty((n, 0), np.float32) if conditioning is None else _finite("conditioning", conditioning)
        )
        if len(self.conditioning) != n:
            msg = f"conditioning has {len(self.conditioning)} rows for {n} clouds"
            raise DataError(msg)
        if (given is None) != (event is None):
            msg = "given and event come together: one of them is missing"
            raise DataError(msg)
        self.given = given
        self.event = None if event is None else _integers("event", event)
        if self.given is not None and self.event is not None:
            _check_event(self.event, n, len(self.given))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        given = f", given={len(self.given)}" if self.given is not None else ""
        return f"Clouds({len(self)} clouds, {len(self.points)} points, {self.n_features} features{given})"

    @property
    def n_features(self) -> int:
        """F, the number of features of a point."""
        return int(self.points.shape[1])

    @property
    def multiplicity(self) -> NDArray[np.int64]:
        """int64 (N,), the number of points of each cloud (its multiplicity)."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64 (total,), the cloud that each point belongs to."""
        return np.repeat(np.arange(len(self)), self.multiplicity)

    @property
    def ranks(self) -> NDArray[np.int64]:
        """int64 (total,), the place of each point inside its cloud, from 0."""
        return np.arange(len(self.points)) - np.repeat(self.offsets[:-1], self.multiplicity)

    def __getitem__(self, key: slice | NDArray[Any] | Sequence[int]) -> Clouds:
        """Some of the clouds: a view for a slice without a step, a copy for an array of indices or of truths."""
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self._view(start, max(start, stop))
        index = np.arange(len(self))[key]
        if index.ndim != 1:
            msg = f"clouds are picked by a slice or one dimension of indices, such as [3:4], not by {key!r}"
            raise TypeError(msg)
        return self._pick(index)

    def _view(self, start: int, stop: int) -> Clouds:
        first, last = self.offsets[start], self.offsets[stop]
        event = None if self.event is None else self.event[start:stop]
        offsets = self.offsets[start : stop + 1] - first
        return Clouds._trusted(self.points[first:last], offsets, self.conditioning[start:stop], self.given, event)

    def _pick(self, index: NDArray[np.int64]) -> Clouds:
        counts = self.multiplicity[index]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        source = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][index] - offsets[:-1], counts)
        event = None if self.event is None else self.event[index]
        return Clouds._trusted(self.points[source], offsets, self.conditioning[index], self.given, event)

    @classmethod
    def _trusted(
        cls,
        points: NDArray[np.float32],
        offsets: NDArray[np.int64],
        conditioning: NDArray[np.float32],
        given: Clouds | None,
        event: NDArray[np.int64] | None,
    ) -> Clouds:
        """Parts of clouds that were checked before are not checked again: slicing stays free."""
        self = object.__new__(cls)
        self.points, self.offsets, self.conditioning, self.given, self.event = (
            points,
            offsets,
            conditioning,
            given,
            event,
        )
        return self

    def with_points(self, points: ArrayLike) -> Clouds:
        """The same clouds with other points, as many in each as before; everything else is shared."""
        return Clouds(points, self.offsets, self.conditioning, self.given, self.event)

    def padded(self, size: int | None = None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Points (N, P, F) with zeros in the empty places, and the mask (N, P) that is True at points.

        ``size`` is P, by default the largest multiplicity; a larger cloud than P is a :class:`DataError`.
        """
        largest = int(self.multiplicity.max(initial=0))
        size = largest if size is None else size
        if largest > size:
            row = int(np.argmax(self.multiplicity))
            msg = f"cloud {row} has {largest} points, more than the {size} places asked for"
            raise DataError(msg)
        mask = np.arange(size) < self.multiplicity[:, None]
        points = np.zeros((len(self), size, self.n_features), np.float32)
        points[mask] = self.points
        return points, mask

    @classmethod
    def from_padded(
        cls,
        points: ArrayLike,
        mask: ArrayLike,
        conditioning: ArrayLike | None = None,
        given: Clouds | None = None,
        event: ArrayLike | None = None,
    ) -> Clouds:
        """Clouds of the points (N, P, F) where the mask (N, P) is True; what stands elsewhere is not looked at."""
        values, places = np.asarray(points), np.asarray(mask)
        if values.ndim != 3 or places.shape != values.shape[:2]:
            msg = f"points {values.shape} and mask {places.shape} do not go together: (N, P, F) and (N, P) are needed"
            raise DataError(msg)
        if places.dtype != np.bool_:
            wrong = np.argwhere(~np.isin(places, (0, 1)))
            if len(wrong):
                row, place = wrong[0]
                msg = f"mask is {places[row, place]} at row {row}, place {place}; 0 or 1 is needed"
                raise DataError(msg)
            places = places.astype(np.bool_)
        offsets = np.concatenate([[0], np.cumsum(places.sum(1, dtype=np.int64))])
        return cls(values[places], offsets, conditioning, given, event)

    @classmethod
    def concatenate(cls, parts: Sequence[Clouds]) -> Clouds:
        """One after the other. The parts agree in F and C, and in whether they answer a given set.

        Parts that share one ``given`` go on sharing it; different ones are put one after the other too.
        """
        if not parts:
            msg = "there is nothing to concatenate: the list of clouds is empty"
            raise DataError(msg)
        first = parts[0]
        for i, part in enumerate(parts):
            if (part.n_features, part.conditioning.shape[1]) != (first.n_features, first.conditioning.shape[1]):
                msg = f"part {i} has other features or conditioning columns than part 0"
                raise DataError(msg)
            if (part.given is None) != (first.given is None):
                msg = f"part {i} {'has no' if part.given is None else 'has a'} given set, unlike part 0"
                raise DataError(msg)
        offsets = np.concatenate([[0], np.cumsum(np.concatenate([part.multiplicity for part in parts]))])
        given, event = _joined(parts)
        return cls._trusted(
            np.concatenate([part.points for part in parts]),
            offsets.astype(np.int64),
            np.concatenate([part.conditioning for part in parts]),
            given,
            event,
        )

    def fingerprint(self) -> str:
        """SHA-256 of all arrays: equal for equal clouds, on any machine."""
        digest = hashlib.sha256()
        arrays: dict[str, NDArray[Any] | None] = {
            "points": self.points,
            "offsets": self.offsets,
            "context": self.conditioning,  # the first name of it: fingerprints stay what they were
            "event": self.event,
        }
        for name, array in arrays.items():
            if array is not None:
                digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        if self.given is not None:
            digest.update(self.given.fingerprint().encode())
        return digest.hexdigest()


def _joined(parts: Sequence[Clouds]) -> tuple[Clouds | None, NDArray[np.int64] | None]:
    """One given set for all parts, and the row of it that each of their clouds answers."""
    sets: dict[int, Clouds] = {}
    starts: dict[int, int] = {}
    events = []
    for part in parts:
        if part.given is None or part.event is None:
            return None, None
        key = id(part.given)
        starts.setdefault(key, sum(len(given) for given in sets.values()))
        sets.setdefault(key, part.given)
        events.append(part.event + starts[key])
    given = Clouds.concatenate(list(sets.values())) if len(sets) > 1 else next(iter(sets.values()))
    return given, np.concatenate(events)


def _finite(name: str, values: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(values)
    if array.ndim != 2:
        msg = f"{name} has shape {array.shape}; two dimensions are needed"
        raise DataError(msg)
    if array.dtype.kind not in "fiu":
        msg = f"{name} has dtype {array.dtype}; numbers are needed"
        raise DataError(msg)
    with np.errstate(over="ignore"):
        array = array.astype(np.float32, copy=False)
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        msg = f"{name} is not finite at row {row}, column {column}"
        raise DataError(msg)
    return array


def _integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        msg = f"{name} has shape {array.shape} and dtype {array.dtype}; one dimension of integers is needed"
        raise DataError(msg)
    return array.astype(np.int64, copy=False)


def _check_offsets(offsets: NDArray[np.int64], total: int) -> None:
    if len(offsets) == 0 or offsets[0] != 0:
        msg = "offsets do not begin with 0"
        raise DataError(msg)
    falls = np.flatnonzero(np.diff(offsets) < 0)
    if len(falls):
        msg = f"offsets fall from {offsets[falls[0]]} to {offsets[falls[0] + 1]} at index {falls[0] + 1}"
        raise DataError(msg)
    if offsets[-1] != total:
        msg = f"offsets end at {offsets[-1]} but there are {total} points"
        raise DataError(msg)


def _check_event(event: NDArray[np.int64], n: int, events: int) -> None:
    if len(event) != n:
        msg = f"event has {len(event)} entries for {n} clouds"
        raise DataError(msg)
    outside = np.flatnonzero((event < 0) | (event >= events))
    if len(outside):
        msg = f"event {event[outside[0]]} at index {outside[0]} is outside the {events} given sets"
        raise DataError(msg)
