"""Specs as JSON: how they come from the probing child and from the cache without importing a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from jetgen.registry.plugin import AnySpec, Group
from jetgen.specs import DatasetSpec, GeneratorSpec, MetricSpec

__all__ = ["SPEC_TYPES", "spec_from_json"]

SPEC_TYPES: Mapping[Group, type[AnySpec]] = {
    "generators": GeneratorSpec,
    "datasets": DatasetSpec,
    "metrics": MetricSpec,
}


def spec_from_json(group: Group, document: Mapping[str, Any]) -> AnySpec:
    """The spec that ``to_json`` described, every field of the type that its class declares.

    Raises:
        ValueError: if a field is of another type; the sentence names it.
    """
    cls = SPEC_TYPES[group]
    values = {}
    for name, hint in get_type_hints(cls).items():
        try:
            values[name] = _shaped(document[name], hint)
        except ValueError as error:
            msg = f"the field {name} of the {cls.__name__} is wrong: {error}"
            raise ValueError(msg) from error
    spec = cls(**values)
    if isinstance(spec, DatasetSpec) and spec.default_size not in spec.sizes:
        msg = f"the default size {spec.default_size!r} of the dataset is not one of {', '.join(spec.sizes)}"
        raise ValueError(msg)
    return spec


def _shaped(value: Any, hint: Any) -> Any:
    """``value`` with lists as the tuples that ``hint`` asks for; a ValueError if it does not fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or (origin is Literal and value in arguments) or type(value) is hint:
        return value
    if origin is UnionType and type(value) in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        inner = arguments[:1] * len(value) if arguments[-1] is ... else arguments
        if len(inner) == len(value):
            return tuple(_shaped(item, kind) for item, kind in zip(value, inner, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: _shaped(item, arguments[1]) for key, item in value.items()}
    wanted = hint.__name__ if isinstance(hint, type) and origin is None else str(hint).replace("typing.", "")
    msg = f"{value!r} is not {wanted}"
    raise ValueError(msg)
