"""Check the spec of a plugin field by field. It imports pydantic, so only the probing child does this."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jetgen.api.specs import DatasetSpec
from jetgen.registry.plugin import SPEC_TYPES, AnySpec, Group

__all__ = ["validated"]


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
    if isinstance(found, DatasetSpec) and found.default_size not in found.sizes:
        msg = f"the default size {found.default_size!r} of the dataset is not one of {', '.join(found.sizes)}"
        raise ValueError(msg)
    return found, json.loads(text)
