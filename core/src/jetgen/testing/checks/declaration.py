"""Checks of the spec and the settings; nothing is trained."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from pydantic import ValidationError

import jetgen.api.protocols
from jetgen.api.settings import Settings, resolve
from jetgen.api.specs import API_VERSION, GeneratorSpec
from jetgen.data.spec import Kind
from jetgen.errors import UsageError, did_you_mean
from jetgen.testing.fresh import heavy_imports
from jetgen.testing.session import Session
from jetgen.testing.verdict import require

__all__ = [
    "capabilities_are_implemented",
    "imports_are_light",
    "presets_are_complete",
    "require_methods",
    "settings_refuse_unknown_keys",
    "settings_survive_json",
    "spec_is_sound",
    "target_is_a_generator",
]

_PRESETS = ("tiny", "quick", "standard", "gpu", "full")
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")


def imports_are_light(session: Session) -> None:
    """Importing the modules of the spec and of the settings imports neither torch nor TensorFlow nor JAX."""
    modules = {session.entry.module, session.spec.settings.partition(":")[0]} - {""}
    heavy = heavy_imports(sorted(modules))
    require(not heavy, f"importing {' and '.join(sorted(modules))} brings {' and '.join(heavy)} along")


def spec_is_sound(session: Session) -> None:
    """The spec has a lower-case name, a one-line summary, known kinds and this API version, and survives JSON."""
    spec = session.spec
    require(
        _NAME.fullmatch(spec.name) is not None,
        f"the name {spec.name!r} is not made of lower-case words joined by hyphens",
    )
    entry = session.entry.name or spec.name
    require(entry == spec.name, f"the spec is called {spec.name!r}, its entry point {entry!r}; give both one name")
    require(bool(spec.summary.strip()), "the summary is empty; one line is needed")
    require(len(spec.summary.splitlines()) == 1, "the summary has several lines; one is needed")
    require(spec.api_version == API_VERSION, f"the API version is {spec.api_version}; this jetgen needs {API_VERSION}")
    require(bool(spec.kinds), "the spec names no kind of clouds")
    for kind in spec.kinds:
        known = get_args(Kind)
        require(kind in known, f"there is no kind {kind!r}{did_you_mean(kind, known)}; use {', '.join(known)}")
    document = json.loads(json.dumps(spec.to_json()))
    tuples = {name: tuple(value) for name, value in document.items() if isinstance(value, list)}
    again = GeneratorSpec(**{**document, **tuples})
    require(again == spec, "written as JSON and read back, the spec is not equal; use tuples, not lists")


def target_is_a_generator(session: Session) -> None:
    """The target can be imported and has the methods create, fit, sample, save and load."""
    require_methods(session.generator_class, jetgen.api.protocols.Generator)


def capabilities_are_implemented(session: Session) -> None:
    """Every capability that the spec declares exists, and the class has its methods."""
    known = [name for name in jetgen.api.protocols.__all__ if name.startswith("Supports")]
    for capability in session.spec.capabilities:
        require(capability in known, f"there is no capability {capability!r}{did_you_mean(capability, known)}")
        require_methods(session.generator_class, getattr(jetgen.api.protocols, capability))


def presets_are_complete(session: Session) -> None:
    """The settings have the presets tiny, quick, standard, gpu and full, and each gives valid settings."""
    cls = session.settings_class
    require(issubclass(cls, Settings), f"{session.spec.settings} is not a subclass of jetgen.Settings")
    missing = [preset for preset in _PRESETS if preset not in cls.presets]
    require(not missing, f"there is no preset {' nor '.join(missing)}")
    for preset in cls.presets:
        resolve(cls, session.spec.name, preset)


def settings_refuse_unknown_keys(session: Session) -> None:
    """An unknown setting is an error."""
    try:
        session.settings_class.model_validate({"no_such_setting": 1})
    except (ValidationError, UsageError):
        return
    require(truth=False, otherwise="the setting no_such_setting was accepted; keep extra='forbid'")


def settings_survive_json(session: Session) -> None:
    """The settings of every preset are equal after they were written as JSON and read back."""
    cls = session.settings_class
    for preset in cls.presets:
        settings = resolve(cls, session.spec.name, preset).settings
        document = json.loads(json.dumps(settings.model_dump(mode="json"), allow_nan=False))
        require(
            cls.model_validate(document) == settings, f"the settings of the preset {preset} are not equal after JSON"
        )


def require_methods(cls: Any, protocol: type) -> None:
    """Fail the check unless the class has every method of the protocol.

    Raises:
        CheckFailedError: if it does not.
    """
    names = [name for name in vars(protocol) if not name.startswith("_") and callable(getattr(protocol, name))]
    missing = [name for name in names if not callable(getattr(cls, name, None))]
    require(not missing, f"{cls.__name__} has no method {' nor '.join(missing)}, which {protocol.__name__} needs")
