"""A chain of transforms for each feature of a point, with the log determinant, in JSON and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from jetgen.errors import DataError, UsageError, did_you_mean
from jetgen.torch.transforms.elementwise import Array, BoxCox, Float64, Log, Logit, MinMax, Standardise, Transform
from jetgen.torch.transforms.gauss_rank import GaussRank

__all__ = ["TRANSFORMS", "Chain", "FeatureTransform"]

TRANSFORMS: dict[str, type[Transform]] = {
    "boxcox": BoxCox,
    "gaussrank": GaussRank,
    "log": Log,
    "logit": Logit,
    "minmax": MinMax,
    "standardise": Standardise,
}
"""The names by which settings and files call the transforms."""


class Chain(tuple[Transform, ...]):
    """Transforms of one feature, one after the other, for NumPy arrays and torch tensors."""

    __slots__ = ()

    def forward(self, x: Array) -> Array:
        """From the units of the data."""
        for step in self:
            x = step.forward(x)
        return x

    def inverse(self, y: Array, largest_log: float = 87.0) -> Array:
        """Back to the units of the data; no logarithm of a value exceeds ``largest_log`` on the way."""
        for step in reversed(self):
            y = step.inverse(y, largest_log)
        return y

    def log_slope(self, x: Array) -> Array:
        """The logarithm of dy/dx at each ``x`` in the units of the data."""
        total = 0 * x
        for step in self:
            total = total + step.log_slope(x)
            x = step.forward(x)
        return total


class FeatureTransform:
    """For each feature a chain of transforms, applied to the last axis of an array of points.

    >>> points = np.array([[0.1, 0.5], [-0.1, 0.25], [0.0, 0.125]])
    >>> transform = FeatureTransform.fit({"etarel": ["standardise"], "ptrel": ["log", "standardise"]}, points)
    >>> values = transform.forward(points)
    >>> np.allclose(transform.inverse(values), points)
    True
    >>> FeatureTransform.from_json(transform.to_json()).forward(points).tolist() == values.tolist()
    True
    """

    def __init__(self, chains: Mapping[str, Sequence[Transform]]) -> None:
        self.chains = {name: Chain(chain) for name, chain in chains.items()}

    @classmethod
    def fit(cls, plan: Mapping[str, Sequence[str]], points: ArrayLike) -> Self:
        """The transforms named in ``plan``, feature by feature in the order of the columns of ``points`` (total, F).

        Raises:
            UsageError: if a transform does not exist.
            DataError: if the points do not have the features of the plan, or there is no point to fit to.
        """
        columns = np.asarray(points, np.float64)
        if columns.ndim != 2 or columns.shape[1] != len(plan) or len(columns) == 0:
            msg = f"transforms of {len(plan)} features cannot be fitted to points of shape {columns.shape}"
            raise DataError(msg)
        chains: dict[str, list[Transform]] = {}
        for i, (feature, names) in enumerate(plan.items()):
            values = columns[:, i]
            chains[feature] = []
            for name in names:
                step = _transform_class(name).fit(values)
                chains[feature].append(step)
                values = step.forward(values)
        return cls(chains)

    def forward(self, points: ArrayLike) -> Float64:
        """From the units of the data; float64 of the same shape."""
        columns = self._columns(points)
        for i, chain in enumerate(self.chains.values()):
            columns[..., i] = chain.forward(columns[..., i])
        return columns

    def inverse(self, values: ArrayLike) -> Float64:
        """Back to the units of the data; float64 of the same shape."""
        columns = self._columns(values)
        for i, chain in enumerate(self.chains.values()):
            columns[..., i] = chain.inverse(columns[..., i])
        return columns

    def log_det(self, points: ArrayLike) -> Float64:
        """The logarithm of |dy/dx| of each point, the sum over its features, at ``points`` in the units of the data."""
        columns = self._columns(points)
        total = np.zeros(columns.shape[:-1])
        for i, chain in enumerate(self.chains.values()):
            total += chain.log_slope(columns[..., i])
        return total

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal transform."""
        names = {cls: name for name, cls in TRANSFORMS.items()}
        return {
            feature: [{"name": names[type(step)], **asdict(step)} for step in chain]  # type: ignore[call-overload]
            for feature, chain in self.chains.items()
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The transform that :meth:`to_json` described.

        Raises:
            DataError: if the document is not one.
        """
        try:
            return cls(
                {
                    feature: [
                        TRANSFORMS[step["name"]](**{k: v for k, v in step.items() if k != "name"}) for step in chain
                    ]
                    for feature, chain in document.items()
                }
            )
        except (AttributeError, KeyError, TypeError) as error:
            msg = f"the description of the transforms is not one ({type(error).__name__}: {error})"
            raise DataError(msg) from error

    def _columns(self, points: ArrayLike) -> Float64:
        columns = np.array(points, np.float64)
        if columns.ndim == 0 or columns.shape[-1] != len(self.chains):
            msg = f"points of shape {columns.shape} do not have the features {', '.join(self.chains)}"
            raise DataError(msg)
        return columns


def _transform_class(name: str) -> type[Transform]:
    if name not in TRANSFORMS:
        msg = f"there is no transform {name!r}{did_you_mean(name, TRANSFORMS)}; there are {', '.join(TRANSFORMS)}"
        raise UsageError(msg)
    return TRANSFORMS[name]
