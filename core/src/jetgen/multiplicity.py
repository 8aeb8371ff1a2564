"""How many points a cloud has: the empirical table of the training split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.errors import DataError

__all__ = ["Multiplicity"]


class Multiplicity:
    """The distribution of the number of points, as counted: no smoothing, and nothing where nothing was seen.

    Arguments:
        tally: how many training clouds have 0, 1, 2, ... points.

    Raises:
        DataError: if the tally is empty, negative or not made of integers.

    >>> table = Multiplicity.of([30, 30, 29, 30])
    >>> table.draw(5, np.random.default_rng(1)).tolist()
    [30, 30, 30, 30, 29]
    >>> table.log_prob([30, 28]).round(3).tolist()
    [-0.288, -inf]
    """

    def __init__(self, tally: ArrayLike) -> None:
        counts = np.asarray(tally)
        if counts.ndim != 1 or counts.dtype.kind not in "iu" or counts.min(initial=0) < 0 or counts.sum() == 0:
            msg = "the table of multiplicities needs non-negative integers in one dimension, not all of them zero"
            raise DataError(msg)
        self.tally = counts.astype(np.int64)

    @classmethod
    def of(cls, counts: ArrayLike) -> Self:
        """The table of these multiplicities, for example ``Multiplicity.of(train.counts)``."""
        numbers = np.asarray(counts)
        if numbers.ndim != 1 or len(numbers) == 0 or numbers.dtype.kind not in "iu" or numbers.min() < 0:
            msg = "a table of multiplicities is made from at least one non-negative integer"
            raise DataError(msg)
        return cls(np.bincount(numbers))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The probability of 0, 1, 2, ... points."""
        return np.asarray(self.tally / self.tally.sum(), np.float64)

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """``n`` multiplicities."""
        # Integers below the total, not floats: every training cloud is exactly as likely as every other.
        picks = rng.integers(self.tally.sum(), size=n)
        return np.searchsorted(np.cumsum(self.tally), picks, side="right").astype(np.int64)

    def log_prob(self, counts: ArrayLike) -> NDArray[np.float64]:
        """The natural logarithm of the probability of each multiplicity; minus infinity for one that was not seen."""
        numbers = np.asarray(counts, np.int64)
        known = (numbers >= 0) & (numbers < len(self.tally))
        with np.errstate(divide="ignore"):
            table = np.log(self.probabilities)
        return np.where(known, table[np.where(known, numbers, 0)], -np.inf)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal table."""
        return {"tally": self.tally.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The table that :meth:`to_json` described; a :class:`DataError` if the document is not one."""
        if not isinstance(document.get("tally"), list):
            msg = "the description of the multiplicities has no list called tally"
            raise DataError(msg)
        return cls(np.asarray(document["tally"]))
