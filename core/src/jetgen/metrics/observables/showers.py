"""High-level observables of calorimeter showers: a fixed list of numbers for each shower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.voxels import incident_energy, voxel_batches

__all__ = ["shower_names", "shower_observables"]

_Array = NDArray[np.float64]

_FRONT = 5
_NAMES = (  # as in results on disk, where a voxel is called a cell
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
    """The names of the columns of :func:`shower_observables`."""
    return (*_NAMES, "response") if "e_inc" in spec.conditioning_names else _NAMES


def shower_observables(clouds: Clouds, spec: CloudSpec) -> _Array:
    """float64 (N, D), in the order of :func:`shower_names`; always finite.

    The number of points, of non-empty voxels and of non-empty layers; the logarithm of the energy in MeV; the energy
    fractions of the first five layers, of the innermost ring and of the largest voxel; the layer with the largest
    energy and the deepest one; the energy-weighted mean and standard deviation of layer and ring, and the centre in
    the transverse plane, in units of a ring; mean and standard deviation of the logarithm of the voxel energies;
    energy over incident energy, where that is known. What a shower without energy does not have is 0.

    Raises:
        DataError: if the incident energies are not positive.
    """
    columns = np.concatenate([_of_voxels(part, voxels) for part, voxels, _ in voxel_batches(clouds, spec)])
    if "e_inc" not in spec.conditioning_names:
        return columns
    energy = np.expm1(columns[:, _NAMES.index("ln_energy")])
    return np.column_stack([columns, energy / incident_energy(clouds, spec)])


def _of_voxels(clouds: Clouds, voxels: _Array) -> _Array:
    """The observables of showers with these voxel energies (N, layers, sectors, rings)."""
    layers, sectors, rings = voxels.shape[1:]
    by_layer, transverse = voxels.sum(axis=(2, 3)), voxels.sum(axis=1)
    total = by_layer.sum(axis=1)
    unit = np.where(total > 0, total, 1.0)
    hit = by_layer > 0
    by_layer, transverse = by_layer / unit[:, None], transverse / unit[:, None, None]
    by_ring = transverse.sum(axis=1)
    radius, angle = np.arange(rings) + 0.5, 2.0 * np.pi * (np.arange(sectors) + 0.5) / sectors
    moment = transverse @ radius
    values = {
        "multiplicity": clouds.multiplicity,
        **_voxel_spectrum(voxels),
        "layers": hit.sum(axis=1),
        "ln_energy": np.log1p(total),
        "front": by_layer[:, :_FRONT].sum(axis=1),
        "core": by_ring[:, 0],
        "largest": voxels.max(axis=(1, 2, 3)) / unit,
        "peak": by_layer.argmax(axis=1),
        "deepest": np.where(hit.any(axis=1), layers - 1 - hit[:, ::-1].argmax(axis=1), 0),
        **dict(zip(("z", "z_sd"), _moments(by_layer, np.arange(layers)), strict=True)),
        **dict(zip(("r", "r_sd"), _moments(by_ring, radius), strict=True)),
        "x": moment @ np.cos(angle),
        "y": moment @ np.sin(angle),
    }
    return np.stack([values[name] for name in _NAMES], axis=1).astype(np.float64)


def _voxel_spectrum(voxels: _Array) -> dict[str, _Array]:
    """The number of non-empty voxels, and mean and standard deviation of the logarithm of their energies."""
    flat = voxels.reshape(-1)
    hit = np.flatnonzero(flat)
    rows, logs = hit // max(1, voxels[0:1].size), np.log(flat[hit])
    number, first, second = (
        np.bincount(rows, weights, minlength=len(voxels)).astype(np.float64) for weights in (None, logs, logs**2)
    )
    size = np.maximum(number, 1.0)
    spread = np.sqrt(np.maximum(second / size - (first / size) ** 2, 0.0))
    return {"cells": number, "ln_cell": first / size, "ln_cell_sd": spread}


def _moments(shares: _Array, positions: NDArray[np.number]) -> tuple[_Array, _Array]:
    """Mean and standard deviation of positions (P,) with the shares (N, P) as weights."""
    mean: _Array = shares @ positions.astype(np.float64)
    square: _Array = (shares * (positions - mean[:, None]) ** 2).sum(axis=1)
    return mean, np.sqrt(square)
