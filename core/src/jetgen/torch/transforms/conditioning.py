"""The conditioning of clouds as numbers for a network: standardised, or one of several categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.data.spec import Feature
from jetgen.errors import DataError
from jetgen.torch.transforms.features import FeatureTransform

__all__ = ["ConditioningEncoding"]


class ConditioningEncoding:
    """Per-cloud observables as columns of the size of 1.

    A categorical column becomes one column per category that was seen, a periodic one (in radians, or with bins as its
    period) its cosine and sine, a positive one its standardised logarithm, any other is standardised.

    >>> columns = [Feature("jet_type", nature="categorical")]
    >>> encoding = ConditioningEncoding.fit(columns, np.array([[0.0], [2.0], [2.0]]))
    >>> encoding.width, encoding.encode(np.array([[2.0]])).tolist()
    (2, [[0.0, 1.0]])
    """

    def __init__(
        self, columns: Sequence[Feature], categories: Mapping[str, Sequence[float]], numbers: FeatureTransform
    ) -> None:
        self.columns = tuple(columns)
        self.categories = {name: tuple(values) for name, values in categories.items()}
        self.numbers = numbers

    @classmethod
    def fit(cls, columns: Sequence[Feature], conditioning: NDArray[Any]) -> Self:
        """The encoding that suits the conditioning (N, C) of the training clouds."""
        plan, chosen = {}, []
        categories: dict[str, list[float]] = {}
        for i, column in enumerate(columns):
            if column.nature == "categorical":
                categories[column.name] = np.unique(conditioning[:, i]).tolist()
            elif column.nature != "periodic":
                plan[column.name] = ["log", "standardise"] if column.nature == "positive" else ["standardise"]
                chosen.append(i)
        return cls(
            columns, categories, FeatureTransform.fit(plan, conditioning[:, chosen]) if plan else FeatureTransform({})
        )

    @property
    def width(self) -> int:
        """How many columns :meth:`encode` makes."""
        return sum(self._width(column) for column in self.columns)

    def _width(self, column: Feature) -> int:
        return {"categorical": len(self.categories.get(column.name, ())), "periodic": 2}.get(column.nature, 1)

    def encode(self, conditioning: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (N, width) of the conditioning (N, C).

        Raises:
            DataError: for a category that was not among the training clouds, or other columns.
        """
        if conditioning.ndim != 2 or conditioning.shape[1] != len(self.columns):
            names = ", ".join(column.name for column in self.columns) or "nothing"
            msg = f"the conditioning has shape {conditioning.shape}; columns are needed for {names}"
            raise DataError(msg)
        parts = [np.empty((len(conditioning), 0))]
        parts += [self._encoded(column, conditioning[:, i].astype(np.float64)) for i, column in enumerate(self.columns)]
        return np.concatenate(parts, 1).astype(np.float32)

    def _encoded(self, column: Feature, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if column.nature == "periodic":
            angle = values * (2 * np.pi / column.bins) if column.bins else values
            return np.stack([np.cos(angle), np.sin(angle)], 1)
        if column.nature == "categorical":
            known = np.asarray(self.categories[column.name])
            matches = values[:, None] == known
            strange = np.flatnonzero(~matches.any(1))
            if len(strange):
                msg = (
                    f"the conditioning {column.name} is {values[strange[0]]:g} at row {strange[0]}; "
                    f"the model was trained on {', '.join(f'{value:g}' for value in known)}"
                )
                raise DataError(msg)
            return np.asarray(matches, np.float64)
        return self.numbers.chains[column.name].forward(values)[:, None]

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal encoding of the same columns."""
        return {"categories": {name: list(v) for name, v in self.categories.items()}, "numbers": self.numbers.to_json()}

    @classmethod
    def from_json(cls, columns: Sequence[Feature], document: Mapping[str, Any]) -> Self:
        """The encoding that :meth:`to_json` described.

        Raises:
            DataError: if the document is not one.
        """
        try:
            made = cls(columns, document["categories"], FeatureTransform.from_json(document["numbers"]))
        except (AttributeError, KeyError, TypeError) as error:
            msg = f"the description of the conditioning is not one ({type(error).__name__}: {error})"
            raise DataError(msg) from error
        needed = {column.name for column in columns if column.nature != "periodic"}
        if {*made.categories, *made.numbers.chains} != needed:
            msg = f"the description of the conditioning is not one (it describes others than {', '.join(needed)})"
            raise DataError(msg)
        return made
