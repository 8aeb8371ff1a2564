"""The meaning of the arrays of a file: the spec that a native file declares, and the conditioning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.io.json_objects import parse_object
from jetgen.io.names import choose, described, stored_names
from jetgen.io.store import Store

__all__ = [
    "FORMAT_VERSION",
    "WEIGHTED_VERSION",
    "Observables",
    "check_declared",
    "check_weights",
    "declared_spec",
    "find_conditioning",
    "observable_names",
]

FORMAT_VERSION = 1
"""The version of the native layout that this jetgen writes and reads."""

WEIGHTED_VERSION = 2
"""The version of a file with weights: a jetgen that knows none must not read it as if all clouds counted alike."""

_JET_NAMES = {4: ("pt", "eta", "mass", "num_particles"), 5: ("type", "pt", "eta", "mass", "num_particles")}


@dataclass(frozen=True)
class Observables:
    """The conditioning of a file: the name of its array, the columns to read and their meaning."""

    array: str = "context"
    columns: tuple[int, ...] = ()
    features: tuple[Feature, ...] = ()


def declared_spec(store: Store) -> CloudSpec | None:
    """The :class:`CloudSpec` in the attributes of the file; None if there is none.

    Raises:
        DataError: if it cannot be used.
    """
    if "format_version" not in store.attributes and "cloud_spec" not in store.attributes:
        return None
    version: Any = store.attributes.get("format_version")
    if np.ndim(version) or version not in (FORMAT_VERSION, WEIGHTED_VERSION):
        known = f"{FORMAT_VERSION} and {WEIGHTED_VERSION}"
        store.refuse(f"format_version is {version}; this jetgen reads versions {known}")
    if "cloud_spec" not in store.attributes:
        store.refuse("the attribute cloud_spec is missing; make the file again")
    text = store.attributes["cloud_spec"]
    if not isinstance(text, str | bytes):
        store.refuse(f"the attribute cloud_spec is no text but {type(text).__name__}; make the file again")
    try:
        return CloudSpec.from_json(parse_object(text))
    except DataError as error:
        store.refuse(f"the attribute cloud_spec cannot be used: {error}")


def check_declared(store: Store, declared: CloudSpec, max_points: int, given: CloudSpec | None) -> None:
    """Check the multiplicities and the conditioning clouds against the declared spec.

    Raises:
        DataError: if they do not match.
    """
    if "offsets" in store and max_points > declared.max_points:
        store.refuse(f"a cloud has {max_points} points but cloud_spec allows at most {declared.max_points}")
    if declared.given != given:
        store.refuse("the group 'given' is not the one that cloud_spec describes")


def check_weights(store: Store, n: int) -> None:
    """Check that a file with ``n`` clouds has one weight for each, if it has weights.

    Raises:
        DataError: if it has another number of them, or they are no numbers.
    """
    if "weights" in store and (rows := len(store.array("weights", "clouds"))) != n:
        store.refuse(f"weights has {rows} entries for {n} clouds")


def find_conditioning(store: Store, n: int, declared: CloudSpec | None, wanted: Sequence[str] | None) -> Observables:
    """The conditioning of a file with ``n`` clouds: the columns that are wanted, by default all.

    Raises:
        DataError: if the array has another number of rows, or a wanted column does not exist.
    """
    array = _conditioning_array(store)
    if array not in store:
        missing = wanted or (declared.conditioning_names if declared is not None else ())
        if missing:
            store.refuse(f"there is no array {array!r} to read {', '.join(missing)} from")
        return Observables()
    rows, width = store.array(array, "clouds, observables").shape
    if rows != n:
        store.refuse(f"{array} has {rows} rows for {n} clouds")
    if array == "jet_features" and wanted is None:
        return Observables()
    found = declared.conditioning_names if declared is not None else _conditioning_names(store, array, width)
    names, columns = choose(store, array, found, width, wanted)
    features = described(names) if declared is None else tuple(declared.conditioning[i] for i in columns)
    return Observables(array, tuple(columns), features)


def observable_names(store: Store) -> tuple[str, ...]:
    """The names of the columns that could be conditioning; empty if there are none."""
    array = _conditioning_array(store)
    if array not in store:
        return ()
    return _conditioning_names(store, array, int(store.array(array, "clouds, observables").shape[1]))


def _conditioning_array(store: Store) -> str:
    own = "conditioning" if "conditioning" in store else "context"
    return "jet_features" if "particle_features" in store else own


def _conditioning_names(store: Store, array: str, width: int) -> tuple[str, ...]:
    if array == "jet_features":
        found = stored_names(store, array, "jet_feature_names") or _JET_NAMES.get(width)
    else:
        found = stored_names(store, array, "context_names", "conditioning_names")
    return found or tuple(f"{array}_{i}" for i in range(width))
