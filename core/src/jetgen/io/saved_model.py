"""The folder of a trained model: the files of its generator, and a card that names the generator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from jetgen.api.protocols import Generator
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, PluginError, UsageError
from jetgen.io.atomic import not_written, write_json
from jetgen.io.json_objects import digest, read_object
from jetgen.io.pickles import find_pickles

__all__ = ["CARD", "read_card", "save_model"]

CARD = "generator.json"
"""The file of the card: the name and the settings of the generator, the spec of its clouds and the files, as JSON."""

_DIGEST = "sha256"
"""In the card: a digest of the rest of it."""


def save_model(generator: Generator, folder: Path, card: Mapping[str, Any]) -> None:
    """Save the generator and its card beside ``folder``, then let them take its place, whole or not at all.

    What is there is replaced if it is an empty folder, or a model folder with no file but those of the model.

    Arguments:
        card: a JSON object with at least ``generator`` (``name``, ``distribution``, ``settings``) and ``cloud_spec``.

    Raises:
        UsageError: if something else is there; it is left as it is.
        PluginError: if the generator saved a pickle, which jetgen never reads, or what is neither file nor folder.
        StorageError: if the folder or the card cannot be written.
    """
    place = _place(folder)
    _require_replaceable(place)
    aside = place.with_name(f".{uuid4().hex}.part")
    try:
        _make(aside)
        generator.save(aside)
        saved = _files(aside)
        for name in saved:
            _require_plain(aside, name)
        for name in find_pickles(aside):
            msg = f"the generator saved {name}, a pickle; save safetensors, npz or HDF5 instead"
            raise PluginError(msg)
        files = [name for name in saved if name != CARD]
        described = json.loads(json.dumps({**card, "files": files}))  # as it will be read
        write_json(aside / CARD, {**described, _DIGEST: digest(described)})
        _swap(aside, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder.

    Raises:
        DataError: if the folder has no valid card.
    """
    path = folder / CARD
    try:
        card = read_object(path, "card of a model", "save the model again")
        _check_digest(card)
        _check_card(card)
    except DataError as error:
        reason = str(error).removeprefix(f"{path}: ")
        msg = f"{folder} is not the folder of a saved model: {path.name} is missing or damaged ({reason})"
        raise DataError(msg) from error
    return card


def _check_digest(card: dict[str, Any]) -> None:
    saved = card.pop(_DIGEST, None)  # an older jetgen wrote none
    if saved is not None and saved != digest(card):
        msg = "it is not as it was saved: it is damaged or was edited"
        raise DataError(msg)


def _check_card(card: Mapping[str, Any]) -> None:
    CloudSpec.from_json(card.get("cloud_spec", {}))
    described = card.get("generator")
    if not isinstance(described, dict) or not isinstance(described.get("name"), str):
        msg = "it names no generator"
        raise DataError(msg)


def _place(folder: Path) -> Path:
    """The absolute path without links and dots: what a name such as ``..`` means is known before anything moves."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError) as error:  # links in a loop
        msg = f"the model cannot be saved to {folder}: {error}"
        raise UsageError(msg) from error


def _require_replaceable(place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        msg = f"{place} is a file; name a folder for the model"
        raise UsageError(msg)
    found = _files(place)
    if not found and not any(place.iterdir()):
        return
    try:
        card = read_card(place)
    except DataError:
        msg = f"{place} holds other things than a saved model; it is left as it is: choose a new folder for the model"
        raise UsageError(msg) from None
    # Cards of earlier versions do not list the files.
    strangers = sorted(set(found) - {CARD, *card["files"]}) if "files" in card else []
    if strangers:
        msg = f"{place} also holds {strangers[0]}, which is not of the model; move it away, or choose a new folder"
        raise UsageError(msg)


def _files(folder: Path) -> list[str]:
    """What the folder holds at any depth, other than folders."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def _require_plain(folder: Path, name: str) -> None:
    """Refuse what is not kept with the model: a pipe, or a link to somewhere else."""
    path = folder / name
    if not path.is_file():
        msg = f"the generator saved {name}, which is no file; save plain files"
        raise PluginError(msg)
    if not path.resolve().is_relative_to(folder):
        msg = f"the generator saved {name}, a link to {path.resolve()}; save the file itself"
        raise PluginError(msg)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise not_written(folder.parent, error) from error


def _swap(aside: Path, place: Path) -> None:
    """Let ``aside`` take its place. What was there is removed last, and put back if something fails."""
    before = aside.with_suffix(".before")
    try:
        if place.exists():
            place.rename(before)
        aside.rename(place)
    except OSError as error:
        if before.exists() and not place.exists():
            before.rename(place)
        raise not_written(place, error) from error
    shutil.rmtree(before, ignore_errors=True)
