"""From the card of a saved model to its generator: only one that is registered is imported, whatever the card says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jetgen.api.loading import load_target
from jetgen.api.protocols import Generator
from jetgen.api.settings import Settings
from jetgen.api.specs import GeneratorSpec
from jetgen.errors import DataError, PluginError, UsageError
from jetgen.io.saved_model import read_card
from jetgen.registry.discovery import discover
from jetgen.registry.plugin import Plugin

__all__ = ["load_registered", "registered_generator", "saved_settings"]


def registered_generator(card: Mapping[str, Any], folder: Path) -> tuple[Plugin, GeneratorSpec]:
    """The installed generator that a card names, and its spec. Nothing of it has been imported.

    Arguments:
        folder: for the message.

    Raises:
        PluginError: if it is not installed, or has an error.
    """
    described = card["generator"]
    name, distribution = str(described["name"]), str(described.get("distribution") or "")
    try:
        plugin = discover().find("generators", f"{distribution}/{name}" if distribution else name)
    except UsageError as error:
        home = f" of {distribution}" if distribution else ""
        msg = f"the model in {folder} is of the generator {name}{home}, which is not installed; install it"
        raise PluginError(msg) from error
    if not isinstance(plugin.spec, GeneratorSpec):
        msg = f"{plugin.full_name} is not a generator"
        raise PluginError(msg)
    return plugin, plugin.spec


def load_registered(folder: Path, device: str) -> tuple[dict[str, Any], Generator]:
    """The card of a saved model, and the model on ``device``.

    Raises:
        DataError: if the folder has no valid card, or a file is missing or damaged.
        PluginError: if the generator is not installed, or has an error.
    """
    card = read_card(folder)
    _, spec = registered_generator(card, folder)
    cls: Any = load_target(spec.target)
    return card, cls.load(folder, device)


def saved_settings(card: Mapping[str, Any], spec: GeneratorSpec, folder: Path) -> Settings:
    """The settings that a card has, as an object of the settings class of its generator.

    Raises:
        DataError: if they are not those of the installed generator.
        PluginError: if the settings class cannot be imported.
    """
    cls: Any = load_target(spec.settings)
    try:
        settings: Settings = cls.of_saved(card["generator"]["settings"])
    except (KeyError, TypeError, ValidationError) as error:
        msg = (
            f"the card of the model in {folder} has no valid settings of its generator; "
            "install the version of the plugin that saved it"
        )
        raise DataError(msg) from error
    return settings
