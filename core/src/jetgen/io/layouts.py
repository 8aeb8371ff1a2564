"""The layouts of clouds in a file: one after the other with offsets, or padded with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.io.names import stored_names
from jetgen.io.store import Store

__all__ = ["Layout", "PaddedLayout", "RaggedLayout", "find_layout"]

_NOT_POSITIVE = 0.02  # of the points of a generator may have no momentum, and are left out; a wrong column has half
_JETNET_NAMES = ("etarel", "phirel", "ptrel", "mask")


class Layout(Protocol):
    """The place of the points of each cloud in the file."""

    @property
    def points(self) -> str:
        """The name of the array of points."""
        ...

    @property
    def columns(self) -> list[int]:
        """The columns of it that are features."""
        ...

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of these columns; None if the file does not have them."""
        ...

    @property
    def max_points(self) -> int:
        """The largest multiplicity, or the number of slots."""
        ...

    def __len__(self) -> int: ...

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        """The points (total, columns) of clouds ``start`` to ``stop``, and clouds with 0 features that hold the rest.

        Raises:
            DataError: if the rows cannot be read, or a mask is neither 0 nor 1.
        """
        ...


@dataclass
class RaggedLayout:
    """``points`` (total, columns), one cloud after the other, and ``offsets`` (N + 1)."""

    store: Store
    clouds: Clouds
    columns: list[int]
    names: tuple[str, ...] | None
    points: str = "points"

    @classmethod
    def of(cls, store: Store, given: Clouds | None, name: str = "points") -> RaggedLayout:
        """The layout, after a check of the offsets, and of the events if there are conditioning clouds.

        Raises:
            DataError: if they are wrong.
        """
        points = store.array(name, "points, features")
        store.array("offsets", "clouds + 1", "iu")
        if given is not None:
            store.array("event", "clouds", "iu")
        event = store.read("event") if given is not None else None
        try:
            # Clouds with 0 features take no memory, and the constructor checks the offsets.
            clouds = Clouds(np.empty((len(points), 0), np.float32), store.read("offsets"), given=given, event=event)
        except DataError as error:
            store.refuse(str(error))
        names = stored_names(store, name, "feature_names", "features")
        return cls(store, clouds, list(range(points.shape[1])), names, name)

    @property
    def max_points(self) -> int:
        return max(1, int(self.clouds.multiplicity.max(initial=0)))

    def __len__(self) -> int:
        return len(self.clouds)

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        first, last = self.clouds.offsets[[start, stop]].tolist()
        return self.store.read(self.points, first, last), self.clouds[start:stop]


@dataclass(frozen=True)
class Mask:
    """What says which slots hold points.

    Arguments:
        array: an array (N, P) of zeros and ones; empty if a column of the points says it.
        column: that column.
        positive: whether the column is a feature that is positive where there is a point, and not a mask of its own.
    """

    array: str = ""
    column: int = 0
    positive: bool = False

    def slots(self, store: Store, block: NDArray[Any], start: int, stop: int) -> NDArray[np.bool_]:
        """Which slots of the rows ``start`` to ``stop`` hold points.

        Raises:
            DataError: if a mask is neither 0 nor 1, or many slots that hold something would be left out.
        """
        mask = store.read(self.array, start, stop) if self.array else block[..., self.column]
        if self.positive:
            return self._positive(store, block, mask, start)
        wrong = np.argwhere((mask != 0) & (mask != 1))
        if len(wrong):
            row, slot = wrong[0].tolist()
            store.refuse(f"mask is {mask[row, slot]} at row {start + row}, slot {slot}; 0 or 1 is needed")
        return mask.astype(np.bool_)

    def _positive(self, store: Store, block: NDArray[Any], values: NDArray[Any], start: int) -> NDArray[np.bool_]:
        slots: NDArray[np.bool_] = values > 0
        something = (block != 0).any(axis=2)
        wrong = np.argwhere(something & ~slots)
        if len(wrong) > _NOT_POSITIVE * np.count_nonzero(something):
            row, slot = wrong[0].tolist()
            found = ", ".join(f"{value:g}" for value in block[row, slot].tolist())
            store.refuse(
                f"{len(wrong):,} slots such as row {start + row}, slot {slot} ({found}) would be left out: column "
                f"{self.column} is not what is positive where there is a point; name another mask"
            )
        return slots


