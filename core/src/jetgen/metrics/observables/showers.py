"""High-level observables of calorimeter showers: a fixed list of numbers that describes each shower as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.cells import grids, incident_energy

__all__ = ["shower_names", "shower_observables"]

_Array = NDArray[np.float64]

_FRONT = 5
_NAMES = (
    "multiplicity",
    "cells",
    "layers",
    "ln_energy",
    "front",
    "core",
    "largest",
    "peak",
    "deepest",
    "z",
    "z_sd",
    "r",
    "r_sd",
    "x",
    "y",
    "ln_cell",
    "ln_cell_sd",
)


def shower_names(spec: CloudSpec) -> tuple[str, ...]:
    """What the columns of :func:`shower_observables` are called."""
    return (*_NAMES, "response") if "e_inc" in spec.conditioning_names else _NAMES


def shower_observables(clouds: Clouds, spec: CloudSpec) -> _Array:
    """float64 (N, D), in the order of :func:`shower_names`; always finite.

    The number of points, of distinct cells and of layers that were hit; the logarithm of the energy in MeV; the shares
    of it in the first five layers, in the innermost ring and in the cell with most; the layer with most and the
    deepest; with the energy as weight the mean and standard deviation of layer and ring, and the centre in the plane
    of a layer, in units of a ring; mean and standard deviation of the logarithm of the energy of a cell; energy over
    incident energy, where that is known. What a shower without energy does not have is 0.
    """
    parts = [_of_cells(part, cells) for part, cells, _ in grids(clouds, spec)]
    columns = np.concatenate(parts)
    if "e_inc" not in spec.conditioning_names:
        return columns
    energy = np.expm1(columns[:, _NAMES.index("ln_energy")])
    return np.column_stack([columns, energy / incident_energy(clouds, spec)])


def _of_cells(clouds: Clouds, cells: _Array) -> _Array:
    layers, sectors, rings = cells.shape[1:]
    along, across = cells.sum(axis=(2, 3)), cells.sum(axis=1)
    total = along.sum(axis=1)
    unit = np.where(total > 0, total, 1.0)
    lit = along > 0
    along, across = along / unit[:, None], across / unit[:, None, None]
    about = across.sum(axis=1)
    middle, angle = np.arange(rings) + 0.5, 2.0 * np.pi * (np.arange(sectors) + 0.5) / sectors
    moment = across @ middle
    values = {
        "multiplicity": clouds.multiplicity,
        **_of_hits(cells),
        "layers": lit.sum(axis=1),
        "ln_energy": np.log1p(total),
        "front": along[:, :_FRONT].sum(axis=1),
        "core": about[:, 0],
        "largest": cells.max(axis=(1, 2, 3)) / unit,
        "peak": along.argmax(axis=1),
        "deepest": np.where(lit.any(axis=1), layers - 1 - lit[:, ::-1].argmax(axis=1), 0),
        **dict(zip(("z", "z_sd"), _moments(along, np.arange(layers)), strict=True)),
        **dict(zip(("r", "r_sd"), _moments(about, middle), strict=True)),
        "x": moment @ np.cos(angle),
        "y": moment @ np.sin(angle),
    }
    return np.stack([values[name] for name in _NAMES], axis=1).astype(np.float64)


def _of_hits(cells: _Array) -> dict[str, _Array]:
    """How many cells were hit, and the mean and standard deviation of the logarithm of their energies."""
    flat = cells.reshape(-1)
    hit = np.flatnonzero(flat)
    rows, logs = hit // max(1, cells[0:1].size), np.log(flat[hit])
    number, first, second = (
        np.bincount(rows, weights, minlength=len(cells)).astype(np.float64) for weights in (None, logs, logs**2)
    )
    size = np.maximum(number, 1.0)
    spread = np.sqrt(np.maximum(second / size - (first / size) ** 2, 0.0))
    return {"cells": number, "ln_cell": first / size, "ln_cell_sd": spread}


def _moments(shares: _Array, places: NDArray[np.number]) -> tuple[_Array, _Array]:
    """Mean and standard deviation of the place, with the shares (N, P) as weights."""
    mean: _Array = shares @ places.astype(np.float64)
    square: _Array = (shares * (places - mean[:, None]) ** 2).sum(axis=1)
    return mean, np.sqrt(square)
