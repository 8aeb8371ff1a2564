"""Ragged point clouds in NumPy: the one data type that all parts of jetgen exchange."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.data.arrays import check_offsets, check_range, finite, integers, offsets_of
from jetgen.data.conversions import awkward_of, columns_of, tensors_of
from jetgen.data.shown import facts_html
from jetgen.data.weights import checked_weights
from jetgen.errors import DataError

__all__ = ["Clouds"]


class Clouds:
    """N point clouds of any multiplicity, stored one after the other. N may be 0.

    :meth:`from_multiplicities` and :meth:`from_padded` make them from other layouts.

    Arguments:
        points: float32 (total, F), the features of every point; cloud i owns ``points[offsets[i]:offsets[i + 1]]``.
        offsets: int64 (N + 1,), non-decreasing from 0 to total; an empty cloud repeats its offset.
        conditioning: float32 (N, C), per-cloud observables; C may be 0.
        given: the conditioning clouds, one per event.
        event: int64 (N,), the row of ``given`` that each cloud is conditioned on; several clouds may share one.
        weights: float64 (N,), how much each generated cloud counts; only their ratios matter. None if all count alike.

    Raises:
        DataError: if a shape, a dtype, an offset or a value is wrong; the message names the array and the first
            bad index.

    >>> clouds = Clouds([[0.1, 0.5], [0.2, 0.3], [0.0, 1.0]], [0, 2, 3])
    >>> len(clouds), clouds.multiplicity.tolist()
    (2, [2, 1])
    >>> clouds[1:].points.tolist()
    [[0.0, 1.0]]
    """

    __slots__ = ("conditioning", "event", "given", "offsets", "points", "weights")

    points: NDArray[np.float32]
    offsets: NDArray[np.int64]
    conditioning: NDArray[np.float32]
    given: Clouds | None
    event: NDArray[np.int64] | None
    weights: NDArray[np.float64] | None

    def __init__(
        self,
        points: ArrayLike,
        offsets: ArrayLike,
        conditioning: ArrayLike | None = None,
        given: Clouds | None = None,
        event: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> None:
        self.points = finite("points", points)
        self.offsets = integers("offsets", offsets)
        check_offsets(self.offsets, len(self.points))
        n = len(self.offsets) - 1
        self.conditioning = finite("conditioning", np.empty((n, 0)) if conditioning is None else conditioning)
        if len(self.conditioning) != n:
            msg = f"conditioning has {len(self.conditioning)} rows for {n} clouds"
            raise DataError(msg)
        if (given is None) != (event is None):
            msg = "given and event come together: one of them is missing"
            raise DataError(msg)
        self.given = given
        self.event = None if event is None else integers("event", event)
        if self.given is not None and self.event is not None:
            if len(self.event) != n:
                msg = f"event has {len(self.event)} entries for {n} clouds"
                raise DataError(msg)
            check_range("event", self.event, len(self.given), "given clouds")
        self.weights = None if weights is None else checked_weights(weights, n)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        given = f", given={len(self.given)}" if self.given is not None else ""
        weighted = ", weighted" if self.weights is not None else ""
        return f"Clouds({len(self)} clouds, {len(self.points)} points, {self.n_features} features{given}{weighted})"

    @property
    def n_features(self) -> int:
        """F, the number of features of a point."""
        return int(self.points.shape[1])

    @property
    def multiplicity(self) -> NDArray[np.int64]:
        """int64 (N,), the number of points of each cloud."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64 (total,), the cloud that each point belongs to."""
        return np.repeat(np.arange(len(self)), self.multiplicity)

    @property
    def ranks(self) -> NDArray[np.int64]:
        """int64 (total,), the position of each point inside its cloud, from 0."""
        return np.arange(len(self.points)) - np.repeat(self.offsets[:-1], self.multiplicity)

    def _repr_html_(self) -> str:
        """What a notebook shows: sizes and multiplicities."""
        sizes = self.multiplicity
        spread = f"{sizes.min()} to {sizes.max()}, mean {sizes.mean():.3g}" if len(self) else "none"
        return facts_html(repr(self), {"multiplicity": spread})

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """The points float32 (n, F) of one cloud after the other."""
        return (self.points[first:last] for first, last in pairwise(self.offsets.tolist()))

    @overload
    def __getitem__(self, key: int) -> NDArray[np.float32]: ...

    @overload
    def __getitem__(self, key: slice | NDArray[Any] | Sequence[int]) -> Clouds: ...

    def __getitem__(self, key: int | slice | NDArray[Any] | Sequence[int]) -> Clouds | NDArray[np.float32]:
        """Some of the clouds: a view for a slice without a step, a copy for an array of indices or of booleans.

        The points float32 (n, F) of one cloud for a number; clouds themselves are ``[3:4]``.

        Raises:
            TypeError: if ``key`` is neither a number, a slice, nor one dimension of indices.
            IndexError: if there is no such cloud.
        """
        if isinstance(key, int | np.integer):
            row = range(len(self))[key]
            return self.points[self.offsets[row] : self.offsets[row + 1]]
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
        weights = None if self.weights is None else self.weights[start:stop]
        offsets, conditioning = self.offsets[start : stop + 1] - first, self.conditioning[start:stop]
        return Clouds._trusted(self.points[first:last], offsets, conditioning, self.given, event, weights)

    def _pick(self, index: NDArray[np.int64]) -> Clouds:
        multiplicity = self.multiplicity[index]
        offsets = offsets_of(multiplicity)
        source = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][index] - offsets[:-1], multiplicity)
        event = None if self.event is None else self.event[index]
        weights = None if self.weights is None else self.weights[index]
        return Clouds._trusted(self.points[source], offsets, self.conditioning[index], self.given, event, weights)

    @classmethod
    def _trusted(
        cls,
        points: NDArray[np.float32],
        offsets: NDArray[np.int64],
        conditioning: NDArray[np.float32],
        given: Clouds | None,
        event: NDArray[np.int64] | None,
        weights: NDArray[np.float64] | None,
    ) -> Clouds:
        """Clouds from arrays that were checked before: slicing does not check them again."""
        self = object.__new__(cls)
        self.points, self.offsets, self.conditioning = points, offsets, conditioning
        self.given, self.event, self.weights = given, event, weights
        return self

    def with_points(self, points: ArrayLike) -> Clouds:
        """The same clouds with other points (total, F); the multiplicities stay, and all other arrays are shared.

        Raises:
            DataError: if the number of points differs, or a value is not finite.
        """
        return Clouds(points, self.offsets, self.conditioning, self.given, self.event, self.weights)

    def with_weights(self, weights: ArrayLike | None) -> Clouds:
        """The same clouds with other weights (N,), or without any; all other arrays are shared.

        Raises:
            DataError: if there is not one weight for each cloud, or one is negative or not finite.
        """
        checked = None if weights is None else checked_weights(weights, len(self))
        return Clouds._trusted(self.points, self.offsets, self.conditioning, self.given, self.event, checked)

    def padded(self, size: int | None = None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Points float32 (N, P, F), zero in the empty slots, and the mask bool (N, P), True where a slot holds a point.

        Arguments:
            size: P, the number of slots of each cloud; the largest multiplicity by default.

        Raises:
            DataError: if a cloud has more than P points.

        >>> points, mask = Clouds([[0.1], [0.2], [0.3]], [0, 2, 3]).padded(4)
        >>> points.shape, mask.tolist()
        ((2, 4, 1), [[True, True, False, False], [True, False, False, False]])
        """
        largest = int(self.multiplicity.max(initial=0))
        size = largest if size is None else size
        if largest > size:
            row = int(np.argmax(self.multiplicity))
            msg = f"cloud {row} has {largest} points, more than the {size} slots asked for"
            raise DataError(msg)
        mask = np.arange(size) < self.multiplicity[:, None]
        points = np.zeros((len(self), size, self.n_features), np.float32)
        points[mask] = self.points
        return points, mask

    def to_torch(self, size: int | None = None) -> tuple[Any, Any]:
        """What :meth:`padded` gives, as tensors of torch."""
        return tensors_of(self, size)

    def to_awkward(self, names: Sequence[str]) -> Any:
        """A jagged array of awkward: a list of points for each cloud, with a field for each feature.

        Arguments:
            names: of the features, such as those of a :class:`jetgen.CloudSpec`.

        Raises:
            UsageError: if awkward is not installed.
            DataError: if there is not one name for each feature.
        """
        return awkward_of(self, names)

    @classmethod
    def from_awkward(cls, array: Any, names: Sequence[str] | None = None) -> Clouds:
        """Clouds of a jagged array of awkward, whose fields are features.

        Arguments:
            array: a list of points for each cloud, or a record with a list for each feature.
            names: the fields to take, in this order; all by default.

        Raises:
            UsageError: if awkward is not installed.
            DataError: if the array has no such fields, or a value is not finite.
        """
        points, multiplicity = columns_of(array, names)
        return cls.from_multiplicities(points, multiplicity)

    @classmethod
    def from_padded(
        cls,
        points: ArrayLike,
        mask: ArrayLike,
        conditioning: ArrayLike | None = None,
        given: Clouds | None = None,
        event: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> Clouds:
        """Clouds of the points (N, P, F) where the mask (N, P) is True or 1; values in other slots are ignored.

        ``Clouds.from_padded(np.zeros((0, P, F)), np.zeros((0, P), bool))`` are 0 clouds of F features.

        Raises:
            DataError: if the shapes do not match, a value of the mask is neither 0 nor 1, or an argument is not
                what :class:`Clouds` accepts.

        >>> Clouds.from_padded([[[0.1], [0.0]], [[0.2], [0.3]]], [[True, False], [True, True]]).multiplicity.tolist()
        [1, 2]
        """
        values, slots = np.asarray(points), np.asarray(mask)
        if values.ndim != 3 or slots.shape != values.shape[:2]:
            msg = f"points {values.shape} and mask {slots.shape} do not go together: (N, P, F) and (N, P) are needed"
            raise DataError(msg)
        if slots.dtype != np.bool_:
            wrong = np.argwhere(~np.isin(slots, (0, 1)))
            if len(wrong):
                row, slot = wrong[0]
                msg = f"mask is {slots[row, slot]} at row {row}, slot {slot}; 0 or 1 is needed"
                raise DataError(msg)
            slots = slots.astype(np.bool_)
        return cls(values[slots], offsets_of(slots.sum(1)), conditioning, given, event, weights)

    @classmethod
    def from_multiplicities(
        cls,
        points: ArrayLike,
        multiplicity: ArrayLike,
        conditioning: ArrayLike | None = None,
        given: Clouds | None = None,
        event: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> Clouds:
        """Clouds of the points (total, F), of which the first ``multiplicity[0]`` make cloud 0, and so on.

        ``Clouds.from_multiplicities(np.zeros((0, F)), [])`` are 0 clouds of F features.

        Arguments:
            multiplicity: int (N,), the number of points of each cloud; their sum is ``total``.

        Raises:
            DataError: if the multiplicities are not integers of 0 or more, do not add up to the number of points, or
                another argument is not what :class:`Clouds` accepts.

        >>> Clouds.from_multiplicities([[0.1], [0.2], [0.3]], [2, 0, 1]).offsets.tolist()
        [0, 2, 2, 3]
        """
        values, numbers = np.asarray(points), integers("multiplicity", multiplicity)
        check_range("multiplicity", numbers)
        if values.ndim == 2 and numbers.sum() != len(values):
            msg = f"the multiplicities add up to {numbers.sum()} but there are {len(values)} points"
            raise DataError(msg)
        return cls(values, offsets_of(numbers), conditioning, given, event, weights)

    @classmethod
    def concatenate(cls, parts: Sequence[Clouds]) -> Clouds:
        """All clouds of the parts, one part after the other.

        Parts that share one ``given`` go on sharing it; different ones are concatenated too.

        Raises:
            DataError: if there are no parts, or if they differ in the number of features or of conditioning columns,
                or in whether they have conditioning clouds or weights.
        """
        if not parts:
            msg = "there is nothing to concatenate: the list of clouds is empty, so their features are not known"
            raise DataError(msg)
        first = parts[0]
        for i, part in enumerate(parts):
            if (part.n_features, part.conditioning.shape[1]) != (first.n_features, first.conditioning.shape[1]):
                msg = f"part {i} has other features or conditioning columns than part 0"
                raise DataError(msg)
            if (part.given is None) != (first.given is None):
                msg = f"part {i} has {'no ' if part.given is None else ''}conditioning clouds, unlike part 0"
                raise DataError(msg)
            if (part.weights is None) != (first.weights is None):
                msg = f"part {i} has {'no ' if part.weights is None else ''}weights, unlike part 0"
                raise DataError(msg)
        given, event = _joined(parts)
        weights = [part.weights for part in parts if part.weights is not None]
        return cls._trusted(
            np.concatenate([part.points for part in parts]),
            offsets_of(np.concatenate([part.multiplicity for part in parts])),
            np.concatenate([part.conditioning for part in parts]),
            given,
            event,
            np.concatenate(weights) if weights else None,
        )

    def fingerprint(self) -> str:
        """SHA-256 of all arrays: equal for equal clouds, on any machine."""
        digest = hashlib.sha256()
        # The former name of conditioning keeps fingerprints.
        names = ("points", "offsets", "context", "event", "weights")
        arrays = (self.points, self.offsets, self.conditioning, self.event, self.weights)
        for name, array in zip(names, arrays, strict=True):
            if array is not None:
                digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        if self.given is not None:
            digest.update(self.given.fingerprint().encode())
        return digest.hexdigest()


def _joined(parts: Sequence[Clouds]) -> tuple[Clouds | None, NDArray[np.int64] | None]:
    """The conditioning clouds of all parts, and the row of them that each cloud is conditioned on."""
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