@dataclass
class PaddedLayout:
    """Points (N, P, columns), and what says which of their slots are filled."""

    store: Store
    points: str
    columns: list[int]
    names: tuple[str, ...] | None
    mask: Mask

    @classmethod
    def of(cls, store: Store, points: str, names: tuple[str, ...] | None, mask: str | None = None) -> PaddedLayout:
        """The layout, after a check of the shape of the mask.

        Arguments:
            mask: the array, or the feature that is positive where there is a point; by default an array or a column
                called ``mask``.

        Raises:
            DataError: if there is no mask, or it has another shape.
        """
        shape = tuple(store.array(points, "clouds, slots, features").shape)
        if 0 in shape[1:]:
            store.refuse(f"{points} has shape {shape}: clouds of no slots or no features hold nothing")
        known = names if names is not None and len(names) == shape[2] else ()
        found = _find_mask(store, points, known, mask)
        if found.array:
            held = tuple(store.array(found.array, "clouds, slots", "fiub").shape)
            if held != shape[:2]:
                store.refuse(f"{found.array} has shape {held} but {points} has shape {shape}")
        # A column called mask is no feature, even where an array says which slots are filled.
        dropped = known.index("mask") if "mask" in known else None
        columns = [i for i in range(shape[2]) if i != dropped]
        if names is not None and dropped is not None:
            names = tuple(names[i] for i in columns)
        return cls(store, points, columns, names, found)

    @property
    def max_points(self) -> int:
        return max(1, int(self.store.arrays[self.points].shape[1]))

    def __len__(self) -> int:
        return int(self.store.arrays[self.points].shape[0])

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        block = self.store.read(self.points, start, stop)
        slots = self.mask.slots(self.store, block, start, stop)
        points = block[slots]
        return points, Clouds.from_multiplicities(np.empty((len(points), 0), np.float32), slots.sum(1))


def _find_mask(store: Store, points: str, names: Sequence[str], wanted: str | None) -> Mask:
    """The mask of padded points: what is ``wanted``, else what is called ``mask``."""
    name = wanted or "mask"
    if name not in store and name not in names:
        if wanted is None:
            store.refuse(
                f"{points} has no mask and no offsets: which of its slots hold points is not known; add an array mask, "
                "or name the feature that is positive where there is a point: jetbench convert --mask ptrel"
            )
        held = f"features {', '.join(names)}" if names else "no names of features: give them, too"
        store.refuse(f"there is neither an array nor a feature {wanted!r} that could be the mask; it has {held}")
    if name in store:
        return Mask(array=name)
    return Mask(column=list(names).index(name), positive=wanted not in (None, "mask"))


def find_layout(
    store: Store,
    given: Clouds | None,
    features: Sequence[str] | None = None,
    points: str | None = None,
    mask: str | None = None,
) -> Layout:
    """The layout of a file, chosen by the names of its arrays.

    Arguments:
        given: the conditioning clouds, if there are some.
        features: what the caller calls the columns, of a file that does not name them.
        points, mask: the names of these, if they have others than usual; see :meth:`PaddedLayout.of`.

    Raises:
        DataError: if the arrays are those of no layout.
    """
    if points is None and "particle_features" in store:
        shape = tuple(store.array("particle_features", "clouds, slots, features").shape)
        names = stored_names(store, "particle_features", "particle_feature_names", "feature_names", "features")
        published = _JETNET_NAMES[: shape[2]] if shape[2] in (3, 4) else None
        return PaddedLayout.of(store, "particle_features", names or published, mask)
    name = points or "points"
    if name not in store:
        if points is None:
            store.refuse_names("there is neither an array 'points' nor 'particle_features'")
        store.array(name, "clouds, slots, features")
    if "offsets" in store and mask is None:
        return RaggedLayout.of(store, given, name)
    if len(getattr(store.arrays[name], "shape", ())) == 2:
        store.refuse(
            f"{name} has two dimensions but there are no offsets: where a cloud ends is not known; add an array offsets"
        )
    names = stored_names(store, name, "feature_names", "features")
    known = names or (None if features is None else tuple(features))
    layout = PaddedLayout.of(store, name, known, mask)
    if names is None and layout.names == known:
        layout.names = None  # no mask among them; the number of the caller's names is checked where they are chosen
    return layout
