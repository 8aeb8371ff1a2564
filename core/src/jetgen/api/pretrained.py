"""Trained weights that a plugin ships, by name, and the settings that select them; no torch is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from jetgen.api.settings import Settings
from jetgen.data.shown import in_words
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError, did_you_mean

__all__ = ["PretrainedSettings", "asked_weights", "digest", "find_weights", "require_same_clouds", "shipped_weights"]


def shipped_weights(package: str) -> dict[str, Path]:
    """The folders of the weights in a Python package, by name; ``card.json`` in each says how they were trained."""
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:  # a single file ships nothing beside it
        return {}
    home = Path(str(files(package))) / "weights"
    return {path.parent.name: path.parent for path in sorted(home.glob("*/model.json"))}


def find_weights(package: str, name: str) -> Path:
    """The folder of the weights ``name`` in a package, or of the saved model at the path ``name``.

    Raises:
        UsageError: if there is neither.
    """
    known = shipped_weights(package)
    folder = known.get(name, Path(name))
    if not (folder / "model.json").is_file():
        there = f"there are {', '.join(known)}" if known else "none are shipped"
        msg = f"there are no weights {name!r}{did_you_mean(name, known)}: {there}, or name the folder of a saved model"
        raise UsageError(msg)
    return folder


def digest(folder: Path) -> str:
    """SHA-256 of the file of weights in a folder; empty if there is no file.

    Raises:
        UsageError: if the file cannot be read.
    """
    path = folder / "weights.safetensors"
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        msg = f"the weights {path} cannot be read ({error.strerror}); ask their owner, or copy them"
        raise UsageError(msg) from error


class PretrainedSettings(Settings):
    """The settings of a generator that can load trained weights."""

    package: ClassVar[str] = ""
    """The Python package that ships weights, in its folder ``weights``; by default the one of the settings."""

    sampling: ClassVar[tuple[str, ...]] = ()
    """The settings that may differ from those of the training, because only sampling uses them."""

    weights_digest: str = Field("", description="of the file of weights, filled in: other weights are another row")
    weights: str = Field(
        "", description="shipped weights, or the folder of a saved model: nothing is trained, sampling is as set"
    )

    @classmethod
    def home(cls) -> str:
        """The package that ships weights."""
        return cls.package or cls.__module__.partition(".")[0]

    @model_validator(mode="before")
    @classmethod
    def _fill_in_digest(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):  # pydantic says what is wrong
            return values
        name = str(values.get("weights", ""))
        if not name or values.get("weights_digest"):
            return values
        with suppress(UsageError):  # said below, where it is known which setting is wrong
            return {**values, "weights_digest": digest(find_weights(cls.home(), name))}
        return values

    @field_validator("weights")
    @classmethod
    def _are_there(cls, name: str, info: ValidationInfo) -> str:
        # Of a saved model the digest is known, and the weights it once came from may be gone.
        if name and not info.data["weights_digest"]:
            try:
                find_weights(cls.home(), name)
            except UsageError as error:
                raise ValueError(str(error)) from error
        return name


def asked_weights(settings: PretrainedSettings) -> Path | None:
    """The folder of the weights that the settings name; None if they name none.

    Raises:
        UsageError: if there are no such weights, or the file has changed since the settings were made.
    """
    if not settings.weights:
        return None
    folder = find_weights(settings.home(), settings.weights)
    if digest(folder) != settings.weights_digest:
        msg = f"the weights in {folder} have changed since they were asked for; ask for them again"
        raise UsageError(msg)
    return folder


def require_same_clouds(weights: str, theirs: CloudSpec, ours: CloudSpec) -> None:
    """Check that weights were trained on clouds of the same spec.

    Arguments:
        weights: the name of the weights, for the message.
        theirs: the spec that they were trained on.
        ours: the spec of the clouds to learn.

    Raises:
        DataError: if the specs differ.
    """
    if theirs != ours:
        msg = (
            f"the weights {weights} are for {in_words(theirs)}, not for {in_words(ours)}; "
            "train on these clouds without the setting weights"
        )
        raise DataError(msg)
