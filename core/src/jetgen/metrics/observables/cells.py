"""Calorimeter showers as energies of cells: layers along the axis, sectors around it, rings about it; in float64.

A hit is a point with ``energy`` and the indices ``z``, ``alpha`` and ``r`` of its cell. The energies of hits in one
cell are added, and a cell below the threshold of the calorimeter counts as not hit, as in the CaloChallenge.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError

__all__ = ["HIT", "cell_energies", "grid", "grids", "has_cells", "incident_energy", "legal_hits"]

HIT = ("energy", "z", "alpha", "r")
"""The features of a hit."""

_SHOWERS = 200  # at a time: 10 megabytes of cells


def has_cells(spec: CloudSpec) -> bool:
    """Whether clouds are showers whose points have the features of :data:`HIT`, with a known number of cells."""
    return spec.kind == "showers" and set(HIT) <= set(spec.names) and all(grid(spec))


def grid(spec: CloudSpec) -> tuple[int, ...]:
    """The numbers of layers, sectors and rings."""
    return tuple(spec.features[spec.index(name)].bins for name in HIT[1:])


def legal_hits(clouds: Clouds, spec: CloudSpec) -> tuple[Clouds, int]:
    """The showers with every hit inside the calorimeter, and how many hits were not legal.

    A negative energy becomes 0; a layer or ring that does not exist becomes the nearest one. Sectors go round and
    round, and indices are rounded, which is no fault.
    """
    points, wrong = clouds.points, np.zeros(len(clouds.points), np.bool_)
    for name, cells in zip(HIT, (0, *grid(spec)), strict=True):
        column = spec.index(name)
        found = points[:, column]
        values = np.rint(found) if cells else found
        outside = (values < 0) | (values > (cells - 1 if cells else np.inf))
        if outside.any():
            if spec.features[column].nature == "periodic":
                values = np.mod(values, cells)
            else:
                values = np.clip(values, 0, cells - 1 if cells else None)
                wrong |= outside
        if not np.array_equal(values, found):
            points = points.copy()
            points[:, column] = values
    return (clouds if points is clouds.points else clouds.with_points(points)), int(np.count_nonzero(wrong))


def cell_energies(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N, layers, sectors, rings), the energy of every cell of legal showers, 0 where it was not hit."""
    layers, sectors, rings = grid(spec)
    energy, z, alpha, r = (clouds.points[:, spec.index(name)] for name in HIT)
    hit = clouds.rows * layers + z.astype(np.int64)
    hit = (hit * sectors + alpha.astype(np.int64)) * rings + r.astype(np.int64)
    cells = np.bincount(hit, energy, minlength=len(clouds) * layers * sectors * rings).astype(np.float64, copy=False)
    cells[cells < np.float32(spec.geometry.get("threshold_mev", 0.0))] = 0.0
    return cells.reshape(len(clouds), layers, sectors, rings)


def grids(clouds: Clouds, spec: CloudSpec) -> Iterator[tuple[Clouds, NDArray[np.float64], int]]:
    """Some showers after the other: themselves, the :func:`cell_energies` and how many hits were not legal.

    There is at least one part, be it without showers.
    """
    for start in range(0, max(1, len(clouds)), _SHOWERS):
        part, wrong = legal_hits(clouds[start : start + _SHOWERS], spec)
        yield part, cell_energies(part, spec), wrong


def incident_energy(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float64]:
    """float64 (N,), the energy of the particle that made each shower.

    Raises:
        DataError: if the clouds do not have it as conditioning ``e_inc``, or if it is not positive.
    """
    if "e_inc" not in spec.conditioning_names or clouds.conditioning.shape[1] != len(spec.conditioning):
        msg = (
            "the showers have no conditioning e_inc, the incident energy; give clouds and a CloudSpec with that context"
        )
        raise DataError(msg)
    energy = clouds.conditioning[:, spec.conditioning_names.index("e_inc")].astype(np.float64)
    if (energy <= 0).any():
        row = int(np.argmax(energy <= 0))
        msg = f"e_inc is {energy[row]} at shower {row}; an incident energy is positive"
        raise DataError(msg)
    return energy
