"""Jets relative to their axis, from the momenta of their particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jetgen.conversion.momenta import DIMENSIONFUL, Momenta, check_columns, momenta_of, roles_of
from jetgen.data.angles import wrapped
from jetgen.data.clouds import Clouds
from jetgen.data.jets import jet_spec
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.io.reading import reading

__all__ = ["OBSERVABLES", "UNITS", "JetTypes", "MomentaFile", "RelativeJets"]

_Array = NDArray[np.float64]
_Axes: TypeAlias = tuple[_Array, _Array, _Array]

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
        conditioning: ``jet_type`` and some of :data:`OBSERVABLES`, which become conditioning; by default the type,
            if there are jets of several.
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
        self._rows = np.arange(len(file)) if only is None else _rows_of(file, types, only)
        if conditioning is None:
            several = types is not None and only is None and len(np.unique(types.values)) > 1
            conditioning = ("jet_type",) if several else ()
        self._conditioning = tuple(conditioning)
        size = file.spec.max_points if leading is None else min(leading, file.spec.max_points)
        self.spec: CloudSpec = replace(jet_spec(size), conditioning=tuple(map(self._feature, self._conditioning)))

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, start: int, stop: int) -> Clouds:
        """The jets from ``start`` to ``stop``.

        Raises:
            DataError: if a particle is not known.
        """
        with reading(self._file.path):
            momenta, clouds = self._momenta(start, stop)
            return self._relative(momenta, clouds, self._axes(momenta, clouds), start, stop)

    def looked_at(self, n: int) -> tuple[Clouds, Mapping[str, _Array]]:
        """The first ``n`` jets, which must be what the names of their columns say; and pT, eta and mass of each.

        Raises:
            DataError: if they are in another unit, or their columns in another order.
        """
        with reading(self._file.path):
            momenta, clouds = self._momenta(0, min(n, len(self)), check=True)
            axes = self._axes(momenta, clouds)
            self._check_axes(axes, momenta, clouds)
            known = {"pt": axes[0], "eta": axes[1], "mass": _masses(momenta, clouds)}
            return self._relative(momenta, clouds, axes, 0, len(clouds)), known

    def _momenta(self, start: int, stop: int, *, check: bool = False) -> tuple[Momenta, Clouds]:
        """Energy and momentum of the particles, in GeV, and the clouds that they are in."""
        rows = self._rows[start:stop]
        clouds = self._file[rows[0] : rows[-1] + 1][rows - rows[0]] if len(rows) else self._file[0:0]
        values = clouds.points.astype(np.float64)
        columns = {
            role: values[:, self._file.spec.index(name)] * (self._unit if role in DIMENSIONFUL else 1.0)
            for role, name in self.roles.items()
        }
        if check:
            check_columns(columns)
        return momenta_of(columns), clouds

    def _relative(self, momenta: Momenta, clouds: Clouds, axes: _Axes, start: int, stop: int) -> Clouds:
        _, x, y, z = momenta
        (pt, eta, phi), jet, momentum = axes, clouds.rows, np.hypot(x, y)
        relative = [
            _pseudorapidity(momentum, z) - eta[jet],
            wrapped(np.arctan2(y, x) - phi[jet]),
            np.divide(momentum, pt[jet], out=np.zeros_like(momentum), where=momentum > 0),
        ]
        found = self._leading_ones(np.stack(relative, axis=1), clouds)
        if not self._conditioning:
            return found
        known = {"pt": pt, "eta": eta, "mass": _masses(momenta, clouds)}
        if self._types is not None:
            known["jet_type"] = self._types.values[self._rows[start:stop]].astype(np.float64)
        columns = np.stack([known[name] for name in self._conditioning], axis=1)
        return Clouds(found.points, found.offsets, columns)

    def _axes(self, momenta: Momenta, clouds: Clouds) -> _Axes:
        """pT, pseudorapidity and azimuth of each jet."""
        if self._axis is not None:
            pt, eta, phi = clouds.conditioning[:, self._axis].astype(np.float64).T
            return pt * self._unit, eta, phi
        _, x, y, z = _sums(momenta, clouds)
        pt = np.hypot(x, y)
        return pt, _pseudorapidity(pt, z), np.arctan2(y, x)

    def _check_axes(self, axes: _Axes, momenta: Momenta, clouds: Clouds) -> None:
        full = clouds.multiplicity > 0
        if not full.any():
            return
        pt = axes[0][full]
        typical = float(np.median(pt))
        if not _PLAUSIBLE[0] <= typical <= _PLAUSIBLE[1]:
            msg = (
                f"a jet has a pT of {typical:.3g} GeV, typically: the momenta are in another unit, which is named by "
                "--unit MeV (unit= in Python), or they are relative already"
            )
            raise DataError(msg)
        _, x, y, _ = _sums(momenta, clouds)
        ratio = float(np.median(pt / np.maximum(np.hypot(x, y)[full], 1e-12)))
        if not 1 / _AGREE < ratio < _AGREE:
            msg = f"the pT of a jet is typically {ratio:.3g} times that of its particles: they are in different units"
            raise DataError(msg)

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


def _rows_of(file: MomentaFile, types: JetTypes | None, only: str) -> NDArray[np.int64]:
    """The rows of the jets of one type."""
    if types is None or only not in types.names:
        known = f"they are {', '.join(types.names)}" if types is not None else "the file does not tell their types"
        msg = f"{file.path}: there are no jets of type {only!r}; {known}"
        raise DataError(msg)
    return np.flatnonzero(types.values == types.names.index(only))


def _axis_columns(spec: CloudSpec) -> list[int] | None:
    """The columns of pT, pseudorapidity and azimuth of the jets; None if the file does not have all."""
    names = [name.rpartition("_")[2] for name in spec.conditioning_names]
    return [names.index(name) for name in ("pt", "eta", "phi")] if {"pt", "eta", "phi"} <= set(names) else None


def _sums(momenta: Momenta, clouds: Clouds) -> tuple[_Array, ...]:
    """Energy and momentum of each jet."""
    return tuple(np.bincount(clouds.rows, part, minlength=len(clouds)).astype(np.float64) for part in momenta)


def _masses(momenta: Momenta, clouds: Clouds) -> _Array:
    energy, x, y, z = _sums(momenta, clouds)
    masses: _Array = np.sqrt(np.maximum(energy**2 - x**2 - y**2 - z**2, 0.0))
    return masses


def _pseudorapidity(pt: _Array, z: _Array) -> _Array:
    eta: _Array = np.arcsinh(np.divide(z, pt, out=np.zeros_like(z), where=pt > 0))
    return eta
