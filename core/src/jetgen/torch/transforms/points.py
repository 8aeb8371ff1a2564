"""The points of clouds of any spec as numbers near standard normal, as set generators see them, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError, UsageError
from jetgen.torch.transforms.elementwise import Float64
from jetgen.torch.transforms.features import FeatureTransform
from jetgen.torch.transforms.voxels import (
    check_indices,
    inside_voxels,
    one_to_a_voxel,
    only_voxels,
    slopes,
    voxel_logit,
)

__all__ = ["PointPreprocessing"]

Float32 = NDArray[np.float32]

# More points than this tell means, spreads and powers no better.
_ENOUGH = 10**6
# Points in a block: its arrays stay in the cache.
_AT_ONCE = 2**16
# A positive feature of a legal point is at most this factor times the largest of the training points.
_BEYOND = 2.0


class PointPreprocessing:
    """What a network sees of points: one column per feature, two for a periodic one.

    A positive feature becomes its standardised logarithm or Box-Cox transform, a continuous one is standardised. The
    index of a voxel is first made a real number inside the voxel and goes through a logit, so that no number lies
    outside the grid. A periodic feature becomes its cosine and sine, times the square root of 2.

    Where a point is nothing but a voxel and positive features, as a hit of a shower is, no two points of a decoded
    cloud share a voxel.

    >>> spec = CloudSpec("showers", (Feature("energy", nature="positive"), Feature("z", bins=45)), 45)
    >>> clouds = Clouds([[3.0, 7], [0.5, 8], [0.2, 44]], [0, 3])
    >>> rng = np.random.default_rng(0)
    >>> preprocessing = PointPreprocessing.fit(spec, clouds, rng=rng)
    >>> preprocessing.decode(preprocessing.encode(clouds, rng), clouds.multiplicity).points[:, 1].tolist()
    [7.0, 8.0, 44.0]

    Arguments:
        spec: the meaning of the clouds.
        features: the transform of the columns that are neither periodic, in the order of the spec; it starts with the
            dequantised indices of voxels.
        ranges: for positive features the smallest and the largest legal value; empty if it is :attr:`exact`.
        densities: for features with voxels the :func:`jetgen.torch.transforms.voxels.slopes` by which they are
            dequantised; uniformly where there are none.
    """

    def __init__(
        self,
        spec: CloudSpec,
        features: FeatureTransform,
        ranges: Mapping[str, Sequence[float]],
        densities: Mapping[str, Sequence[float]],
    ) -> None:
        self.spec, self.features = spec, features
        self.ranges = {name: (float(low), float(high)) for name, (low, high) in ranges.items()}
        self.densities = {name: np.asarray(values, np.float64) for name, values in densities.items()}

    @classmethod
    def fit(
        cls,
        spec: CloudSpec,
        clouds: Clouds,
        *,
        positive: Literal["log", "boxcox"] = "log",
        mirrored: Sequence[int] = (),
        dequantise: Literal["uniform", "linear"] = "uniform",
        rng: np.random.Generator,
    ) -> Self:
        """The preprocessing that suits the training clouds.

        Arguments:
            positive: the transform of positive features.
            mirrored: columns that are fitted to the values and their negatives, so that a change of sign there is
                one of the preprocessed numbers.
            dequantise: how an index spreads over its voxel: evenly, or along a line that follows the neighbouring
                voxels (features that are not periodic).
            rng: draws the positions inside the voxels.

        Raises:
            DataError: if a feature is categorical, an index is not one of a voxel, or there are no points.
            UsageError: if a mirrored column is not continuous, or has voxels.
        """
        _check_natures(spec, mirrored)
        _check_points(spec, clouds.points)
        values = clouds.points
        densities, ranges = {}, {}
        for column, feature in enumerate(spec.features):
            if feature.bins and feature.nature == "continuous" and dequantise == "linear":
                densities[feature.name] = slopes(values[:, column], feature.bins).tolist()
            if feature.nature == "positive" and not _exact(spec) and len(values):
                ranges[feature.name] = (values[:, column].min(), _BEYOND * float(values[:, column].max()))
        self = cls(spec, FeatureTransform({}), ranges, densities)
        if not self.exact and len(values) > _ENOUGH:
            values = values[rng.integers(len(values), size=_ENOUGH)]
        self.features = self._fitted(self._inside(values.astype(np.float64), rng), positive, list(mirrored))
        return self

    def _fitted(self, values: Float64, positive: str, mirrored: list[int]) -> FeatureTransform:
        first = {}
        for column, feature in enumerate(self.spec.features):
            if feature.bins and feature.nature == "continuous":
                first[feature.name] = (voxel_logit(feature.bins),)
                values[:, column] = first[feature.name][0].forward(values[:, column])
        if mirrored:
            # Fitted to both, so that a reflection is a change of sign of what the networks see.
            image = values.copy()
            image[:, mirrored] *= -1
            values = np.concatenate([values, image])
        plan = {
            feature.name: [positive, "standardise"] if feature.nature == "positive" else ["standardise"]
            for feature in self.spec.features
            if feature.nature != "periodic"
        }
        if not plan:
            return FeatureTransform({})
        fitted = FeatureTransform.fit(plan, self._straight(values))
        return FeatureTransform({name: (*first.get(name, ()), *chain) for name, chain in fitted.chains.items()})

    @property
    def width(self) -> int:
        """How many columns :meth:`encode` makes."""
        return sum(_width(feature) for feature in self.spec.features)

    @property
    def positions(self) -> tuple[int, ...]:
        """The columns of :meth:`encode` that say where a point is: all but those of positive features."""
        return tuple(
            place + i
            for _, feature, place in self._places()
            if feature.nature != "positive"
            for i in range(_width(feature))
        )

    @property
    def exact(self) -> bool:
        """Whether :meth:`decode` undoes :meth:`encode` point by point, and :meth:`log_det` exists."""
        return _exact(self.spec)

    def encode(self, clouds: Clouds, rng: np.random.Generator) -> Float32:
        """float32 (total, width) of the points; ``rng`` draws the positions inside the voxels.

        Raises:
            DataError: if the clouds have other features, or an index is not one of a voxel.
        """
        _check_points(self.spec, clouds.points)
        parts = [np.empty((0, self.width), np.float32)]
        parts += [self._coded(clouds.points[part].astype(np.float64), rng) for part in _parts(len(clouds.points))]
        return np.concatenate(parts)

    def _coded(self, points: Float64, rng: np.random.Generator) -> Float32:
        values = self._inside(points, rng)
        preprocessed = np.empty((len(values), self.width), np.float32)
        if self.features.chains:
            preprocessed[:, self._straight_places()] = self.features.forward(self._straight(values))
        for column, feature, place in self._places():
            if feature.nature == "periodic":
                angle = values[:, column] * _radians(feature)
                preprocessed[:, place], preprocessed[:, place + 1] = (
                    np.sqrt(2) * np.cos(angle),
                    np.sqrt(2) * np.sin(angle),
                )
        return preprocessed

    def decode(
        self,
        values: ArrayLike,
        multiplicity: ArrayLike,
        conditioning: ArrayLike | None = None,
        *,
        shared: Literal["move", "sum"] = "move",
    ) -> Clouds:
        """The clouds of preprocessed points (total, width), in the units of the data; any finite numbers are legal.

        Arguments:
            multiplicity: (N,), the number of points of each cloud.
            conditioning: (N, C), kept beside the points.
            shared: of hits in one voxel all but the one with most of the first positive feature ``"move"`` to free
                voxels near by (see :meth:`jetgen.torch.transforms.voxels.VoxelGrid.alone`), or they become one with the
                ``"sum"`` of their positive features, and clouds have fewer points than ``multiplicity``.

        Raises:
            DataError: if the values do not have this shape or are not finite, or a cloud has more hits than there are
                voxels.
        """
        preprocessed, sizes = self._checked(np.asarray(values), np.asarray(multiplicity))
        points = np.empty((len(preprocessed), len(self.spec.features)), np.float32)
        for part in _parts(len(preprocessed)):
            points[part] = self._legal(self._undone(preprocessed[part].astype(np.float64)))
        clouds = Clouds(points, np.concatenate([[0], np.cumsum(sizes)]), conditioning)
        return one_to_a_voxel(self.spec, clouds, shared) if only_voxels(self.spec) else clouds

    def log_det(self, points: ArrayLike) -> Float64:
        """Log |d preprocessed / d point| at each of the points (total, F), if this is :attr:`exact`.

        Raises:
            DataError: if there are periodic features or voxels: those have no density in preprocessed numbers.
        """
        if not self.exact:
            names = ", ".join(feature.name for feature in self.spec.features if not _smooth(feature))
            msg = f"points in voxels or with angles ({names}) have no density in preprocessed numbers"
            raise DataError(msg)
        return self.features.log_det(points)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal preprocessing of the same spec.

        Of an :attr:`exact` preprocessing it is that of its :class:`FeatureTransform` alone.
        """
        features = self.features.to_json()
        if self.exact:
            return features
        ranges = {name: list(limits) for name, limits in self.ranges.items()}
        densities = {name: values.tolist() for name, values in self.densities.items()}
        return {"features": features, "ranges": ranges, "densities": densities}

    @classmethod
    def from_json(cls, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described.

        Raises:
            DataError: if the document is not one.
        """
        parts = {"features": document, "ranges": {}, "densities": {}} if _exact(spec) else document
        try:
            features = FeatureTransform.from_json(parts["features"])
            self = cls(spec, features, parts["ranges"], parts["densities"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            msg = f"the description of the points is not one ({type(error).__name__}: {error})"
            raise DataError(msg) from error
        needed = [feature.name for feature in spec.features if feature.nature != "periodic"]
        if list(features.chains) != needed:
            msg = f"the description of the points is not one (it does not describe {', '.join(needed)} and no other)"
            raise DataError(msg)
        return self

    def _inside(self, values: Float64, rng: np.random.Generator) -> Float64:
        """The points (total, F) with every index of a voxel moved to a place inside that voxel; changed in place."""
        for column, feature in enumerate(self.spec.features):
            if feature.bins:
                density = self.densities.get(feature.name)
                values[:, column] = inside_voxels(values[:, column], feature.bins, rng, density)
        return values

    def _undone(self, preprocessed: Float64) -> Float64:
        """Points (total, F) in the units of the data; those with voxels somewhere on the range of their indices."""
        points = np.empty((len(preprocessed), len(self.spec.features)))
        if self.features.chains:
            points[:, self._straight_columns()] = self.features.inverse(preprocessed[:, self._straight_places()])
        for column, feature, place in self._places():
            if feature.nature == "periodic":
                angle = np.arctan2(preprocessed[:, place + 1], preprocessed[:, place])
                points[:, column] = (angle % (2 * np.pi) if feature.bins else angle) / _radians(feature)
        return points

    def _legal(self, points: Float64) -> Float32:
        """The same with indices of voxels, and no value that clouds cannot have; changed in place."""
        for column, feature in enumerate(self.spec.features):
            if feature.bins:
                points[:, column] = np.clip(np.floor(points[:, column]), 0, feature.bins - 1)
            elif feature.name in self.ranges:
                points[:, column] = np.clip(points[:, column], *self.ranges[feature.name])
        largest = float(np.finfo(np.float32).max)
        return np.clip(points, -largest, largest).astype(np.float32)

    def _straight(self, values: Float64) -> Float64:
        """The columns of points that are not periodic."""
        return np.ascontiguousarray(values[:, self._straight_columns()])

    def _straight_columns(self) -> list[int]:
        return [column for column, feature, _ in self._places() if feature.nature != "periodic"]

    def _straight_places(self) -> list[int]:
        return [place for _, feature, place in self._places() if feature.nature != "periodic"]

    def _places(self) -> list[tuple[int, Feature, int]]:
        """Of each feature its column, itself, and its first column in preprocessed points."""
        widths = [_width(feature) for feature in self.spec.features]
        starts = np.cumsum([0, *widths[:-1]]).tolist()
        return list(zip(range(len(widths)), self.spec.features, starts, strict=True))

    def _checked(
        self, preprocessed: NDArray[Any], multiplicity: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        sizes = multiplicity.astype(np.int64)
        if preprocessed.ndim != 2 or preprocessed.shape[1] != self.width or len(preprocessed) != sizes.sum():
            needed = f"{sizes.sum()} rows of {self.width} columns are needed"
            msg = f"preprocessed points have shape {preprocessed.shape}; {needed}"
            raise DataError(msg)
        finite = np.isfinite(preprocessed)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            msg = f"preprocessed points are not finite at row {row}, column {column}"
            raise DataError(msg)
        return preprocessed, sizes


def _parts(total: int) -> list[slice]:
    return [slice(start, start + _AT_ONCE) for start in range(0, total, _AT_ONCE)]


def _width(feature: Feature) -> int:
    return 2 if feature.nature == "periodic" else 1


def _radians(feature: Feature) -> float:
    """The angle of one unit of a periodic feature."""
    return 2 * np.pi / feature.bins if feature.bins else 1.0


def _smooth(feature: Feature) -> bool:
    return feature.nature != "periodic" and not feature.bins


def _exact(spec: CloudSpec) -> bool:
    return all(_smooth(feature) for feature in spec.features)


def _check_natures(spec: CloudSpec, mirrored: Sequence[int]) -> None:
    for feature in spec.features:
        if feature.nature == "categorical":
            msg = f"the points have the categorical feature {feature.name}, which has no form as a number"
            raise DataError(msg)
    for column in mirrored:
        feature = spec.features[column]
        if feature.nature != "continuous" or feature.bins:
            voxels = " with voxels" if feature.bins else ""
            msg = f"{feature.name} cannot be mirrored: it is {feature.nature}{voxels}, not a plain continuous feature"
            raise UsageError(msg)


def _check_points(spec: CloudSpec, points: Float32) -> None:
    if points.shape[1] != len(spec.features):
        msg = f"the points have {points.shape[1]} features; {', '.join(spec.names)} are needed"
        raise DataError(msg)
    for column, feature in enumerate(spec.features):
        if feature.bins:
            check_indices(feature, points[:, column])
