"""What a file says that its arrays mean: the description of the native layout, and the per-cloud observables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.io.names import choose, described, stored_names
from jetgen.io.store import Store

__all__ = ["FORMAT_VERSION", "Observables", "check_told", "find_context", "told_spec"]

FORMAT_VERSION = 1
"""The version of the native layout that this jetgen writes and reads."""

_JET_NAMES = {4: ("pt", "eta", "mass", "num_particles"), 5: ("type", "pt", "eta", "mass", "num_particles")}


@dataclass(frozen=True)
class Observables:
    """The conditioning of a file: the array that holds it, the columns to read and what they mean."""

    array: str = "context"
    columns: tuple[int, ...] = ()
    features: tuple[Feature, ...] = ()


def told_spec(store: Store) -> CloudSpec | None:
    """The :class:`CloudSpec` that the attributes of the file hold; None if there is none."""
    if "format_version" not in store.attributes and "cloud_spec" not in store.attributes:
        return None
    version = store.attributes.get("format_version")
    if version != FORMAT_VERSION:
        store.refuse(f"format_version is {version}; this jetgen reads version {FORMAT_VERSION}")
    try:
        return CloudSpec.from_json(json.loads(store.attributes["cloud_spec"]))
    except (KeyError, TypeError, ValueError) as error:
        reason = error if isinstance(error, DataError) else "it is missing or not JSON"
        store.refuse(f"the attribute cloud_spec cannot be used: {reason}")


def check_told(store: Store, told: CloudSpec, max_points: int, given: CloudSpec | None) -> None:
    """See that the arrays keep what the description says of sizes and of the given set."""
    if "offsets" in store and max_points > told.max_points:
        store.refuse(f"a cloud has {max_points} points but cloud_spec says at most {told.max_points}")
    if told.given != given:
        store.refuse("the group 'given' is not the one that cloud_spec describes")


def find_context(store: Store, n: int, told: CloudSpec | None, wanted: Sequence[str] | None) -> Observables:
    """The per-cloud observables to read of a file with ``n`` clouds."""
    array = "jet_features" if "particle_features" in store else "context"
    if array not in store:
        missing = wanted or (told.conditioning_names if told is not None else ())
        if missing:
            store.refuse(f"there is no array {array!r} to read {', '.join(missing)} from")
        return Observables()
    rows, width = store.array(array, "clouds, observables").shape
    if rows != n:
        store.refuse(f"{array} has {rows} rows for {n} clouds")
    if array == "jet_features" and wanted is None:
        return Observables()
    found = told.conditioning_names if told is not None else _context_names(store, array, width)
    names, columns = choose(store, array, found, width, wanted)
    features = described(names) if told is None else tuple(told.conditioning[i] for i in columns)
    return Observables(array, tuple(columns), features)


def _context_names(store: Store, array: str, width: int) -> tuple[str, ...]:
    if array == "jet_features":
        found = stored_names(store, array, "jet_feature_names") or _JET_NAMES.get(width)
    else:
        found = stored_names(store, array, "conditioning_names")
    return found or tuple(f"{array}_{i}" for i in range(width))
