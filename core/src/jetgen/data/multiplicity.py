"""How many points a cloud has: the empirical table of the training split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.data.spec import Feature
from jetgen.errors import DataError

__all__ = ["ConditionalMultiplicity", "Multiplicity"]


class Multiplicity:
    """The distribution of the number of points, as counted: no smoothing, and nothing where nothing was seen.

    Arguments:
        tally: how many training clouds have 0, 1, 2, ... points.

    Raises:
        DataError: if the tally is empty, negative or not made of integers.

    >>> table = Multiplicity.of([30, 30, 29, 30])
    >>> table.draw(5, np.random.default_rng(1)).tolist()
    [30, 30, 29, 30, 30]
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
        """The table of these multiplicities, for example ``Multiplicity.of(train.multiplicity)``."""
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
        """``n`` multiplicities; the first of them are the same whatever ``n`` is."""
        return self.quantile(rng.random(n))

    def quantile(self, parts: NDArray[np.float64]) -> NDArray[np.int64]:
        """The multiplicity below which these ``parts`` of the clouds lie, each in [0, 1)."""
        total = self.tally.sum()
        picks = np.minimum((parts * total).astype(np.int64), total - 1)
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


# About so many training clouds in a cell: enough for a table, and few enough for many cells.
_CLOUDS_PER_CELL = 200


class ConditionalMultiplicity:
    """The tables of multiplicities in cells of the conditioning; one table where there is no conditioning.

    A categorical column has a cell per category, any other is cut at its quantiles, each as finely as leaves some 200
    training clouds in a cell. In a cell that no training cloud was in, the table of all clouds stands. (A category that
    was never seen is taken for its neighbour: refusing it is the business of the encoding of the conditioning.)

    Arguments:
        edges: for each column of the conditioning the inner edges of its cells, rising.
        tables: the table of each cell, by the numbers of the cell in each column, such as ``"0,3"``; ``""`` for all.

    >>> columns = [Feature("jet_type", nature="categorical")]
    >>> conditioning = np.repeat([[0.0], [1.0]], 300, axis=0)
    >>> table = ConditionalMultiplicity.of(np.repeat([7, 9], 300), columns, conditioning)
    >>> table.draw(3, np.random.default_rng(1), np.array([[1.0], [0.0], [1.0]])).tolist()
    [9, 7, 9]
    """

    def __init__(self, edges: Sequence[NDArray[np.float64]], tables: Mapping[str, Multiplicity]) -> None:
        self.edges, self.tables = list(edges), dict(tables)

    @classmethod
    def of(cls, counts: NDArray[np.int64], columns: Sequence[Feature], conditioning: NDArray[Any]) -> Self:
        """The tables of the training clouds, whose conditioning is (N, C)."""
        free = [column for column in columns if column.nature != "categorical"]
        cells = max(1, len(counts) // _CLOUDS_PER_CELL)
        for i, column in enumerate(columns):
            if column.nature == "categorical":
                cells = max(1, cells // len(np.unique(conditioning[:, i])))
        parts = max(1, int(cells ** (1 / len(free)))) if free else 1
        edges = [_edges(column, conditioning[:, i].astype(np.float64), parts) for i, column in enumerate(columns)]
        tables = {"": Multiplicity.of(counts)}
        if columns:
            names = _cells(edges, conditioning)
            tables |= {str(name): Multiplicity.of(counts[names == name]) for name in np.unique(names)}
        return cls(edges, tables)

    def draw(self, n: int, rng: np.random.Generator, conditioning: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """``n`` multiplicities, for the rows of ``conditioning`` (n, C); each row depends on itself alone."""
        parts = rng.random(n)
        if not self.edges:
            return self.tables[""].quantile(parts)
        names, answer = self._names(n, conditioning), np.zeros(n, np.int64)
        for name in np.unique(names):
            rows = np.flatnonzero(names == name)
            answer[rows] = self._table(name).quantile(parts[rows])
        return answer

    def log_prob(self, counts: NDArray[np.int64], conditioning: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """The natural logarithm of the probability of each multiplicity given its row of ``conditioning``."""
        if not self.edges:
            return self.tables[""].log_prob(counts)
        names, answer = self._names(len(counts), conditioning), np.zeros(len(counts))
        for name in np.unique(names):
            rows = np.flatnonzero(names == name)
            answer[rows] = self._table(name).log_prob(counts[rows])
        return answer

    def _names(self, n: int, conditioning: NDArray[Any] | None) -> NDArray[np.str_]:
        shape = None if conditioning is None else conditioning.shape
        if conditioning is None or shape != (n, len(self.edges)):
            msg = f"multiplicities of {n} clouds need a conditioning of shape {(n, len(self.edges))}, not {shape}"
            raise DataError(msg)
        return _cells(self.edges, conditioning)

    def _table(self, name: str) -> Multiplicity:
        return self.tables.get(str(name), self.tables[""])

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes equal tables."""
        return {
            "edges": [edges.tolist() for edges in self.edges],
            "tables": {name: table.to_json() for name, table in self.tables.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The tables that :meth:`to_json` described; a :class:`DataError` if the document is not one."""
        try:
            tables = {name: Multiplicity.from_json(table) for name, table in document["tables"].items()}
            edges = [np.asarray(edges, np.float64) for edges in document["edges"]]
            return cls(edges, {**tables, "": tables[""]})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            msg = f"the description of the multiplicities is not one ({type(error).__name__}: {error})"
            raise DataError(msg) from error


def _edges(column: Feature, values: NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    known = np.unique(values)
    if column.nature == "categorical":
        return np.asarray((known[1:] + known[:-1]) / 2)
    return np.unique(np.quantile(values, np.arange(1, parts) / parts))


def _cells(edges: Sequence[NDArray[np.float64]], conditioning: NDArray[Any]) -> NDArray[np.str_]:
    """The cell of each row, its numbers in all columns joined by commas."""
    numbers = [np.searchsorted(inner, conditioning[:, i], side="right") for i, inner in enumerate(edges)]
    return np.asarray([",".join(map(str, cell)) for cell in zip(*numbers, strict=True)], np.str_)
