"""The inputs of the classifiers: fixed functions of the features of a cloud, in units of the training clouds."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE, has_relative
from jetgen.data.ordering import leading_feature, leading_points
from jetgen.data.spec import CloudSpec, Feature
from jetgen.metrics.c2st.scales import QuantileScale, Scale
from jetgen.metrics.observables.high_level import high_level, in_radians
from jetgen.metrics.observables.spacing import LARGEST, SMALLEST, spacing
from jetgen.metrics.observables.substructure import substructure

__all__ = ["Encoder", "Inputs"]

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_CATEGORIES = 16
_MOST_RATIOS = 20  # of so many positive columns of a table all ratios are formed: 190


@dataclass(frozen=True)
class Inputs:
    """Encoded clouds; cloud n owns the rows from ``offsets[n]`` to ``offsets[n + 1]``.

    Arguments:
        points: float32 (total, D), the encoded features of each point.
        positions: float32 (total, K), coordinates in which distances between points are computed.
        logs: float32 (total,), the logarithm of the leading feature if that is positive, else 0.
        shares: float32 (total,), the share of a point in the sum of the leading feature, else 1 / size.
        offsets: int64 (N + 1).
        whole: float32 (N, H), per cloud its high-level features, its conditioning, of a jet its substructure, and the
            high-level features of its conditioning cloud. Of a row of a table the columns, and their ratios.
        spacings: float32 (N, S), the logarithms of the smallest and of the largest distances between its points.
    """

    points: Float32
    positions: Float32
    logs: Float32
    shares: Float32
    offsets: NDArray[np.int64]
    whole: Float32
    spacings: Float32

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def without_points(self) -> Inputs:
        """The same with every cloud empty and without spacings: only ``whole`` is left."""
        none = np.zeros_like(self.offsets)
        points = self.points[:0], self.positions[:0], self.logs[:0], self.shares[:0]
        return Inputs(*points, none, self.whole, self.spacings[:, :0])


class Encoder:
    """Encodes clouds as :class:`Inputs`, with the scales and categories of the training clouds.

    Continuous features are standardised; positive ones and their logarithms are (zero is put far below the smallest
    value); periodic ones become sine and cosine; categories are one-hot. A particle of a jet also gets its share of
    the scalar sum of pT and its position relative to the axis of the jet. Numbers of a whole cloud get normal scores.

    Arguments:
        clouds: the training clouds, generated and true ones together.
        spec: features and conditioning of the clouds.
        most: of larger clouds, only this many points with the largest leading feature are encoded.
    """

    def __init__(self, clouds: Clouds, spec: CloudSpec, most: int) -> None:
        self.spec, self.most = spec, most
        self.leading = leading_feature(spec)
        self.floors = [_floor(clouds.points[:, i]) for i in range(len(spec.features))]
        self.categories = [
            _categories(clouds.points[:, i]) if feature.nature == "categorical" else np.empty(0, np.float32)
            for i, feature in enumerate(spec.features)
        ]
        self.conditioning_categories = [_categories(column) for column in clouds.conditioning.T]
        kept = self._kept(clouds)
        self.point_scale = Scale.fit(self._points(kept))
        self.position_scale = Scale.fit(self._positions(kept))
        self.whole_scale = QuantileScale.fit(self._whole(clouds))
        self.spacing_scale = QuantileScale.fit(self._spacings(kept, self._scaled_positions(kept)))

    def __call__(self, clouds: Clouds) -> Inputs:
        kept = self._kept(clouds)
        logs, shares = self._weights(kept)
        positions = self._scaled_positions(kept)
        return Inputs(
            points=self.point_scale(self._points(kept)),
            positions=positions,
            logs=logs.astype(np.float32),
            shares=shares.astype(np.float32),
            offsets=kept.offsets,
            whole=self.whole_scale(self._whole(clouds)),
            spacings=self.spacing_scale(self._spacings(kept, positions)),
        )

    @property
    def _is_jet(self) -> bool:
        return has_relative(self.spec)

    @property
    def _is_table(self) -> bool:
        return self.spec.max_points == 1

    def _kept(self, clouds: Clouds) -> Clouds:
        kept = leading_points(clouds, self.spec, self.most)
        return Clouds(kept.points, kept.offsets, kept.conditioning)

    def _log(self, clouds: Clouds, column: int) -> Float64:
        return np.asarray(np.log(np.maximum(clouds.points[:, column].astype(np.float64), 0.0) + self.floors[column]))

    def _points(self, clouds: Clouds) -> Float64:
        columns = [column for i, one in enumerate(self.spec.features) for column in self._encoded(clouds, i, one)]
        if self._is_jet:
            columns += self._about_the_axis(clouds)
        return np.stack(columns, axis=1)

    def _encoded(self, clouds: Clouds, column: int, feature: Feature) -> list[Float64]:
        values = clouds.points[:, column].astype(np.float64)
        if feature.nature == "positive":
            return [self._log(clouds, column), values]
        if feature.nature == "periodic":
            angle = in_radians(values, feature)
            return [np.sin(angle), np.cos(angle)]
        if feature.nature == "categorical" and len(self.categories[column]):
            return [(values == one).astype(np.float64) for one in self.categories[column]]
        return [values]

    def _column(self, clouds: Clouds, column: int, feature: Feature) -> list[Float64]:
        """What trees get of a column of a table: the order of positive values is all that they see of them."""
        encoded = self._encoded(clouds, column, feature)
        return encoded[1:] if feature.nature == "positive" else encoded

    def _about_the_axis(self, clouds: Clouds) -> list[Float64]:
        """Of each particle: log of its share of pT, its position relative to the axis of the jet, and its distance."""
        _, shares = self._weights(clouds)
        from_axis = []
        for name in ("etarel", "phirel"):
            angle = clouds.points[:, self.spec.index(name)].astype(np.float64)
            axis = np.bincount(clouds.rows, shares * angle, minlength=len(clouds))
            from_axis.append(angle - axis[clouds.rows])
        distance = np.hypot(*from_axis)
        return [np.log(shares + 1e-6), *from_axis, distance, np.log(distance + 1e-4)]

    def _weights(self, clouds: Clouds) -> tuple[Float64, Float64]:
        """The logarithm of the leading feature of each point, and its share in the sum over the cloud."""
        size = np.maximum(clouds.multiplicity, 1)[clouds.rows]
        if self.spec.features[self.leading].nature != "positive" and not self._is_jet:
            return np.zeros(len(clouds.points)), 1.0 / size
        values = np.maximum(clouds.points[:, self.leading].astype(np.float64), 0.0)
        total = np.bincount(clouds.rows, values, minlength=len(clouds))[clouds.rows]
        return self._log(clouds, self.leading), np.divide(values, total, out=1.0 / size, where=total > 0)

    def _positions(self, clouds: Clouds) -> Float64:
        """All features but the leading one and the categories; if there are none, the leading feature itself."""
        wanted = [i for i, one in enumerate(self.spec.features) if one.nature != "categorical" and i != self.leading]
        if self._is_jet:
            return clouds.points[:, [self.spec.index(name) for name in RELATIVE[:2]]].astype(np.float64)
        columns = [self._encoded(clouds, i, self.spec.features[i]) for i in wanted or [self.leading]]
        return np.stack([column for each in columns for column in each], axis=1)

    def _scaled_positions(self, clouds: Clouds) -> Float32:
        positions = self._positions(clouds)
        if not self._is_jet:
            return self.position_scale(positions)
        # eta and phi share one unit, so that distances are proportional to Delta R.
        unit = float(self.position_scale.spread.mean())
        return np.asarray(np.clip(positions / unit, -100.0, 100.0), np.float32)

    def _spacings(self, clouds: Clouds, positions: Float32) -> Float64:
        """Of clouds of one point there are none. A network of pooled pairs hardly learns an order statistic itself."""
        if self._is_table:
            return np.empty((len(clouds), 0))
        return np.asarray(np.log(spacing(positions, clouds.offsets, SMALLEST, LARGEST) + 1e-4))

    def _whole(self, clouds: Clouds) -> Float64:
        parts = [self._row(clouds) if self._is_table else high_level(clouds, self.spec), *self._conditioning(clouds)]
        if self._is_jet:  # a network of pooled pairs does not see prongs
            parts.append(substructure(clouds, self.spec))
        if clouds.given is not None and clouds.event is not None and self.spec.given is not None:
            parts.append(high_level(clouds.given, self.spec.given)[clouds.event])
        return np.concatenate(parts, axis=1)

    def _row(self, clouds: Clouds) -> Float64:
        """The columns of a table, and the logarithms of the ratios of positive ones: trees split along axes only."""
        features = list(enumerate(self.spec.features))
        columns = [each for i, one in features for each in self._column(clouds, i, one)]
        logs = [self._log(clouds, i) for i, one in features if one.nature == "positive"][:_MOST_RATIOS]
        columns += [first - second for first, second in itertools.combinations(logs, 2)]
        row = np.zeros((len(clouds), len(columns)))
        row[clouds.rows] = np.stack(columns, axis=1)
        return row

    def _conditioning(self, clouds: Clouds) -> list[Float64]:
        """The columns of the conditioning; categories are one-hot, as those of points are."""
        categorical = [feature.nature == "categorical" for feature in self.spec.conditioning]
        parts = []
        for i, column in enumerate(clouds.conditioning.T.astype(np.float64)):
            known = self.conditioning_categories[i] if any(categorical[i : i + 1]) else ()
            parts.append(np.stack([column == one for one in known] if len(known) else [column], axis=1))
        return [part.astype(np.float64) for part in parts]


def _floor(values: Float32) -> float:
    """A tenth of the smallest positive value, which is added before a logarithm: zero is legal and stands apart."""
    positive = values[values > 0]
    return 0.1 * float(positive.min()) if len(positive) else 1.0


def _categories(values: Float32) -> Float32:
    """The distinct values if they are few; else none, and the column is treated as a number."""
    distinct = np.unique(values)
    return distinct if len(distinct) <= _CATEGORIES else distinct[:0]
