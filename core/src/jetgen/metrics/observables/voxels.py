"""Calorimeter showers as energies of voxels: layers along the axis, sectors around it, rings about it; in float64.

A hit is a point with ``energy`` and the indices ``z`` (layer), ``alpha`` (sector) and ``r`` (ring) of its voxel. The
energies of hits in one voxel are added, and a voxel below the threshold of the calorimeter counts as empty, as in the
CaloChallenge (2410.21611).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError

__all__ = ["HIT", "grid_shape", "has_voxels", "incident_energy", "legal_hits", "voxel_batches", "voxel_energies"]

HIT = ("energy", "z", "alpha", "r")
"""The features of a hit."""

_SHOWERS = 200  # at a time: 10 megabytes of voxels


def has_voxels(spec: CloudSpec) -> bool:
    """Whether clouds are showers whose points have the features of :data:`HIT`, with a known number of voxels."""
    return spec.kind == "showers" and set(HIT) <= set(spec.names) and all(grid_shape(spec))


def grid_shape(spec: CloudSpec) -> tuple[int, ...]:
    """The numbers of layers, sectors and rings."""
    return tuple(spec.features[spec.index(name)].bins for name in HIT[1:])


def legal_hits(clouds: Clouds, spec: CloudSpec) -> tuple[Clouds, int]:
    """The showers with all hits inside the calorimeter, and the number of hits that had to be changed.

    A negative energy becomes 0; the index of a layer or ring outside becomes the nearest one inside. Sectors are
    periodic and indices are rounded; neither counts as a change.
    """
    points, wrong = clouds.points, np.zeros(len(clouds.points), np.bool_)
    for name in HIT:
        column = spec.index(name)
        found = points[:, column]
        values, outside = _legal(spec.features[column], found, is_index=name != HIT[0])
        wrong |= outside
        if not np.array_equal(values, found):
            points = points.copy()
            points[:, column] = values
    return (clouds if points is clouds.points else clouds.with_points(points)), int(np.count_nonzero(wrong))


def _legal(
    feature: Feature, found: NDArray[np.float32], *, is_index: bool
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Legal values of one feature, and which of the values found were not."""
    largest = feature.bins - 1 if is_index else None
    values = np.rint(found) if is_index else found
    outside = (values < 0) | (values > (np.inf if largest is None else largest))
    if not outside.any():
        return values, outside
    if feature.nature == "periodic":
        return np.mod(values, feature.bins), np.zeros_like(outside)
    return np.clip(values, 0, largest), outside


def voxel_energies(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N, layers, sectors, rings), the energy in each voxel of legal showers; 0 in an empty one."""
    layers, sectors, rings = grid_shape(spec)
    energy, z, alpha, r = (clouds.points[:, spec.index(name)] for name in HIT)
    hit = clouds.rows * layers + z.astype(np.int64)
    hit = (hit * sectors + alpha.astype(np.int64)) * rings + r.astype(np.int64)
    size = len(clouds) * layers * sectors * rings
    voxels = np.bincount(hit, energy, minlength=size).astype(np.float64, copy=False)
    voxels[voxels < np.float32(spec.geometry.get("threshold_mev", 0.0))] = 0.0
    return voxels.reshape(len(clouds), layers, sectors, rings)


def voxel_batches(clouds: Clouds, spec: CloudSpec) -> Iterator[tuple[Clouds, NDArray[np.float64], int]]:
    """Batches of showers: legal hits, their :func:`voxel_energies`, and the number of hits that were changed.

    There is at least one batch; without showers it is empty.
    """
    for start in range(0, max(1, len(clouds)), _SHOWERS):
        part, wrong = legal_hits(clouds[start : start + _SHOWERS], spec)
        yield part, voxel_energies(part, spec), wrong


def incident_energy(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N,), the energy in MeV of the particle that started each shower.

    Raises:
        DataError: if the clouds do not have it as conditioning ``e_inc``, or if it is not positive.
    """
    if "e_inc" not in spec.conditioning_names or clouds.conditioning.shape[1] != len(spec.conditioning):
        msg = (
            "the showers have no conditioning e_inc, the incident energy; give clouds and a CloudSpec with that "
            "conditioning"
        )
        raise DataError(msg)
    energy = clouds.conditioning[:, spec.conditioning_names.index("e_inc")].astype(np.float64)
    if (energy <= 0).any():
        row = int(np.argmax(energy <= 0))
        msg = f"e_inc is {energy[row]} at shower {row}; an incident energy is positive"
        raise DataError(msg)
    return energy
