"""Check the spec of a plugin field by field. It imports pydantic, so only the probing child does this."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jetgen.api.specs import DatasetSpec
from jetgen.registry.plugin import LONGEST_NAME, SPEC_TYPES, AnySpec, Group, legal_name

__all__ = ["require_legal", "validated"]


def require_legal(what: str, name: str) -> None:
    """Refuse a name that could not be part of a path.

    Raises:
        ValueError: if it has other characters than the names of plugins, or is too long.
    """
    if not legal_name(name):
        msg = f"{what} {name!r} is not letters, digits and . _ + - ! ~, at most {LONGEST_NAME} bytes"
        raise ValueError(msg)


def validated(group: Group, spec: AnySpec) -> tuple[AnySpec, dict[str, Any]]:
    """The spec with every field of the type that its class declares, and the same as a JSON object.

    Raises:
        TypeError: if a field cannot be written as JSON.
        ValueError: if a field is of another type, or not finite; the sentence names it.
    """
    cls = SPEC_TYPES[group]
    text = json.dumps(spec.to_json(), allow_nan=False)
    try:
        found: AnySpec = TypeAdapter(cls).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        msg = f"the field {name} of the {cls.__name__} is wrong: {first['msg'].lower()}, not {first['input']!r}"
        raise ValueError(msg) from error
    for name in found.sizes if isinstance(found, DatasetSpec) else ():
        require_legal("the size", name)
    if isinstance(found, DatasetSpec) and found.default_size not in found.sizes:
        msg = f"the default size {found.default_size!r} of the dataset is not one of {', '.join(found.sizes)}"
        raise ValueError(msg)
    return found, json.loads(text)
