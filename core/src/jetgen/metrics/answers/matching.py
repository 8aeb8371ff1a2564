"""Which true particle each reconstructed point belongs to: the assignment of least cost, in units of the resolution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.metrics.observables.high_level import in_radians

__all__ = ["Coordinates", "Matches", "matched", "resolution_of"]

Float64 = NDArray[np.float64]

_NORMAL = 1.4826  # the standard deviation of a normal distribution over its median absolute deviation
_LEAST = 1e-9  # of a width; points that are all measured exactly have none


@dataclass(frozen=True)
class Coordinates:
    """The features in which points are compared with particles: positive ones by logarithm, periodic ones as angles.

    Arguments:
        spec: of the points; the particles in ``spec.given`` must have all of its features that are not categorical.

    Raises:
        DataError: if there are no such particles, or they lack a feature.
    """

    spec: CloudSpec

    def __post_init__(self) -> None:
        given = self.spec.given
        missing = self.names if given is None else [name for name in self.names if name not in given.names]
        if given is None or missing or not self.names:
            what = f"the true events have no {', '.join(missing)}" if missing else "all features are categorical"
            msg = f"points cannot be compared with true particles: {what}"
            raise DataError(msg)

    @property
    def names(self) -> list[str]:
        """The names of the features that are compared."""
        return [one.name for one in self.spec.features if one.nature != "categorical"]

    def of_points(self, clouds: Clouds) -> Float64:
        """float64 (total, F), the coordinates of reconstructed points."""
        return self._coordinates(clouds, self.spec)

    def of_particles(self, given: Clouds) -> Float64:
        """float64 (total, F), the same of true particles."""
        assert self.spec.given is not None
        return self._coordinates(given, self.spec.given)

    def to_points(self, coordinates: Float64) -> Float64:
        """float64 (total, F), the features of points with these coordinates, which undoes :meth:`of_points`."""
        values = coordinates.copy()
        for i, name in enumerate(self.names):
            feature = self.spec.features[self.spec.index(name)]
            if feature.nature == "positive":
                values[:, i] = np.exp(values[:, i])
            elif feature.nature == "periodic":
                values[:, i] = wrapped(values[:, i]) / in_radians(np.ones(1), feature)
        return values

    def difference(self, points: Float64, particles: Float64) -> Float64:
        """Points minus particles; of angles the shorter way round."""
        found = points - particles
        for i in self._periodic:
            found[..., i] = wrapped(found[..., i])
        return found

    @cached_property
    def _periodic(self) -> list[int]:
        return [i for i, name in enumerate(self.names) if self._nature(name) == "periodic"]

    def _nature(self, name: str) -> str:
        return self.spec.features[self.spec.index(name)].nature

    def _coordinates(self, clouds: Clouds, spec: CloudSpec) -> Float64:
        columns = []
        for name in self.names:
            values = clouds.points[:, spec.index(name)].astype(np.float64)
            if self._nature(name) == "positive":
                values = np.log(np.maximum(values, np.finfo(np.float32).tiny))
            elif self._nature(name) == "periodic":
                values = in_radians(values, spec.features[spec.index(name)])
            columns.append(values)
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Matches:
    """Points with their particles.

    Arguments:
        particle: int64 (M,), the row of the particle of each matched point among all particles.
        residual: float64 (M, F), point minus particle in the coordinates.
    """

    particle: NDArray[np.int64]
    residual: Float64


def matched(
    clouds: Clouds, event: NDArray[np.int64], given: Clouds, coordinates: Coordinates, width: Float64
) -> Matches:
    """Each point with one particle of its event, and each particle with one point or none.

    The sum of the squared differences in units of ``width`` is the smallest. Where a cloud has more points than its
    event particles, the worst points are left over.

    Arguments:
        clouds: the reconstructed clouds.
        event: int64 (N,), the row of ``given`` that each answers.
        given: the true events.
        coordinates: how they are compared.
        width: float64 (F,), the resolution.
    """
    points, particles = coordinates.of_points(clouds), coordinates.of_particles(given)
    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for cloud, truth in enumerate(event):
        mine = slice(*clouds.offsets[cloud : cloud + 2])
        theirs = slice(*given.offsets[truth : truth + 2])
        apart = coordinates.difference(points[mine, None], particles[None, theirs]) / width
        chosen = linear_sum_assignment(np.square(apart).sum(axis=-1))
        rows.append(mine.start + chosen[0])
        columns.append(theirs.start + chosen[1])
    row, particle = np.concatenate(rows), np.concatenate(columns)
    return Matches(particle, coordinates.difference(points[row], particles[particle]))


def resolution_of(clouds: Clouds, event: NDArray[np.int64], given: Clouds, coordinates: Coordinates) -> Float64:
    """float64 (F,), the typical width of the residuals of true clouds, from the clouds themselves.

    Points are matched in units of the spread of the particles first, then in units of the widths found so, twice.
    """
    width = np.maximum(coordinates.of_particles(given).std(axis=0), _LEAST)
    for _ in range(3):
        residual = matched(clouds, event, given, coordinates, width).residual
        if len(residual):
            width = np.maximum(_NORMAL * np.median(np.abs(residual), axis=0), _LEAST)
    return np.asarray(width)
