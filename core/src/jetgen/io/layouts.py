"""The arrangements of clouds in a file: one after the other with offsets, or padded with a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.io.names import stored_names
from jetgen.io.store import Store

__all__ = ["Layout", "Padded", "Ragged", "find_layout"]

_JETNET_NAMES = ("etarel", "phirel", "ptrel", "mask")


class Layout(Protocol):
    """Where the points of a row of the file are."""

    points: str
    """The array that holds them."""
    columns: list[int]
    """Its columns that are features."""
    names: tuple[str, ...] | None
    """The names of these columns, if the file tells."""

    @property
    def max_points(self) -> int:
        """The largest cloud that can be there."""
        ...

    def __len__(self) -> int: ...

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        """The points of some rows, with every column, and featureless clouds that say which belongs where."""
        ...


@dataclass
class Ragged:
    """``points`` one cloud after the other, and ``offsets``."""

    store: Store
    clouds: Clouds
    columns: list[int]
    names: tuple[str, ...] | None
    points: str = "points"

    @classmethod
    def of(cls, store: Store, given: Clouds | None) -> Ragged:
        """The layout after a check of the offsets, and of the events if there is a given set."""
        points = store.array("points", "points, features")
        store.array("offsets", "clouds + 1", "iu")
        if given is not None:
            store.array("event", "clouds", "iu")
        event = store.read("event") if given is not None else None
        try:
            # Clouds without features cost no memory, and their construction is the check.
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
class Padded:
    """An array (clouds, places, features) and a mask: an array of its own or a column called ``mask``."""

    store: Store
    points: str
    columns: list[int]
    names: tuple[str, ...] | None
    mask: int | None

    @classmethod
    def of(cls, store: Store, points: str, names: tuple[str, ...] | None) -> Padded:
        """The layout after a check that there is a mask and that it fits."""
        shape = tuple(store.array(points, "clouds, places, features").shape)
        column = names.index("mask") if names is not None and "mask" in names and len(names) == shape[2] else None
        if "mask" in store:
            mask = store.array("mask", "clouds, places", "fiub")
            if tuple(mask.shape) != shape[:2]:
                store.refuse(f"mask has shape {tuple(mask.shape)} but {points} has shape {shape}")
        elif column is None:
            store.refuse(f"{points} has no mask and no offsets: which of its places are points cannot be known")
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
            row, place = wrong[0].tolist()
            self.store.refuse(f"mask is {mask[row, place]} at row {start + row}, place {place}; 0 or 1 is needed")
        places = mask.astype(np.bool_)
        points = block[places]
        offsets = np.concatenate([[0], np.cumsum(places.sum(1, dtype=np.int64))])
        return points, Clouds(np.empty((len(points), 0), np.float32), offsets)


def find_layout(store: Store, given: Clouds | None) -> Layout:
    """The layout of a file, from the arrays that are there."""
    if "particle_features" in store:
        shape = tuple(store.array("particle_features", "clouds, places, features").shape)
        names = stored_names(store, "particle_features", "particle_feature_names", "feature_names", "features")
        published = _JETNET_NAMES[: shape[2]] if shape[2] in (3, 4) else None
        return Padded.of(store, "particle_features", names or published)
    if "points" not in store:
        held = ", ".join(sorted(store.arrays)) or "nothing"
        store.refuse(f"there is neither an array 'points' nor 'particle_features'; it holds {held}")
    if "offsets" in store:
        return Ragged.of(store, given)
    if len(getattr(store.arrays["points"], "shape", ())) == 2:
        store.refuse("points has two dimensions but there are no offsets: where a cloud ends cannot be known")
    return Padded.of(store, "points", stored_names(store, "points", "feature_names", "features"))
