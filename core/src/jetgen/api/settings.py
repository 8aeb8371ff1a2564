"""Typed settings of generators: defaults < preset < file < ``--set``. The origin of each value is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError, did_you_mean

__all__ = ["Need", "Resolved", "Settings", "resolve"]


@dataclass(frozen=True)
class Need:
    """Another generator that must be trained first, on the same data.

    Arguments:
        generator: its name.
        preset: the preset of its settings.
        overrides: settings that replace those of the preset.
        seed: of its training; None for the same seed.
    """

    generator: str
    preset: str
    overrides: Mapping[str, Any]
    seed: int | None = None


class Settings(BaseModel):
    """The base class of the settings of a generator: frozen, and an unknown key is an error.

    A subclass adds its fields with defaults. ``presets`` has the values of each preset that differ from the defaults.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    former_names: ClassVar[Mapping[str, str]] = {}
    """The former names of settings, in models that were saved before a rename, and the present names."""

    former_defaults: ClassVar[Mapping[str, Any]] = {}
    """What made models that were saved before there were these settings, where the default is another."""

    @model_validator(mode="before")
    @classmethod
    def _rename_former(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {cls.former_names.get(name, name): value for name, value in values.items()}

    @classmethod
    def of_saved(cls, values: Mapping[str, Any]) -> Self:
        """The settings that a saved model was made with, from those it was saved with."""
        return cls.model_validate({**cls.former_defaults, **values})

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """The reason why a generator with these settings cannot learn such clouds, in a few words; None if it can."""
        del cloud_spec
        return None

    def inputs(self) -> Mapping[str, Path]:
        """The files and folders that settings name, by setting. What they hold is part of what a training is made from.

        A run hashes them when it is planned: another content is another training.
        """
        return {}

    def needs(self) -> Mapping[str, Need]:
        """The models that must be trained first, by role; ``ctx.upstream`` has their folders by the same roles."""
        return {}


@dataclass(frozen=True)
class Resolved:
    """Settings, and the origin of each value: default, preset, file or command line."""

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
    """The settings of a generator from a preset and further layers; later layers replace earlier ones.

    Arguments:
        cls: the settings class.
        owner: the name of the generator, for messages.
        preset: the name of the preset; None for the defaults.
        layers: pairs of an origin, such as ``"--set"``, and its values.

    Raises:
        UsageError: if there is no such preset or setting, or a value has the wrong type or range.
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
