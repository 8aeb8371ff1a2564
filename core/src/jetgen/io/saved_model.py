"""The folder of a trained model: the files of its generator, and a card that names the generator."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jetgen.api.loading import load_target
from jetgen.api.protocols import Generator
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, PluginError
from jetgen.io.atomic import write_json
from jetgen.io.json_objects import read_object
from jetgen.io.pickles import find_pickles

__all__ = ["CARD", "load_model", "read_card", "save_model"]

CARD = "generator.json"
"""The file of the card: the target of the generator, its settings and the spec of its clouds, as JSON."""


def save_model(generator: Generator, folder: Path, card: Mapping[str, Any]) -> None:
    """Save the generator and its card to a temporary folder, then replace ``folder`` by it.

    Arguments:
        card: a JSON object with at least ``target`` and ``cloud_spec``.

    Raises:
        PluginError: if the generator saved a pickle, which jetgen never reads; ``folder`` is then unchanged.
        JetgenError: if the card cannot be written.
    """
    aside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    generator.save(aside)
    for name in find_pickles(aside):
        msg = f"the generator saved {name}, a pickle; save safetensors, npz or HDF5 instead"
        raise PluginError(msg)
    write_json(aside / CARD, dict(card))
    shutil.rmtree(folder, ignore_errors=True)
    aside.replace(folder)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder.

    Raises:
        DataError: if the folder has no valid card.
    """
    path = folder / CARD
    try:
        card = read_object(path, "card of a model", "save the model again")
        _check_card(card)
    except DataError as error:
        reason = str(error).removeprefix(f"{path}: ")
        msg = f"{folder} is not the folder of a saved model: {path.name} is missing or damaged ({reason})"
        raise DataError(msg) from error
    return card


def _check_card(card: Mapping[str, Any]) -> None:
    CloudSpec.from_json(card.get("cloud_spec", {}))
    if not isinstance(card.get("target"), str):
        msg = "it names no generator"
        raise DataError(msg)


def load_model(folder: Path, device: str = "cpu") -> Generator:
    """The model that :func:`save_model` wrote; its plugin must be installed.

    Raises:
        DataError: if the folder has no valid card.
        PluginError: if the generator cannot be imported.
    """
    cls: Any = load_target(read_card(folder)["target"])
    model: Generator = cls.load(folder, device)
    return model
