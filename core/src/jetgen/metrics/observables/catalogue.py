"""Observables of single clouds with name, title and unit: what a generator can get wrong, in the field's terms."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.jets import has_relative
from jetgen.data.ordering import ordered
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.high_level import high_level, high_level_names, within_reach
from jetgen.metrics.observables.spacing import LARGEST, SMALLEST, spacing
from jetgen.metrics.observables.substructure import OBSERVABLES, substructure
from jetgen.metrics.observables.voxels import grid_shape, has_voxels, voxel_batches

__all__ = ["Observable", "observable_values", "observables"]

_Array = NDArray[np.float64]

_RANKS = 30


@dataclass(frozen=True)
class Observable:
    """One number of each cloud.

    Arguments:
        name: short, such as ``ptrel_3``.
        title: in words, such as "pT of particle 3"; the label of an axis.
        unit: such as "MeV"; empty for a pure number.
        family: what it has in common with others, such as "pT by rank".
    """

    name: str
    title: str
    unit: str = ""
    family: str = ""

    @property
    def label(self) -> str:
        """Title and unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


def observables(spec: CloudSpec) -> tuple[Observable, ...]:
    """The observables of clouds of this spec; empty if they have categorical features only.

    Of jets with ``etarel``, ``phirel`` and ``ptrel``: the high-level features, the substructure where fastjet is
    installed, pT by rank, and the smallest and largest distances Delta R between particles. Of showers in voxels: the
    high-level features and the energy of each layer. Of others: the high-level features.

    >>> from jetgen.data.jets import jet_spec
    >>> [one.title for one in observables(jet_spec(30)) if one.name in ("mass", "ptrel_2", "delta_r_5")]
    ['jet mass', 'pT of particle 2', '5th smallest ΔR between particles']
    """
    if has_relative(spec):
        return tuple(_of_jets(spec))
    if has_voxels(spec):
        layers = grid_shape(spec)[0]
        energies = (Observable(f"layer_{i}", f"energy in layer {i}", "MeV", "layer energies") for i in range(layers))
        return (*(Observable(name, *_SHOWER_TITLES[name]) for name in high_level_names(spec)), *energies)
    return tuple(_of_points(spec))


def observable_values(clouds: Clouds, spec: CloudSpec, *, threads: int = 1) -> _Array:
    """float64 (N, D), the :func:`observables` of each cloud; what a cloud does not have is 0.

    Raises:
        DataError: if showers have incident energies that are not positive.
    """
    known = high_level(clouds, spec)
    if has_voxels(spec):
        energies = [voxels.sum(axis=(2, 3)) for _, voxels, _ in voxel_batches(clouds, spec)]
        return np.concatenate([known, np.concatenate(energies)], axis=1)
    if not has_relative(spec):
        return known
    kept = [name not in _ranked(spec) for name in high_level_names(spec)]
    columns = [known[:, kept], *([substructure(clouds, spec, threads=threads)] if _has_fastjet() else [])]
    return np.concatenate([*columns, *_of_particles(clouds, spec)], axis=1)


def _has_fastjet() -> bool:
    return importlib.util.find_spec("fastjet") is not None


def _ranked(spec: CloudSpec) -> list[str]:
    return [f"ptrel_{k}" for k in range(1, min(_RANKS, spec.max_points) + 1)]


def _of_jets(spec: CloudSpec) -> Iterator[Observable]:
    """In the order of the columns of :func:`observable_values`."""
    ranked = _ranked(spec)
    yield from (Observable(name, *_JET_TITLES[name]) for name in high_level_names(spec) if name not in ranked)
    if _has_fastjet():
        titles = ("N-subjettiness ratio τ21", "N-subjettiness ratio τ32", "energy correlation ratio D2")
        yield from (Observable(n, title, "", "substructure") for n, title in zip(OBSERVABLES, titles, strict=True))
    yield from (Observable(name, f"pT of particle {name[6:]}", _PT, "pT by rank") for name in ranked)
    for k in range(1, SMALLEST + 1):
        yield Observable(f"delta_r_{k}", f"{_ordinal(k)}smallest ΔR between particles", "", "smallest ΔR")
    for k in range(1, LARGEST + 1):
        yield Observable(f"delta_r_largest_{k}", f"{_ordinal(k)}largest ΔR between particles", "", "largest ΔR")
    yield Observable("delta_r_hardest", "ΔR of the hardest particle to the nearest", "", "ΔR of the hardest particles")


def _ordinal(k: int) -> str:
    return "" if k == 1 else f"{k}{ {2: 'nd', 3: 'rd'}.get(k, 'th') } "


