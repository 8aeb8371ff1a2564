"""Distributions of the multiplicity: the histogram of the training clouds, also in bins of the conditioning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.data.spec import Feature
from jetgen.errors import DataError

__all__ = ["ConditionalMultiplicity", "Multiplicity"]


class Multiplicity:
    """The histogram of multiplicities, without smoothing: a multiplicity that never occurred has probability 0.

    Arguments:
        tally: int (M + 1,), the numbers of training clouds with 0, 1, ..., M points.

    Raises:
        DataError: if the tally is empty, zero, negative or not made of integers.

    >>> table = Multiplicity.of([30, 30, 29, 30])
    >>> table.draw(5, np.random.default_rng(1)).tolist()
    [30, 30, 29, 30, 30]
    >>> table.log_prob([30, 28]).round(3).tolist()
    [-0.288, -inf]
    """

    def __init__(self, tally: ArrayLike) -> None:
        counts = np.asarray(tally)
        if counts.ndim != 1 or counts.dtype.kind not in "iu" or counts.min(initial=0) < 0 or counts.sum() == 0:
            msg = "the histogram of multiplicities needs non-negative integers in one dimension, not all of them zero"
            raise DataError(msg)
        self.tally = counts.astype(np.int64)

    @classmethod
    def of(cls, multiplicity: ArrayLike) -> Self:
        """The histogram of these multiplicities (N,), for example ``Multiplicity.of(train.multiplicity)``.

        Raises:
            DataError: if there are none, or one is not an integer of 0 or more.
        """
        numbers = np.asarray(multiplicity)
        if numbers.ndim != 1 or len(numbers) == 0 or numbers.dtype.kind not in "iu" or numbers.min() < 0:
            msg = "a histogram of multiplicities is made from at least one non-negative integer"
            raise DataError(msg)
        return cls(np.bincount(numbers))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """float64 (M + 1,), the probability of 0, 1, ..., M points."""
        return np.asarray(self.tally / self.tally.sum(), np.float64)

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """int64 (n,), random multiplicities; a larger ``n`` begins with the same ones."""
        return self.quantile(rng.random(n))

    def quantile(self, levels: NDArray[np.float64]) -> NDArray[np.int64]:
        """int64 (n,), the quantiles of the multiplicity at these levels (n,), each in [0, 1)."""
        total = self.tally.sum()
        picks = np.minimum((levels * total).astype(np.int64), total - 1)
        found: NDArray[np.int64] = np.searchsorted(np.cumsum(self.tally), picks, side="right").astype(np.int64)
        return found

    def log_prob(self, multiplicity: ArrayLike) -> NDArray[np.float64]:
        """The natural logarithm of the probability of each multiplicity; minus infinity where it is 0."""
        numbers = np.asarray(multiplicity, np.int64)
        known = (numbers >= 0) & (numbers < len(self.tally))
        with np.errstate(divide="ignore"):
            table = np.log(self.probabilities)
        return np.where(known, table[np.where(known, numbers, 0)], -np.inf)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal histogram."""
        return {"tally": self.tally.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The histogram that :meth:`to_json` described.

        Raises:
            DataError: if the document is not one.
        """
        if not isinstance(document.get("tally"), list):
            msg = "the histogram of multiplicities has no list called tally"
            raise DataError(msg)
        return cls(np.asarray(document["tally"]))


_CLOUDS_PER_BIN = 200  # enough for a histogram, and few enough for many bins


class ConditionalMultiplicity:
    """A histogram of multiplicities for each bin of the conditioning; a single one without conditioning.

    A categorical column has one bin per category. Other columns have bins of equal content, as many as leave about 200
    training clouds in each bin. A bin without training clouds has the histogram of all clouds. An unknown category
    falls into a neighbouring bin; the encoding of the conditioning is what refuses it.

    Arguments:
        edges: for each column of the conditioning the inner edges of its bins, increasing.
        tables: the histogram of each bin, by its indices in all columns, such as ``"0,3"``; that of all clouds by
            ``""``.

    >>> columns = [Feature("jet_type", nature="categorical")]
    >>> conditioning = np.repeat([[0.0], [1.0]], 300, axis=0)
    >>> table = ConditionalMultiplicity.of(np.repeat([7, 9], 300), columns, conditioning)
    >>> table.draw(3, np.random.default_rng(1), np.array([[1.0], [0.0], [1.0]])).tolist()
    [9, 7, 9]
    """

    def __init__(self, edges: Sequence[NDArray[np.float64]], tables: Mapping[str, Multiplicity]) -> None:
        self.edges, self.tables = list(edges), dict(tables)

    @classmethod
    def of(cls, multiplicity: NDArray[np.int64], columns: Sequence[Feature], conditioning: NDArray[Any]) -> Self:
        """The histograms of training clouds.

        Arguments:
            multiplicity: int64 (N,).
            columns: the C columns of the conditioning.
            conditioning: (N, C).

        Raises:
            DataError: if there are no clouds.
        """
        numeric = sum(column.nature != "categorical" for column in columns)
        bins = max(1, len(multiplicity) // _CLOUDS_PER_BIN)
        for i, column in enumerate(columns):
            if column.nature == "categorical":
                bins = max(1, bins // len(np.unique(conditioning[:, i])))
        per_column = max(1, int(bins ** (1 / numeric))) if numeric else 1
        edges = [_edges(column, conditioning[:, i].astype(np.float64), per_column) for i, column in enumerate(columns)]
        tables = {"": Multiplicity.of(multiplicity)}
        if columns:
            names = _bins(edges, conditioning)
            tables |= {str(name): Multiplicity.of(multiplicity[names == name]) for name in np.unique(names)}
        return cls(edges, tables)

    def draw(self, n: int, rng: np.random.Generator, conditioning: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """int64 (n,), random multiplicities for the rows of ``conditioning`` (n, C). Each depends on its row alone.

        Raises:
            DataError: if the conditioning has another shape.
        """
        levels, drawn = rng.random(n), np.zeros(n, np.int64)
        for table, rows in self._by_bin(n, conditioning):
            drawn[rows] = table.quantile(levels[rows])
        return drawn

    def log_prob(
        self, multiplicity: NDArray[np.int64], conditioning: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """float64 (n,), the log-probability of each multiplicity (n,) for its row of ``conditioning`` (n, C).

        Raises:
            DataError: if the conditioning has another shape.
        """
        values = np.zeros(len(multiplicity))
        for table, rows in self._by_bin(len(multiplicity), conditioning):
            values[rows] = table.log_prob(multiplicity[rows])
        return values

    def _by_bin(
        self, n: int, conditioning: NDArray[Any] | None
    ) -> Iterator[tuple[Multiplicity, NDArray[np.int64] | slice]]:
        """The histogram of each bin that occurs, and the rows that lie in it."""
        if not self.edges:
            yield self.tables[""], slice(None)
            return
        shape = None if conditioning is None else conditioning.shape
        if conditioning is None or shape != (n, len(self.edges)):
            msg = f"multiplicities of {n} clouds need a conditioning of shape {(n, len(self.edges))}, not {shape}"
            raise DataError(msg)
        names = _bins(self.edges, conditioning)
        for name in np.unique(names):
            yield self.tables.get(str(name), self.tables[""]), np.flatnonzero(names == name)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes equal histograms."""
        return {
            "edges": [edges.tolist() for edges in self.edges],
            "tables": {name: table.to_json() for name, table in self.tables.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The histograms that :meth:`to_json` described.

        Raises:
            DataError: if the document is not one.
        """
        try:
            tables = {name: Multiplicity.from_json(table) for name, table in document["tables"].items()}
            edges = [np.asarray(edges, np.float64) for edges in document["edges"]]
            return cls(edges, {**tables, "": tables[""]})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            msg = f"the document is not a set of histograms of multiplicities ({type(error).__name__}: {error})"
            raise DataError(msg) from error


def _edges(column: Feature, values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    known = np.unique(values)
    if column.nature == "categorical":
        return np.asarray((known[1:] + known[:-1]) / 2)
    return np.unique(np.quantile(values, np.arange(1, bins) / bins))


def _bins(edges: Sequence[NDArray[np.float64]], conditioning: NDArray[Any]) -> NDArray[np.str_]:
    """The bin of each row: its indices in all columns, joined by commas."""
    indices = [np.searchsorted(inner, conditioning[:, i], side="right") for i, inner in enumerate(edges)]
    return np.asarray([",".join(map(str, row)) for row in zip(*indices, strict=True)], np.str_)
