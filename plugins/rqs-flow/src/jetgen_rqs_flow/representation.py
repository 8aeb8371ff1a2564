"""Clouds as the numbers that the flow models, place by place, and back: free of edges, standardised, with log |det|."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol, Self

import numpy as np
from jetgen import CloudSpec
from jetgen.torch.transforms import FeatureTransform, Logit
from numpy.typing import NDArray

from jetgen_rqs_flow.directions import Circles, Shape, from_shape, to_shape
from jetgen_rqs_flow.momenta import from_fractions, to_fractions

__all__ = ["JET_FEATURES", "Columns", "JetShape", "Representation", "Scaling", "representation_of", "restore"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
JET_FEATURES = ("etarel", "phirel", "ptrel")
_UNIT = Logit(low=0.0, width=1.0)
_TURN = Logit(low=-np.pi, width=2 * np.pi)
# The circle of orientations is cut where calorimeter cells, aligned with etarel and phirel, put no pair of particles.
_CUT = 2.0


class Representation(Protocol):
    """Padded points (N, P, F), ordered, to free numbers of the same shape, 0 in the empty slots, and back."""

    shared: int
    """How many of the first numbers describe the cloud as a whole: the flow models them before the others."""

    def encode(self, points: Float64, counts: Int64) -> tuple[Float64, Float64]:
        """The numbers, and log |det| (N,)."""
        ...

    def decode(self, values: Float64, counts: Int64) -> Float64:
        """The points."""
        ...

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :func:`restore` makes an equal one."""
        ...


class JetShape:
    """Jets by sum and fractions of momenta, centre, width and orientation, and free directions.

    Place 0 holds the centre and the sum of pt, place 1 the width, the orientation and the first fraction, place i a
    direction and a fraction. See :mod:`jetgen_rqs_flow.momenta` and :mod:`jetgen_rqs_flow.directions`.

    Arguments:
        columns: where etarel, phirel and ptrel are.
        ranges: where the sum of momenta and the width end.
        circles: the edge of the jets, and what holds all particles.
    """

    # The centre, the sum, the width and the orientation: with them mass and momentum of the jet are fixed.
    shared = 5

    def __init__(self, columns: tuple[int, int, int], ranges: tuple[float, float], circles: Circles) -> None:
        self.columns = columns
        self.sum, self.width = Logit(0.0, ranges[0]), Logit(0.0, ranges[1])
        self.circles = circles

    @classmethod
    def fit(cls, spec: CloudSpec, points: Float64, counts: Int64) -> Self:
        """Ranges a tenth wider than those of the training jets."""
        columns = (spec.index("etarel"), spec.index("phirel"), spec.index("ptrel"))
        eta, phi, pt = (points[..., column] for column in columns)
        present = np.arange(points.shape[1]) < counts[:, None]
        distances = np.hypot(eta, phi)[present]
        circles = Circles(float(np.quantile(distances, 0.999)) + 1e-9, 1.1 * float(distances.max()) + 2e-9)
        shape, _ = to_shape(eta + 1j * phi, pt, counts, circles)
        ranges = 1.1 * float(pt.sum(1).max(initial=1e-9)), 1.1 * float(shape.width.max(initial=1e-9))
        return cls(columns, ranges, circles)

    def encode(self, points: Float64, counts: Int64) -> tuple[Float64, Float64]:
        eta, phi, pt = (points[..., column] for column in self.columns)
        fractions, log_det = to_fractions(pt, counts)
        shape, log_det_shape = to_shape(eta + 1j * phi, pt, counts, self.circles)
        values = np.stack([shape.free.real, shape.free.imag, _UNIT.forward(fractions)], -1)
        slopes = np.zeros_like(values)
        slopes[..., 2] = _UNIT.log_slope(fractions)
        values[:, 0, 0], values[:, 0, 1] = shape.centre.real, shape.centre.imag
        values[:, 0, 2], slopes[:, 0, 2] = self.sum.forward(fractions[:, 0]), self.sum.log_slope(fractions[:, 0])
        if points.shape[1] > 1:
            values[:, 1, 0], slopes[:, 1, 0] = self.width.forward(shape.width), self.width.log_slope(shape.width)
            orientation = np.angle(np.exp(1j * (shape.orientation - _CUT)))
            values[:, 1, 1], slopes[:, 1, 1] = _TURN.forward(orientation), _TURN.log_slope(orientation)
        present = np.arange(points.shape[1]) < counts[:, None]
        values[~present], slopes[~present] = 0, 0
        return values, log_det + log_det_shape + slopes.sum((1, 2))

    def decode(self, values: Float64, counts: Int64) -> Float64:
        fractions = _UNIT.inverse(values[..., 2])
        fractions[:, 0] = self.sum.inverse(values[:, 0, 2])
        momenta = from_fractions(fractions, counts)
        width, orientation = np.zeros(len(values)), np.zeros(len(values))
        if values.shape[1] > 1:
            more = counts > 1
            width = np.where(more, self.width.inverse(values[:, 1, 0]), 0)
            orientation = np.where(more, _TURN.inverse(values[:, 1, 1]) + _CUT, 0)
        centre, free = values[:, 0, 0] + 1j * values[:, 0, 1], values[..., 0] + 1j * values[..., 1]
        directions = from_shape(Shape(centre, width, orientation, free), momenta, counts, self.circles)
        points = np.zeros_like(values)
        for column, feature in zip(self.columns, (directions.real, directions.imag, momenta), strict=True):
            points[..., column] = feature
        return points

    def to_json(self) -> dict[str, Any]:
        ranges = [self.sum.width, self.width.width]
        return {"name": "jets", "columns": list(self.columns), "ranges": ranges, "circles": asdict(self.circles)}


