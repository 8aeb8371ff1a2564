"""What a user asks for: from the command line, from a suite in TOML, or from both."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from jetgen.errors import UsageError, did_you_mean

__all__ = ["Request", "default_suite", "parse_generator", "parse_overrides", "read_suite"]

_NEXT_KEY = re.compile(r",(?=\s*\w+\s*=)")  # a list has commas, too

Layers = Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]


@dataclass(frozen=True)
class Request:
    """Generators and metrics by name, or the word that stands for several of them; sizes of the experiment.

    Arguments:
        generators: names, each with settings of its own if there are any: see :func:`parse_generator`.
        metrics: names, and words for tiers: ``standard``, ``slow``, ``all``.
        layers: for each generator, pairs of an origin and the settings that it gives, the later the stronger.
        timeout: seconds for a stage; None for what suits the preset.
        memory: bytes for a stage; None for a fair share of the machine.
        threads: the most cores to use; None for all that are granted.
        reweight: whether each model gets a second row, of its samples with the weights of a classifier.
    """

    generators: tuple[str, ...] | Literal["all"]
    datasets: tuple[str, ...]
    metrics: tuple[str, ...] = ("standard",)
    preset: str = "quick"
    seeds: int = 1
    draws: int = 5
    layers: Layers = field(default_factory=dict)
    jobs: int = 1
    device: str = "cpu"
    timeout: float | None = None
    grace: float = 10.0
    memory: int | None = None
    threads: int | None = None
    reweight: bool = False
    samples: tuple[str, ...] = ()

    def with_overrides(self, overrides: Sequence[str]) -> Request:
        """The same with ``--set`` above everything else.

        Raises:
            UsageError: if one of the overrides is not ``generator.key=value``.
        """
        layers = {name: list(given) for name, given in self.layers.items()}
        for name, values in parse_overrides(overrides).items():
            layers.setdefault(name, []).append(("--set", values))
        return replace(self, layers=layers)


class _Suite(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    generators: tuple[str, ...] | Literal["all"] = "all"
    datasets: tuple[str, ...]
    metrics: tuple[str, ...] = ("standard",)
    preset: str = "quick"
    seeds: int = Field(1, ge=1)
    draws: int = Field(5, ge=1)
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("metrics", mode="before")
    @classmethod
    def _one_word_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


def read_suite(path: Path) -> Request:
    """The request that a suite file makes.

    Raises:
        UsageError: if the file cannot be read, is no TOML, or has a wrong entry; the first one is named.
    """
    try:
        return _request(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or error
        msg = f"the suite {path} cannot be read: {reason}"
        raise UsageError(msg) from error


def default_suite() -> Request:
    """The request of ``--all``: the file named by ``JETGEN_SUITE``, else the one that jetgen brings.

    Raises:
        UsageError: as :func:`read_suite`.
    """
    named = os.environ.get("JETGEN_SUITE")
    if named:
        return read_suite(Path(named).expanduser())
    text = files("jetgen.harness.planning").joinpath("default_suite.toml").read_text(encoding="utf-8")
    return _request(text, "the default suite")


def _request(text: str, origin: str) -> Request:
    try:
        suite = _Suite.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"{origin} is not TOML: {error}"
        raise UsageError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(place, _Suite.model_fields) if first["type"] == "extra_forbidden" else ""
        msg = f"{origin} is wrong at {place!r}{hint}: {first['msg']}"
        raise UsageError(msg) from error
    given = suite.model_dump()
    settings = given.pop("settings")
    return Request(**given, layers={name: [(origin, values)] for name, values in settings.items()})


def parse_generator(asked: str) -> tuple[str, dict[str, Any]]:
    """The name and the settings of ``name,key=value,...``: a row of its own beside others of the same generator.

    >>> parse_generator("mdma-gan,loss=lsgan,betas=[0.0,0.9]")
    ('mdma-gan', {'loss': 'lsgan', 'betas': [0.0, 0.9]})

    Raises:
        UsageError: if a setting is not of the form key=value.
    """
    name, *options = _NEXT_KEY.split(asked)
    pairs = [(key.strip(), text.strip()) for key, _, text in (option.partition("=") for option in options)]
    if "," in name or len(dict(pairs)) < len(pairs):
        msg = f"the generator {asked!r} is not of the form name,key=value,... with each key once"
        raise UsageError(msg)
    return name.strip(), {key: _value(text, f"the generator {asked!r}") for key, text in pairs}


def parse_overrides(overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The values of ``--set generator.key=value``, by generator; a value is read as TOML, else as text.

    >>> parse_overrides(["rqs-flow.bins=8", "rqs-flow.optimiser=adam"])
    {'rqs-flow': {'bins': 8, 'optimiser': 'adam'}}

    Raises:
        UsageError: if one of them is not of that form.
    """
    found: dict[str, dict[str, Any]] = {}
    for override in overrides:
        path, equals, text = override.partition("=")
        name, dot, key = path.strip().rpartition(".")
        if not (equals and dot and name and key):
            msg = f"--set {override!r} is not of the form generator.key=value"
            raise UsageError(msg)
        found.setdefault(name, {})[key] = _value(text.strip(), f"--set {override!r}")
    return found


def _value(text: str, where: str) -> Any:
    """``text`` read as TOML, else as it is."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        value = text
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{where}: {text} is no value of a setting; give a finite number"
        raise UsageError(msg)
    return value
