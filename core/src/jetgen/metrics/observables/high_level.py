"""High-level observables: a fixed list of numbers for each cloud, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from jetgen.data.jets import clip_negative_pt, coordinates, has_relative, relative_eta, relative_mass, relative_pt
from jetgen.data.spec import CloudSpec, Feature
from jetgen.metrics.observables.showers import shower_names, shower_observables
from jetgen.metrics.observables.voxels import has_voxels

__all__ = ["high_level", "high_level_names", "in_radians", "within_reach"]

_Array = NDArray[np.float64]

_FURTHEST = 20.0  # directions are clipped to this: the energy of a particle, pT cosh(eta), has to stay finite
_LEADING = (1, 2, 3)
_FRACTIONS = (1, 5, 10)

_JET_NAMES = (
    "mass",
    "pt",
    "eta",
    "phi",
    "multiplicity",
    "width_eta",
    "width_phi",
    "planar_flow",
    "girth",
    "les_houches",
    "dispersion",
    *(f"ptrel_{k}" for k in _LEADING),
    *(f"fraction_{k}" for k in _FRACTIONS),
    "distance_12",
    "etarel_mean",
    "etarel_sd",
    "phirel_mean",
    "phirel_sd",
)


def high_level_names(spec: CloudSpec) -> tuple[str, ...]:
    """The names of the columns of :func:`high_level`.

    >>> from jetgen.data.spec import Feature
    >>> high_level_names(CloudSpec("tracks", (Feature("pt", nature="positive"), Feature("eta")), 13))
    ('multiplicity', 'pt_mean', 'pt_sd', 'pt_min', 'pt_max', 'pt_sum', 'eta_mean', 'eta_sd', 'eta_min', 'eta_max')
    """
    if has_relative(spec):
        return _JET_NAMES
    if has_voxels(spec):
        return shower_names(spec)
    empty = Clouds(np.empty((0, len(spec.features))), [0])
    return tuple(_summaries(empty, spec))


def high_level(clouds: Clouds, spec: CloudSpec) -> _Array:
    """float64 (N, D), the observables of each cloud in the order of :func:`high_level_names`; always finite.

    Of jets with ``etarel``, ``phirel`` and ``ptrel``: mass, transverse momentum, eta and phi of the sum of the
    particles; their number; with z the share of a particle in the scalar sum of pT, and R its distance to the axis
    at the origin, the spread of direction weighted with z (in eta, in phi, and the planar flow 4 det / trace^2 of
    its covariance), girth (sum z R), Les Houches angularity (sum z sqrt(R / 0.8), 1704.03878) and dispersion
    (root of sum z^2); the three largest ptrel; the shares of the 1, 5 and 10 hardest particles; the distance of the
    two hardest; mean and standard deviation of direction over the particles. Mass, pT, the spreads and that distance
    depend on several particles of a jet: they change when the correlations between particles are lost.

    Of showers in voxels: those of :func:`jetgen.metrics.observables.showers.shower_observables`.

    Of all other clouds: their size, and of each feature that is not categorical the mean, standard deviation, least
    and largest value over the points, for a positive feature the sum too, of a periodic one the means of its cosine
    and sine instead; where a cloud is a single point, just the features themselves.

    A quantity that an empty cloud or one without momentum does not have is 0. Negative ``ptrel`` count as 0.

    Raises:
        DataError: if showers have incident energies that are not positive.
    """
    if has_voxels(spec):
        return shower_observables(clouds, spec)
    columns = _jet_observables(clouds, spec) if has_relative(spec) else _summaries(clouds, spec)
    return np.stack(list(columns.values()), axis=1) if columns else np.empty((len(clouds), 0))


def in_radians(values: _Array, feature: Feature) -> _Array:
    """The values of a periodic feature as angles: one period is 2 pi, or ``bins`` if the feature is an index."""
    return values * (2.0 * np.pi / feature.bins) if feature.bins else values


def _jet_observables(clouds: Clouds, spec: CloudSpec) -> dict[str, _Array]:
    clouds = _hardest_first(within_reach(clouds, spec), spec)
    eta, phi, pt = coordinates(clouds, spec)
    z = _ratio(pt, _total(clouds, pt)[clouds.rows])
    values = {
        "mass": relative_mass(clouds, spec),
        "pt": relative_pt(clouds, spec),
        "eta": relative_eta(clouds, spec),
        "phi": np.arctan2(_total(clouds, pt * np.sin(phi)), _total(clouds, pt * np.cos(phi))),
        "multiplicity": clouds.multiplicity.astype(np.float64),
        **_spreads(clouds, eta, phi, z),
        **_leading(clouds, eta, phi, pt, z),
    }
    for name, angle in (("etarel", eta), ("phirel", phi)):
        values[f"{name}_mean"], values[f"{name}_sd"] = _mean_and_sd(clouds, angle)
    return {name: values[name] for name in _JET_NAMES}


def within_reach(clouds: Clouds, spec: CloudSpec) -> Clouds:
    """The clouds with negative momenta set to 0 and directions clipped to a range in which energies are finite."""
    clouds, _ = clip_negative_pt(clouds, spec.index("ptrel"))
    angles = [spec.index("etarel"), spec.index("phirel")]
    if np.abs(clouds.points[:, angles]).max(initial=0.0) <= _FURTHEST:
        return clouds
    points = clouds.points.copy()
    points[:, angles] = points[:, angles].clip(-_FURTHEST, _FURTHEST)
    return Clouds(points, clouds.offsets)


def _hardest_first(clouds: Clouds, spec: CloudSpec) -> Clouds:
    pt = clouds.points[:, spec.index("ptrel")]
    if not np.any(np.diff(pt) > 0, where=np.diff(clouds.rows) == 0):
        return clouds
    return Clouds(clouds.points[np.lexsort((-pt, clouds.rows))], clouds.offsets)


def _spreads(clouds: Clouds, eta: _Array, phi: _Array, z: _Array) -> dict[str, _Array]:
    """Observables of the spread of the momentum over directions and over particles."""
    from_eta, from_phi = (angle - _total(clouds, z * angle)[clouds.rows] for angle in (eta, phi))
    along, across = _total(clouds, z * from_eta**2), _total(clouds, z * from_phi**2)
    mixed = _total(clouds, z * from_eta * from_phi)
    determinant = np.maximum(along * across - mixed**2, 0.0)
    distance = np.hypot(eta, phi)
    return {
        "width_eta": np.sqrt(along),
        "width_phi": np.sqrt(across),
        "planar_flow": _ratio(4.0 * determinant, (along + across) ** 2),
        "girth": _total(clouds, z * distance),
        "les_houches": _total(clouds, z * np.sqrt(distance / 0.8)),
        "dispersion": np.sqrt(_total(clouds, z * z)),
    }


def _leading(clouds: Clouds, eta: _Array, phi: _Array, pt: _Array, z: _Array) -> dict[str, _Array]:
    """Observables of the hardest particles, which come first."""
    ranks = clouds.ranks
    values = {f"ptrel_{k}": _total(clouds, pt * (ranks == k - 1)) for k in _LEADING}
    values |= {f"fraction_{k}": _total(clouds, z * (ranks < k)) for k in _FRACTIONS}
    first = clouds.offsets[:-1][clouds.multiplicity >= 2]
    d_phi = wrapped(phi[first + 1] - phi[first])
    values["distance_12"] = np.zeros(len(clouds))
    values["distance_12"][clouds.multiplicity >= 2] = np.hypot(eta[first + 1] - eta[first], d_phi)
    return values


def _summaries(clouds: Clouds, spec: CloudSpec) -> dict[str, _Array]:
    values: dict[str, _Array] = {}
    if spec.max_points > 1:
        values["multiplicity"] = clouds.multiplicity.astype(np.float64)
    for column, feature in enumerate(spec.features):
        if feature.nature == "categorical":
            continue
        of_points = clouds.points[:, column].astype(np.float64)
        mean, sd = _mean_and_sd(clouds, of_points)
        if spec.max_points == 1:
            values[feature.name] = mean
            continue
        if feature.nature == "periodic":
            angle = in_radians(of_points, feature)
            values[f"{feature.name}_cos"], _ = _mean_and_sd(clouds, np.cos(angle))
            values[f"{feature.name}_sin"], _ = _mean_and_sd(clouds, np.sin(angle))
            continue
        each: Mapping[str, _Array] = {
            "mean": mean,
            "sd": sd,
            "min": _extreme(np.minimum, clouds, of_points),
            "max": _extreme(np.maximum, clouds, of_points),
        }
        values |= {f"{feature.name}_{what}": value for what, value in each.items()}
        if feature.nature == "positive":
            values[f"{feature.name}_sum"] = _total(clouds, of_points)
    return values


def _total(clouds: Clouds, of_points: _Array) -> _Array:
    return np.bincount(clouds.rows, of_points, minlength=len(clouds)).astype(np.float64, copy=False)


def _mean_and_sd(clouds: Clouds, of_points: _Array) -> tuple[_Array, _Array]:
    size = np.maximum(clouds.multiplicity, 1)
    mean = _total(clouds, of_points) / size
    return mean, np.sqrt(_total(clouds, (of_points - mean[clouds.rows]) ** 2) / size)


def _extreme(ufunc: np.ufunc, clouds: Clouds, of_points: _Array) -> _Array:
    values = np.zeros(len(clouds))
    filled = clouds.multiplicity > 0
    if filled.any():
        values[filled] = ufunc.reduceat(of_points, clouds.offsets[:-1][filled])
    return values


def _ratio(above: _Array, below: _Array) -> _Array:
    """The ratio; 0 where the denominator is not positive."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
