"""Jets relative to their axis, from the momenta of their particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jetgen.conversion.momenta import checked_momenta, roles_of
from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from jetgen.data.jets import jet_spec
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.io.reading import reading

__all__ = ["OBSERVABLES", "UNITS", "JetTypes", "MomentaFile", "RelativeJets"]

_Array = NDArray[np.float64]

OBSERVABLES = ("pt", "eta", "mass")
"""What is known of each jet, beside its type: GeV, pseudorapidity, GeV."""

_FEATURES = {"pt": Feature("pt", "GeV", "positive"), "eta": Feature("eta"), "mass": Feature("mass", "GeV", "positive")}
UNITS = {"GeV": 1.0, "MeV": 1e-3, "TeV": 1e3}
"""GeV, by the name of the unit."""

_PLAUSIBLE = (1.0, 2e4)  # GeV, the pT of a typical jet
_AGREE = 1.5  # between the pT that a file gives a jet and that of its particles


class MomentaFile(Protocol):
    """Jets in a file, whose particles have momenta as features."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def spec(self) -> CloudSpec:
        """The columns that are read."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> Clouds: ...


@dataclass(frozen=True)
class JetTypes:
    """The type of each jet.

    Arguments:
        values: int64 (N,).
        names: of the types 0, 1, ...
    """

    values: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def feature(self) -> Feature:
        """The type as conditioning."""
        return Feature("jet_type", nature="categorical", categories=self.names)


class RelativeJets(SlicedSource):
    """The jets of a file, each relative to its axis: ``etarel``, ``phirel`` and ``ptrel``, the largest pT first.

    The axis is the one that the file has for each jet, else the sum of all its particles.

    Arguments:
        file: whose features are momenta; see :func:`jetgen.conversion.momenta.roles_of`. Its conditioning is the axis,
            columns that end in ``pt``, ``eta`` and ``phi``, or empty.
        types: the types of the jets.
        unit: of the momenta in the file: GeV, MeV or TeV.
        leading: how many particles of each jet are kept, those of the largest pT; None for all.
        conditioning: ``jet_type`` and some of :data:`OBSERVABLES`, which become conditioning.
        only: the one type of jets that is kept; None for all.

    Raises:
        DataError: if the columns are no momenta, or there is no such type.
    """

    def __init__(
        self,
        file: MomentaFile,
        types: JetTypes | None = None,
        unit: str = "GeV",
        leading: int | None = None,
        conditioning: Sequence[str] | None = None,
        only: str | None = None,
    ) -> None:
        self._file, self._types, self._leading, self._unit = file, types, leading, UNITS[unit]
        self.roles = roles_of(file.spec.names)
        self._axis = _axis_columns(file.spec)
        self._rows = _kept(file, types, only)
        if conditioning is None:
            conditioning = ("jet_type",) if types is not None and only is None else ()
        self._conditioning = tuple(conditioning)
        size = file.spec.max_points if leading is None else min(leading, file.spec.max_points)
        self.spec: CloudSpec = replace(jet_spec(size), conditioning=tuple(map(self._feature, self._conditioning)))

    def __len__(self) -> int:
        return len(self._file) if self._rows is None else len(self._rows)

    def read(self, start: int, stop: int) -> Clouds:
        """The jets from ``start`` to ``stop``.

        Raises:
            DataError: if the columns are not what their names say.
        """
        with reading(self._file.path):
            return self._jets(start, stop)[0]

    def axes(self, start: int, stop: int) -> Mapping[str, _Array]:
        """pT, pseudorapidity and mass of some jets, by name; mass is that of all particles."""
        with reading(self._file.path):
            return self._jets(start, stop)[1]

    def _jets(self, start: int, stop: int) -> tuple[Clouds, Mapping[str, _Array]]:
        rows = np.arange(start, stop) if self._rows is None else self._rows[start:stop]
        if not len(rows):
            empty = Clouds(np.empty((0, 3)), [0], np.empty((0, len(self._conditioning))))
            return empty, dict.fromkeys(OBSERVABLES, np.empty(0))
        clouds = self._file[rows[0] : rows[-1] + 1][rows - rows[0]]
        columns = {role: self._column(clouds, name) for role, name in self.roles.items()}
        energy, x, y, z = checked_momenta(columns)
        sums = [np.bincount(clouds.rows, part, minlength=len(clouds)).astype(np.float64) for part in (energy, x, y, z)]
        pt, eta, phi = self._axes(clouds, sums)
        mass = np.sqrt(np.maximum(sums[0] ** 2 - sums[1] ** 2 - sums[2] ** 2 - sums[3] ** 2, 0.0))
        known = {"pt": pt, "eta": eta, "mass": mass}
        momentum = np.hypot(x, y)
        relative = [
            _pseudorapidity(momentum, z) - eta[clouds.rows],
            wrapped(np.arctan2(y, x) - phi[clouds.rows]),
            np.divide(momentum, pt[clouds.rows], out=np.zeros_like(momentum), where=momentum > 0),
        ]
        found = self._leading_ones(np.stack(relative, axis=1), clouds)
        if self._types is not None:
            known["jet_type"] = self._types.values[rows].astype(np.float64)
        return _with_conditioning(found, [known[name] for name in self._conditioning]), known

    def _column(self, clouds: Clouds, name: str) -> _Array:
        unit = (
            self._unit if name in [self.roles.get(role) for role in ("pt", "px", "py", "pz", "energy", "mass")] else 1.0
        )
        return clouds.points[:, self._file.spec.index(name)].astype(np.float64) * unit

    def _axes(self, clouds: Clouds, sums: Sequence[_Array]) -> tuple[_Array, _Array, _Array]:
        """pT, pseudorapidity and azimuth of each jet."""
        _, x, y, z = sums
        pt = np.hypot(x, y)
        own = pt, _pseudorapidity(pt, z), np.arctan2(y, x)
        full = clouds.multiplicity > 0
        if self._axis is None:
            _require_plausible(pt[full])
            return own
        given = clouds.conditioning[:, self._axis].astype(np.float64).T
        declared = given[0] * self._unit
        _require_plausible(declared[full])
        ratio = float(np.median(declared[full] / np.maximum(pt[full], 1e-12))) if full.any() else 1.0
        if not 1 / _AGREE < ratio < _AGREE:
            msg = f"the pT of a jet is typically {ratio:.3g} times that of its particles: they are in different units"
            raise DataError(msg)
        return declared, given[1], given[2]

    def _leading_ones(self, points: _Array, clouds: Clouds) -> Clouds:
        order = np.lexsort((-points[:, 2], clouds.rows))
        ordered = points[order]
        if self._leading is None:
            return Clouds(ordered, clouds.offsets)
        rank = np.arange(len(ordered)) - np.repeat(clouds.offsets[:-1], clouds.multiplicity)
        sizes = np.minimum(clouds.multiplicity, self._leading)
        return Clouds.from_multiplicities(ordered[rank < self._leading], sizes)

    def _feature(self, name: str) -> Feature:
        if name == "jet_type" and self._types is not None:
            return self._types.feature
        if name in _FEATURES:
            return _FEATURES[name]
        known = (["jet_type"] if self._types is not None else []) + list(_FEATURES)
        msg = f"{self._file.path}: its jets have no {name} that could be conditioning; they have {', '.join(known)}"
        raise DataError(msg)


def _kept(file: MomentaFile, types: JetTypes | None, only: str | None) -> NDArray[np.int64] | None:
    if only is None:
        return None
    if types is None or only not in types.names:
        known = f"they are {', '.join(types.names)}" if types is not None else "the file does not tell their types"
        msg = f"{file.path}: there are no jets of type {only!r}; {known}"
        raise DataError(msg)
    return np.flatnonzero(types.values == types.names.index(only))


def _axis_columns(spec: CloudSpec) -> list[int] | None:
    """The columns of pT, pseudorapidity and azimuth of the jets; None if the file does not have all."""
    names = [name.rpartition("_")[2] for name in spec.conditioning_names]
    return [names.index(name) for name in ("pt", "eta", "phi")] if {"pt", "eta", "phi"} <= set(names) else None


def _require_plausible(pt: _Array) -> None:
    typical = float(np.median(pt)) if len(pt) else _PLAUSIBLE[0]
    if not _PLAUSIBLE[0] <= typical <= _PLAUSIBLE[1]:
        msg = (
            f"a jet has a pT of {typical:.3g} GeV, typically: the momenta are in another unit, which is named by "
            "--unit MeV (unit= in Python), or they are relative already"
        )
        raise DataError(msg)


def _pseudorapidity(pt: _Array, z: _Array) -> _Array:
    eta: _Array = np.arcsinh(np.divide(z, pt, out=np.zeros_like(z), where=pt > 0))
    return eta


def _with_conditioning(clouds: Clouds, columns: Sequence[_Array]) -> Clouds:
    if not columns:
        return clouds
    return Clouds(clouds.points, clouds.offsets, np.stack(columns, axis=1))
