"""How many points a cloud has, given its context: a table for each cell of the contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.cloud_spec import Feature
from jetgen.errors import DataError
from jetgen.multiplicity import Multiplicity

__all__ = ["ConditionalMultiplicity"]

# About so many training clouds in a cell: enough for a table, and few enough for many cells.
_CLOUDS_PER_CELL = 200


class ConditionalMultiplicity:
    """The tables of multiplicities in cells of the context; one table where there is no context.

    A categorical column has a cell per category, any other is cut at its quantiles, each as finely as leaves some 200
    training clouds in a cell. In a cell that no training cloud was in, the table of all clouds stands. (A category that
    was never seen is taken for its neighbour: refusing it is the business of the encoding of the context.)

    Arguments:
        edges: for each column of the context the inner edges of its cells, rising.
        tables: the table of each cell, by the numbers of the cell in each column, such as ``"0,3"``; ``""`` for all.

    >>> columns = [Feature("jet_type", nature="categorical")]
    >>> context = np.repeat([[0.0], [1.0]], 300, axis=0)
    >>> table = ConditionalMultiplicity.of(np.repeat([7, 9], 300), columns, context)
    >>> table.draw(3, np.random.default_rng(1), np.array([[1.0], [0.0], [1.0]])).tolist()
    [9, 7, 9]
    """

    def __init__(self, edges: Sequence[NDArray[np.float64]], tables: Mapping[str, Multiplicity]) -> None:
        self.edges, self.tables = list(edges), dict(tables)

    @classmethod
    def of(cls, counts: NDArray[np.int64], columns: Sequence[Feature], context: NDArray[Any]) -> Self:
        """The tables of the training clouds, whose context is (N, C)."""
        free = [column for column in columns if column.nature != "categorical"]
        cells = max(1, len(counts) // _CLOUDS_PER_CELL)
        for i, column in enumerate(columns):
            if column.nature == "categorical":
                cells = max(1, cells // len(np.unique(context[:, i])))
        parts = max(1, int(cells ** (1 / len(free)))) if free else 1
        edges = [_edges(column, context[:, i].astype(np.float64), parts) for i, column in enumerate(columns)]
        tables = {"": Multiplicity.of(counts)}
        if columns:
            names = _cells(edges, context)
            tables |= {str(name): Multiplicity.of(counts[names == name]) for name in np.unique(names)}
        return cls(edges, tables)

    def draw(self, n: int, rng: np.random.Generator, context: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """``n`` multiplicities, for the rows of ``context`` (n, C)."""
        if not self.edges:
            return self.tables[""].draw(n, rng)
        names, answer = self._names(n, context), np.zeros(n, np.int64)
        for name in np.unique(names):
            rows = np.flatnonzero(names == name)
            answer[rows] = self._table(name).draw(len(rows), rng)
        return answer

    def log_prob(self, counts: NDArray[np.int64], context: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """The natural logarithm of the probability of each multiplicity given its row of ``context``."""
        if not self.edges:
            return self.tables[""].log_prob(counts)
        names, answer = self._names(len(counts), context), np.zeros(len(counts))
        for name in np.unique(names):
            rows = np.flatnonzero(names == name)
            answer[rows] = self._table(name).log_prob(counts[rows])
        return answer

    def _names(self, n: int, context: NDArray[Any] | None) -> NDArray[np.str_]:
        shape = None if context is None else context.shape
        if context is None or shape != (n, len(self.edges)):
            msg = f"multiplicities of {n} clouds need a context of shape {(n, len(self.edges))}, not {shape}"
            raise DataError(msg)
        return _cells(self.edges, context)

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


def _cells(edges: Sequence[NDArray[np.float64]], context: NDArray[Any]) -> NDArray[np.str_]:
    """The cell of each row, its numbers in all columns joined by commas."""
    numbers = [np.searchsorted(inner, context[:, i], side="right") for i, inner in enumerate(edges)]
    return np.asarray([",".join(map(str, cell)) for cell in zip(*numbers, strict=True)], np.str_)