class Columns:
    """Each feature by itself: positive ones by Box-Cox, and nothing done to others."""

    shared = 0

    def __init__(self, transform: FeatureTransform) -> None:
        self.transform = transform

    @classmethod
    def fit(cls, spec: CloudSpec, points: Float64, counts: Int64) -> Self:
        present = np.arange(points.shape[1]) < counts[:, None]
        plan = {feature.name: ["boxcox"] if feature.nature == "positive" else [] for feature in spec.features}
        return cls(FeatureTransform.fit(plan, points[present]))

    def encode(self, points: Float64, counts: Int64) -> tuple[Float64, Float64]:
        present = np.arange(points.shape[1]) < counts[:, None]
        log_det = np.where(present, self.transform.log_det(points), 0).sum(1)
        return self.transform.forward(points) * present[..., None], log_det

    def decode(self, values: Float64, counts: Int64) -> Float64:
        return self.transform.inverse(values) * (np.arange(values.shape[1]) < counts[:, None])[..., None]

    def to_json(self) -> dict[str, Any]:
        return {"name": "columns", "transform": self.transform.to_json()}


def representation_of(spec: CloudSpec, points: Float64, counts: Int64) -> Representation:
    """The representation that suits the clouds, fitted to training points."""
    kind: type[JetShape | Columns] = JetShape if set(spec.names) == set(JET_FEATURES) else Columns
    return kind.fit(spec, points, counts)


def restore(document: Mapping[str, Any]) -> Representation:
    """The representation that ``to_json`` described."""
    if document["name"] == "jets":
        eta, phi, pt = document["columns"]
        most, widest = document["ranges"]
        return JetShape((eta, phi, pt), (most, widest), Circles(**document["circles"]))
    return Columns(FeatureTransform.from_json(document["transform"]))


class Scaling:
    """Mean 0 and variance 1 for each number of each place, over the clouds that have the place.

    Arguments:
        mean, scale: (P, F).
    """

    # Generated numbers further out than any training number are numerical accidents; they are held here and counted.
    limit = 20.0

    def __init__(self, mean: Float64, scale: Float64) -> None:
        self.mean, self.scale = mean, scale

    @classmethod
    def fit(cls, values: Float64, counts: Int64) -> Self:
        present = (np.arange(values.shape[1]) < counts[:, None])[..., None]
        number = np.maximum(present.sum(0), 1)
        mean = (values * present).sum(0) / number
        scale = np.sqrt(((values - mean) ** 2 * present).sum(0) / number)
        return cls(mean, np.where(scale > 1e-9, scale, 1.0))

    def forward(self, values: Float64, counts: Int64) -> tuple[Float64, Float64]:
        """Standardised values, 0 in the empty slots, and log |det| (N,)."""
        present = np.arange(values.shape[1]) < counts[:, None]
        log_det = -(present @ np.log(self.scale).sum(1))
        return (values - self.mean) / self.scale * present[..., None], log_det

    def inverse(self, values: Float64) -> Float64:
        """Back, wherever a place is taken."""
        return np.clip(values, -self.limit, self.limit) * self.scale + self.mean

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal scaling."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        return cls(np.asarray(document["mean"], np.float64), np.asarray(document["scale"], np.float64))