def _of_particles(clouds: Clouds, spec: CloudSpec) -> Iterator[_Array]:
    """Momenta by rank, the distances between particles, and that of the hardest particle to the nearest one."""
    sorted_clouds = ordered(within_reach(clouds, spec), spec)
    rows, ranks = sorted_clouds.rows, sorted_clouds.ranks
    by_rank = np.zeros((len(clouds), len(_ranked(spec))))
    listed = ranks < by_rank.shape[1]
    by_rank[rows[listed], ranks[listed]] = sorted_clouds.points[listed, spec.index("ptrel")]
    yield by_rank
    angles = sorted_clouds.points[:, [spec.index("etarel"), spec.index("phirel")]].astype(np.float64)
    yield spacing(angles, sorted_clouds.offsets, SMALLEST, LARGEST)
    hardest = sorted_clouds.offsets[:-1][rows]
    others = ranks > 0
    nearest = np.full(len(clouds), np.inf)
    np.minimum.at(nearest, rows[others], np.hypot(*(angles[others] - angles[hardest[others]]).T))
    yield np.where(np.isfinite(nearest), nearest, 0.0)[:, None]


def _of_points(spec: CloudSpec) -> Iterator[Observable]:
    """In the order of :func:`high_level_names`, whose names are those of a feature and of what is taken of it."""
    titles = {"multiplicity": Observable("multiplicity", "number of points", "", "multiplicity")}
    for feature in spec.features:
        titles[feature.name] = Observable(feature.name, feature.name, feature.unit, feature.name)
        for what, words in _SUMMARIES.items():
            unit = "" if what in ("cos", "sin") else feature.unit
            name = f"{feature.name}_{what}"
            titles[name] = Observable(name, f"{words} {feature.name}", unit, feature.name)
    return (titles[name] for name in high_level_names(spec))


_SUMMARIES = {
    "mean": "mean",
    "sd": "standard deviation of",
    "min": "smallest",
    "max": "largest",
    "sum": "sum of",
    "cos": "mean cosine of",
    "sin": "mean sine of",
}

_PT = "pT of the jet"

_JET_TITLES = {
    "mass": ("jet mass", _PT, "jet momentum"),
    "pt": ("pT of all particles", _PT, "jet momentum"),
    "eta": ("η of all particles", "", "jet momentum"),
    "phi": ("φ of all particles", "", "jet momentum"),
    "multiplicity": ("number of particles", "", "multiplicity"),
    "width_eta": ("width in η", "", "jet shape"),
    "width_phi": ("width in φ", "", "jet shape"),
    "planar_flow": ("planar flow", "", "jet shape"),
    "girth": ("girth", "", "jet shape"),
    "les_houches": ("Les Houches angularity", "", "jet shape"),
    "dispersion": ("pT dispersion", "", "jet shape"),
    **{f"ptrel_{k}": (f"pT of particle {k}", _PT, "pT by rank") for k in (1, 2, 3)},
    "fraction_1": ("pT share of the hardest particle", "", "pT shares"),
    "fraction_5": ("pT share of the 5 hardest", "", "pT shares"),
    "fraction_10": ("pT share of the 10 hardest", "", "pT shares"),
    "distance_12": ("ΔR of the two hardest particles", "", "ΔR of the hardest particles"),
    "etarel_mean": ("mean η of particles", "", "directions of particles"),
    "etarel_sd": ("standard deviation of η", "", "directions of particles"),
    "phirel_mean": ("mean φ of particles", "", "directions of particles"),
    "phirel_sd": ("standard deviation of φ", "", "directions of particles"),
}

_SHOWER_TITLES = {
    "multiplicity": ("number of hits", "", "multiplicity"),
    "cells": ("voxels with energy", "", "multiplicity"),
    "layers": ("layers with energy", "", "longitudinal profile"),
    "ln_energy": ("ln(1 + energy / MeV)", "", "shower energy"),
    "response": ("energy over incident energy", "", "shower energy"),
    "front": ("energy share of the first 5 layers", "", "longitudinal profile"),
    "peak": ("layer with the largest energy", "", "longitudinal profile"),
    "deepest": ("deepest layer", "", "longitudinal profile"),
    "z": ("mean layer", "", "longitudinal profile"),
    "z_sd": ("spread over layers", "", "longitudinal profile"),
    "core": ("energy share of the innermost ring", "", "transverse profile"),
    "r": ("mean ring", "", "transverse profile"),
    "r_sd": ("spread over rings", "", "transverse profile"),
    "x": ("transverse centre x", "rings", "transverse profile"),
    "y": ("transverse centre y", "rings", "transverse profile"),
    "largest": ("energy share of the largest voxel", "", "voxel energies"),
    "ln_cell": ("mean ln voxel energy", "", "voxel energies"),
    "ln_cell_sd": ("spread of ln voxel energy", "", "voxel energies"),
}
