"""Momenta of particles, however their columns are called, as energy and momentum along x, y and z; in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import DataError

__all__ = ["DIMENSIONFUL", "Momenta", "check_columns", "momenta_of", "roles_of"]

_Array = NDArray[np.float64]

Momenta: TypeAlias = tuple[_Array, _Array, _Array, _Array]
"""Energy, and momentum along x, y and z, each float64 (total,)."""

_CALLED = {
    "px": "px",
    "py": "py",
    "pz": "pz",
    "e": "energy",
    "energy": "energy",
    "m": "mass",
    "mass": "mass",
    "pt": "pt",
    "eta": "eta",
    "y": "rapidity",
    "rapidity": "rapidity",
    "phi": "phi",
    "pid": "pid",
    "pdgid": "pid",
}
_WAYS = (("px", "py", "pz"), ("pt", "eta", "phi"), ("pt", "rapidity", "phi"))

_MASSES = {
    0: 0.0, 11: 0.000511, 12: 0.0, 13: 0.105658, 14: 0.0, 16: 0.0, 22: 0.0, 111: 0.134977, 130: 0.497611,
    211: 0.139570, 310: 0.497611, 321: 0.493677, 2112: 0.939565, 2212: 0.938272, 3112: 1.197449, 3122: 1.115683,
    3222: 1.189370, 3312: 1.321710, 3322: 1.314860, 3334: 1.672450,
}  # fmt: skip
"""GeV, by PDG number, of what lives long enough to be in a jet; 0 is a particle that was not identified."""

DIMENSIONFUL = ("pt", "px", "py", "pz", "energy", "mass")
"""What changes with the unit of momenta."""

_STEEP = 20.0  # no particle of a collider is that far forward
_OTHER_ORDER = "the columns have another order than their names"
_LIMITS = (
    ("phi", 2 * np.pi + 0.1, "an angle in radians is within a turn of 0; convert degrees by np.deg2rad"),
    ("eta", _STEEP, _OTHER_ORDER),
    ("rapidity", _STEEP, _OTHER_ORDER),
)
_ALLOWED = 0.01  # of the particles may break a rule, by rounding or by accident


def roles_of(names: Sequence[str]) -> Mapping[str, str]:
    """What each column is, by what it is: ``part_px`` is ``px``; columns that are no momenta are left out.

    Raises:
        DataError: if the columns are not enough for a momentum, or two of them are the same.

    >>> roles_of(["part_pt", "part_eta", "part_phi", "part_charge"])
    {'pt': 'part_pt', 'eta': 'part_eta', 'phi': 'part_phi'}
    """
    roles: dict[str, str] = {}
    for name in names:
        role = _CALLED.get(name.lower().rpartition("_")[2])
        if role is None:
            continue
        if role in roles:
            msg = f"{roles[role]} and {name} are both the {role}; choose one by --features (features= in Python)"
            raise DataError(msg)
        roles[role] = name
    if not any(set(way) <= set(roles) for way in _WAYS):
        msg = (
            f"{', '.join(names)} are no momenta: pt, eta (or y) and phi, or px, py and pz are needed, perhaps after a "
            "prefix such as part_"
        )
        raise DataError(msg)
    return roles


def check_columns(columns: Mapping[str, _Array]) -> None:
    """Check that columns are what they are called, by what they hold; single odd particles are let through.

    Raises:
        DataError: if angles are in degrees, directions impossible, or energies less than momenta.
    """
    for name, most, why in _LIMITS:
        beyond = np.abs(columns[name]) > most if name in columns else np.zeros(1, np.bool_)
        if np.mean(beyond) > _ALLOWED:
            msg = f"{name} is beyond {most:.3g} for {np.mean(beyond):.0%} of the particles; {why}"
            raise DataError(msg)
    if "energy" not in columns:
        return
    _, x, y, z = momenta_of(columns)
    wrong = columns["energy"] < 0.99 * np.sqrt(x * x + y * y + z * z)
    if len(wrong) and np.mean(wrong) > _ALLOWED:
        msg = (
            f"the energy is less than the momentum in {np.mean(wrong):.0%} of the particles: the columns have another "
            "order than their names, or other units"
        )
        raise DataError(msg)


def momenta_of(columns: Mapping[str, _Array]) -> Momenta:
    """Energy and momentum along x, y and z, by what the columns are (see :func:`roles_of`).

    Particles of unknown energy and mass are massless.

    Raises:
        DataError: if a PDG number is unknown.
    """
    if "px" in columns:
        x, y, z = columns["px"], columns["py"], columns["pz"]
    else:
        pt, phi = columns["pt"], columns["phi"]
        x, y, z = pt * np.cos(phi), pt * np.sin(phi), _along(pt, columns)
    momentum = np.sqrt(x * x + y * y + z * z)
    if "energy" in columns:
        return np.maximum(columns["energy"], momentum), x, y, z
    return np.sqrt(momentum**2 + _masses(columns) ** 2), x, y, z


def _along(pt: _Array, columns: Mapping[str, _Array]) -> _Array:
    """The momentum along z."""
    if "eta" in columns:
        return pt * np.sinh(np.clip(columns["eta"], -_STEEP, _STEEP))
    return np.hypot(pt, _masses(columns)) * np.sinh(np.clip(columns["rapidity"], -_STEEP, _STEEP))


def _masses(columns: Mapping[str, _Array]) -> _Array:
    if "mass" in columns:
        return np.maximum(columns["mass"], 0.0)
    if "pid" not in columns:
        return np.zeros_like(next(iter(columns.values())))
    known, which = np.unique(np.abs(columns["pid"]), return_inverse=True)
    for number in known:
        if number not in _MASSES:
            msg = (
                f"pid {number:g} is no PDG number of a particle in a jet; numbers that were changed are of no use here"
            )
            raise DataError(msg)
    return np.array([_MASSES[int(number)] for number in known])[which] if len(known) else np.zeros(0)
