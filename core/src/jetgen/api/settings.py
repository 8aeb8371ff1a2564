"""Typed settings of generators: defaults < preset < file < ``--set``, with the origin of each value kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError, did_you_mean

__all__ = ["Need", "Resolved", "Settings", "resolve"]


@dataclass(frozen=True)
class Need:
    """Another generator, trained on the same data with the same seed, that must be there first."""

    generator: str
    preset: str
    overrides: Mapping[str, Any]


class Settings(BaseModel):
    """The base of every generator's settings: frozen, and an unknown key is an error.

    A subclass adds its fields with defaults, and names in ``presets`` what differs from them at each step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    former_names: ClassVar[Mapping[str, str]] = {}
    """What settings were called when older models were saved, and what they are called now."""

    @model_validator(mode="before")
    @classmethod
    def _use_names_of_today(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {cls.former_names.get(name, name): value for name, value in values.items()}

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds, in a few words; None if they can."""
        del cloud_spec
        return None

    def needs(self) -> Mapping[str, Need]:
        """The models that must be trained first, by the role under which ``ctx.upstream`` holds their folders."""
        return {}


@dataclass(frozen=True)
class Resolved:
    """Settings with every value, and where each came from: default, preset, file or command line."""

    settings: Settings
    origins: Mapping[str, str]

    @property
    def values(self) -> dict[str, Any]:
        """The values as a JSON object."""
        return self.settings.model_dump(mode="json")


def resolve(
    cls: type[Settings],
    owner: str,
    preset: str | None = None,
    layers: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> Resolved:
    """The settings of ``owner`` (a generator's name) from a preset and further layers, the later the stronger.

    Arguments:
        layers: pairs of an origin, such as ``"--set"``, and the values it gives.

    Raises:
        UsageError: for an unknown preset or key, with the nearest name, or a value of the wrong type or range.
    """
    if preset is not None and preset not in cls.presets:
        hint = did_you_mean(preset, cls.presets)
        msg = f"{owner} has no preset {preset!r}{hint}; it has {', '.join(cls.presets) or 'none'}"
        raise UsageError(msg)
    values: dict[str, Any] = {}
    origins = dict.fromkeys(cls.model_fields, "default")
    named = [(f"preset {preset}", cls.presets[preset])] if preset is not None else []
    for origin, layer in [*named, *layers]:
        for key, value in layer.items():
            if key not in cls.model_fields:
                msg = f"{owner} has no setting {key!r}{did_you_mean(key, cls.model_fields)} (from {origin})"
                raise UsageError(msg)
            values[key], origins[key] = value, origin
    try:
        return Resolved(cls.model_validate(values), origins)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "as a whole"
        origin = origins.get(str(first["loc"][0]) if first["loc"] else "", "settings")
        msg = f"the setting {place} of {owner} (from {origin}) is wrong: {first['msg'].removeprefix('Value error, ')}"
        raise UsageError(msg) from error
