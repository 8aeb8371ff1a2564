"""What to generate: how many clouds, and what each of them answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import Feature
from jetgen.errors import DataError

__all__ = ["Conditions"]


@dataclass(frozen=True, eq=False)
class Conditions:
    """A request for ``n`` clouds; row i of the answer answers row i, whatever batching does inside.

    Arguments:
        n: how many clouds.
        conditioning: float32 (n, C), per-cloud observables to generate for.
        given, event: a conditioning set per event and the row of it for each cloud, as in :class:`jetgen.Clouds`.
        multiplicity: int64 (n,), the multiplicities asked for. The harness leaves them out: a generator draws its own.
    """

    n: int
    conditioning: NDArray[np.float32] | None = None
    given: Clouds | None = None
    event: NDArray[np.int64] | None = None
    multiplicity: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.n < 0:
            msg = f"{self.n} clouds cannot be generated"
            raise DataError(msg)
        for name in ("conditioning", "event", "multiplicity"):
            array = getattr(self, name)
            if array is not None and len(array) != self.n:
                msg = f"{name} has {len(array)} rows for {self.n} clouds"
                raise DataError(msg)
        if (self.given is None) != (self.event is None):
            msg = "given and event come together: one of them is missing"
            raise DataError(msg)
        events = 0 if self.given is None else len(self.given)
        for name, array, end in (("event", self.event, events), ("multiplicity", self.multiplicity, None)):
            if array is not None:
                _check_integers(name, array, end)

    @classmethod
    def like(cls, truth: Clouds) -> Conditions:
        """What a fair model may know of ``truth``: its conditioning and given set, never masks or multiplicities."""
        conditioning = truth.conditioning if truth.conditioning.shape[1] else None
        return cls(len(truth), conditioning=conditioning, given=truth.given, event=truth.event)

    def columns(self, columns: Sequence[Feature]) -> NDArray[np.float32]:
        """The conditioning (n, C) that was asked for, for a model that was trained with these columns.

        Raises:
            DataError: if there are others.
        """
        found = np.empty((self.n, 0), np.float32) if self.conditioning is None else self.conditioning
        if found.shape[1] != len(columns):
            names = ", ".join(column.name for column in columns) or "nothing"
            msg = f"the conditioning to generate for has {found.shape[1]} columns; the model was trained for {names}"
            raise DataError(msg)
        return found

    def chosen_multiplicity(self, largest: int, draw: Callable[[int], NDArray[np.int64]]) -> NDArray[np.int64]:
        """The multiplicities asked for; where none are, those that ``draw`` gives for so many clouds.

        Raises:
            DataError: if one is larger than a cloud can be.
        """
        counts = draw(self.n) if self.multiplicity is None else np.asarray(self.multiplicity, np.int64)
        if counts.max(initial=0) > largest:
            msg = f"multiplicities between 0 and {largest} can be asked for, not up to {counts.max()}"
            raise DataError(msg)
        return counts

    def __getitem__(self, rows: slice) -> Conditions:
        """The request for some of the rows: generators work through it in batches."""
        n = len(range(*rows.indices(self.n)))
        cut = {name: getattr(self, name) for name in ("conditioning", "event", "multiplicity")}
        return replace(self, n=n, **{name: None if array is None else array[rows] for name, array in cut.items()})


def _check_integers(name: str, array: NDArray[np.int64], end: int | None) -> None:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        msg = f"{name} has shape {array.shape} and dtype {array.dtype}; one dimension of integers is needed"
        raise DataError(msg)
    wrong = np.flatnonzero((array < 0) | (array >= (np.inf if end is None else end)))
    if len(wrong):
        allowed = "0 or more is needed" if end is None else f"there are {end} given sets"
        msg = f"{name} is {array[wrong[0]]} at index {wrong[0]}; {allowed}"
        raise DataError(msg)
