"""What is known of a plugin: what its metadata say, and what came of loading it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from jetgen.api.specs import DatasetSpec, GeneratorSpec, MetricSpec

__all__ = ["GROUPS", "SPEC_TYPES", "AnySpec", "Entry", "Group", "Plugin", "State", "normalised", "spec_from_json"]


Group = Literal["generators", "datasets", "metrics", "hooks"]
GROUPS: tuple[Group, ...] = get_args(Group)

AnySpec = GeneratorSpec | DatasetSpec | MetricSpec


class State(StrEnum):
    """Whether a plugin can be used."""

    OK = "ok"
    BROKEN = "broken"
    INCOMPATIBLE = "incompatible"
    DUPLICATE = "duplicate"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Entry:
    """One entry point as the metadata of its distribution tell it; nothing was imported to know this.

    Arguments:
        group: ``generators`` for the entry-point group ``jetgen.generators``, and so on.
        value: where the object is, as ``"package.module:object"``.
    """

    group: Group
    name: str
    distribution: str
    version: str
    value: str

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous.

        >>> Entry("generators", "mdma-gan", "jetgen-mdma-gan", "1.0", "jetgen_mdma_gan.spec:SPEC").full_name
        'jetgen-mdma-gan/mdma-gan'
        """
        return f"{self.distribution}/{self.name}"

    def answers_to(self, name: str) -> bool:
        """Whether ``name`` is its short name, or its full name however the distribution is spelt."""
        distribution, slash, short = name.rpartition("/")
        if not slash:
            return name == self.name
        return short == self.name and normalised(distribution) == normalised(self.distribution)


@dataclass(frozen=True)
class Plugin(Entry):
    """An entry point and its state.

    Arguments:
        reason: one line that says why the state is not ``ok``; empty if it is.
        spec: the light object that it names; None for hooks and for what could not be loaded.
        presets: the presets of a generator, in the order of its settings class.
    """

    state: State
    reason: str = ""
    spec: AnySpec | None = None
    presets: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry:
        """The entry point alone, as the metadata tell it."""
        return Entry(self.group, self.name, self.distribution, self.version, self.value)


def normalised(distribution: str) -> str:
    """The name of a distribution as package indices compare it.

    >>> normalised("JetGen_MDMA.gan")
    'jetgen-mdma-gan'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


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
