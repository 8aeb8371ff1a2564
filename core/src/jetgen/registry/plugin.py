"""What is known of a plugin: what its metadata say, and what came of loading it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

from jetgen.api.specs import DatasetSpec, GeneratorSpec, MetricSpec

__all__ = [
    "GROUPS",
    "LONGEST_NAME",
    "SPEC_TYPES",
    "AnySpec",
    "Entry",
    "Group",
    "Plugin",
    "State",
    "legal_name",
    "normalised",
    "spec_from_answer",
]


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
        damage: what is wrong with the metadata themselves; empty if nothing is.
    """

    group: Group
    name: str
    distribution: str
    version: str
    value: str
    damage: str = field(default="", kw_only=True)

    @property
    def fault(self) -> str:
        """Why it cannot be used whatever its code does: names become parts of paths and tables. Empty if it can."""
        if self.damage:
            return self.damage
        texts = {"name": self.name, "distribution": self.distribution, "version": self.version}
        for what, text in texts.items():
            if not legal_name(text):
                return f"its {what} {text!r} is not letters, digits and . _ + - ! ~, at most {LONGEST_NAME} bytes"
        return ""

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
        return Entry(self.group, self.name, self.distribution, self.version, self.value, damage=self.damage)


LONGEST_NAME = 64
"""Bytes of a name in UTF-8."""

_NAME = re.compile(r"\w[\w.+!~-]*")


def legal_name(text: str) -> bool:
    """Whether a name may stand in a path, a table and a command line.

    >>> legal_name("mdma-gan"), legal_name("../x"), legal_name("[bold]"), legal_name("")
    (True, False, False, False)
    """
    return bool(_NAME.fullmatch(text)) and len(text.encode("utf-8", "replace")) <= LONGEST_NAME


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


def spec_from_answer(group: Group, document: Mapping[str, Any]) -> AnySpec:
    """The spec in a healthy answer of the probing child, which has checked its fields.

    Raises:
        TypeError: if fields are missing, or are not those of the spec.
    """
    # JSON has made lists of the tuples; the options are the plugin's own and have none that we know of.
    shaped = {name: value if name == "options" else _with_tuples(value) for name, value in document.items()}
    return SPEC_TYPES[group](**shaped)


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value
