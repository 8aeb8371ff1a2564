"""What to generate: how many clouds, and what each of them is conditioned on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jetgen.data.arrays import check_range, integers
from jetgen.data.clouds import Clouds
from jetgen.data.spec import Feature
from jetgen.errors import DataError

__all__ = ["Conditions"]


@dataclass(frozen=True, eq=False)
class Conditions:
    """A request for ``n`` clouds. Cloud i of the sample belongs to row i of the request, whatever the batches are.

    Arguments:
        n: the number of clouds; 0 is allowed.
        conditioning: float32 (n, C), per-cloud observables to generate for.
        given, event: the conditioning clouds, and int64 (n,), the row of them for each cloud, as in
            :class:`jetgen.Clouds`.
        multiplicity: int64 (n,), the multiplicities asked for. The harness asks for none: a generator draws its own.

    Raises:
        DataError: if an array has another length than ``n``, or a value out of range; the message names it.
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
        if self.multiplicity is not None:
            check_range("multiplicity", integers("multiplicity", self.multiplicity))
        if self.given is not None and self.event is not None:
            check_range("event", integers("event", self.event), len(self.given), "given clouds")

    @classmethod
    def like(cls, truth: Clouds) -> Conditions:
        """What a generator may know of ``truth``: its conditioning and conditioning clouds, not its multiplicities."""
        conditioning = truth.conditioning if truth.conditioning.shape[1] else None
        return cls(len(truth), conditioning=conditioning, given=truth.given, event=truth.event)

    def columns(self, columns: Sequence[Feature]) -> NDArray[np.float32]:
        """The conditioning float32 (n, C) that is asked for, for a model that was trained with these columns.

        Raises:
            DataError: if it has another number of columns.
        """
        found = np.empty((self.n, 0), np.float32) if self.conditioning is None else self.conditioning
        if found.shape[1] != len(columns):
            names = ", ".join(column.name for column in columns) or "nothing"
            msg = f"the conditioning to generate for has {found.shape[1]} columns; the model was trained for {names}"
            raise DataError(msg)
        return found

    def chosen_multiplicity(self, largest: int, draw: Callable[[int], NDArray[np.int64]]) -> NDArray[np.int64]:
        """The multiplicities int64 (n,) that are asked for; if none are, those of ``draw(n)``.

        Arguments:
            largest: the largest multiplicity that the model can make.

        Raises:
            DataError: if one is larger.
        """
        multiplicity = draw(self.n) if self.multiplicity is None else np.asarray(self.multiplicity, np.int64)
        if multiplicity.max(initial=0) > largest:
            msg = f"multiplicities between 0 and {largest} can be asked for, not up to {multiplicity.max()}"
            raise DataError(msg)
        return multiplicity

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Conditions:
        """The request for some of the rows, such as those of one batch; a slice or int64 (m,)."""
        n = len(np.arange(self.n)[rows])
        cut = {name: getattr(self, name) for name in ("conditioning", "event", "multiplicity")}
        return replace(self, n=n, **{name: None if array is None else array[rows] for name, array in cut.items()})
