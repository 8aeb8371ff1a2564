"""The layouts of clouds in a file: one after the other with offsets, or padded with a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.io.names import stored_names
from jetgen.io.store import Store

__all__ = ["Layout", "PaddedLayout", "RaggedLayout", "find_layout"]

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
    def of(cls, store: Store, given: Clouds | None) -> RaggedLayout:
        """The layout, after a check of the offsets, and of the events if there are conditioning clouds.

        Raises:
            DataError: if they are wrong.
        """
        points = store.array("points", "points, features")
        store.array("offsets", "clouds + 1", "iu")
        if given is not None:
            store.array("event", "clouds", "iu")
        event = store.read("event") if given is not None else None
        try:
            # Clouds with 0 features take no memory, and the constructor checks the offsets.
            clouds = Clouds(np.empty((len(points), 0), np.float32), store.read("offsets"), given=given, event=event)
        except DataError as error:
            store.refuse(str(error))
        names = stored_names(store, "points", "feature_names", "features")
        return cls(store, clouds, list(range(points.shape[1])), names)

    @property
    def max_points(self) -> int:
        return max(1, int(self.clouds.multiplicity.max(initial=0)))

    def __len__(self) -> int:
        return len(self.clouds)

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        first, last = self.clouds.offsets[[start, stop]].tolist()
        return self.store.read("points", first, last), self.clouds[start:stop]


@dataclass
class PaddedLayout:
    """Points (N, P, columns) and a mask (N, P): an array of its own, or the column called ``mask``."""

    store: Store
    points: str
    columns: list[int]
    names: tuple[str, ...] | None
    mask: int | None

    @classmethod
    def of(cls, store: Store, points: str, names: tuple[str, ...] | None) -> PaddedLayout:
        """The layout, after a check of the shape of the mask.

        Raises:
            DataError: if there is no mask, or it has another shape.
        """
        shape = tuple(store.array(points, "clouds, slots, features").shape)
        if 0 in shape[1:]:
            store.refuse(f"{points} has shape {shape}: clouds of no slots or no features hold nothing")
        column = names.index("mask") if names is not None and "mask" in names and len(names) == shape[2] else None
        if "mask" in store:
            mask = store.array("mask", "clouds, slots", "fiub")
            if tuple(mask.shape) != shape[:2]:
                store.refuse(f"mask has shape {tuple(mask.shape)} but {points} has shape {shape}")
        elif column is None:
            store.refuse(
                f"{points} has no mask and no offsets: which of its slots hold points is not known; add an array mask"
            )
        columns = [i for i in range(shape[2]) if i != column]
        if names is not None and column is not None:
            names = tuple(names[i] for i in columns)
        return cls(store, points, columns, names, None if "mask" in store else column)

    @property
    def max_points(self) -> int:
        return max(1, int(self.store.arrays[self.points].shape[1]))

    def __len__(self) -> int:
        return int(self.store.arrays[self.points].shape[0])

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        block = self.store.read(self.points, start, stop)
        mask = self.store.read("mask", start, stop) if self.mask is None else block[..., self.mask]
        wrong = np.argwhere((mask != 0) & (mask != 1))
        if len(wrong):
            row, slot = wrong[0].tolist()
            self.store.refuse(f"mask is {mask[row, slot]} at row {start + row}, slot {slot}; 0 or 1 is needed")
        slots = mask.astype(np.bool_)
        points = block[slots]
        return points, Clouds.from_multiplicities(np.empty((len(points), 0), np.float32), slots.sum(1))


def find_layout(store: Store, given: Clouds | None) -> Layout:
    """The layout of a file, chosen by the names of its arrays.

    Raises:
        DataError: if the arrays are those of no layout.
    """
    if "particle_features" in store:
        shape = tuple(store.array("particle_features", "clouds, slots, features").shape)
        names = stored_names(store, "particle_features", "particle_feature_names", "feature_names", "features")
        published = _JETNET_NAMES[: shape[2]] if shape[2] in (3, 4) else None
        return PaddedLayout.of(store, "particle_features", names or published)
    if "points" not in store:
        store.refuse_names("there is neither an array 'points' nor 'particle_features'")
    if "offsets" in store:
        return RaggedLayout.of(store, given)
    if len(getattr(store.arrays["points"], "shape", ())) == 2:
        store.refuse(
            "points has two dimensions but there are no offsets: where a cloud ends is not known; add an array offsets"
        )
    return PaddedLayout.of(store, "points", stored_names(store, "points", "feature_names", "features"))
