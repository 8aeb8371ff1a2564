"""Find the generator that is to be checked."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from functools import reduce
from typing import Any

from jetgen.errors import UsageError
from jetgen.registry import discover
from jetgen.specs import GeneratorSpec

__all__ = ["Subject", "find_subject", "label"]


@dataclass(frozen=True)
class Subject:
    """A generator to check.

    Arguments:
        spec_module: the module that its entry point imports; empty if that is not known.
        entry_name: the name of its entry point; empty if it has none here.
    """

    spec: GeneratorSpec
    spec_module: str = ""
    entry_name: str = ""


def find_subject(subject: str | GeneratorSpec) -> Subject:
    """The generator behind a name that is installed, an entry-point value ``"package.spec:SPEC"``, or a spec itself.

    Raises:
        UsageError: if there is none of that name, or the object is not a spec.
        PluginError: if its plugin is not ok.
    """
    if isinstance(subject, GeneratorSpec):
        return Subject(subject, _home(subject))
    if ":" in subject:
        return Subject(_load(subject), subject.partition(":")[0])
    plugin = discover().find("generators", subject)
    return Subject(_load(plugin.value), plugin.value.partition(":")[0], plugin.name)


def label(subject: str | GeneratorSpec) -> str:
    """What to call it, without importing it."""
    return subject.name if isinstance(subject, GeneratorSpec) else subject


def _load(value: str) -> GeneratorSpec:
    module, _, path = value.partition(":")
    try:
        found: Any = reduce(getattr, path.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        msg = f"there is no generator spec at {value} ({error})"
        raise UsageError(msg) from error
    if not isinstance(found, GeneratorSpec):
        msg = f"{value} is a {type(found).__name__}, not a GeneratorSpec"
        raise UsageError(msg)
    return found


def _home(spec: GeneratorSpec) -> str:
    """The module of the generator's own package that holds this very spec, if one that is loaded does."""
    package = spec.target.partition(":")[0].partition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package and any(value is spec for value in vars(module).values()):
            return name
    return ""
