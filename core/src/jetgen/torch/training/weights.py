"""Trained modules on disk: ``weights.safetensors`` and ``model.json``; no pickle is written or read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from jetgen.errors import DataError
from jetgen.io.atomic import atomic_path, write_json
from jetgen.torch.training.ema import copy_into, snapshot

__all__ = ["load_weights", "read_document", "save_weights"]

_FORMER_NAMES = {"context": "conditioning", "steer": "condition"}
"""What parts of modules were called when older models were saved."""


def save_weights(folder: Path, module: nn.Module, document: Mapping[str, Any]) -> None:
    """Write the weights of ``module``, and beside them what is needed to build it again."""
    with atomic_path(folder / "weights.safetensors") as aside:
        save_file({name: tensor.cpu().contiguous() for name, tensor in snapshot(module).items()}, aside)
    write_json(folder / "model.json", dict(document))


def read_document(folder: Path) -> dict[str, Any]:
    """What :func:`save_weights` was given to write beside the weights.

    Raises:
        DataError: if the file is missing, or holds no JSON object.
    """
    path = folder / "model.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path} is not the description of a model ({error}); train it again"
        raise DataError(msg) from error
    if not isinstance(document, dict):
        msg = f"{path} is not the description of a model (it holds no JSON object); train it again"
        raise DataError(msg)
    return document


def load_weights(folder: Path, module: nn.Module, device: str) -> None:
    """Move ``module`` to ``device`` and give it the weights in ``folder``.

    Raises:
        DataError: if the file is missing, damaged or of another module.
    """
    path = folder / "weights.safetensors"
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        msg = f"{path} does not hold weights ({error}); train the model again"
        raise DataError(msg) from error
    tensors = {_named_today(name): tensor for name, tensor in tensors.items()}
    shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    if shapes != {name: tuple(tensor.shape) for name, tensor in tensors.items()}:
        msg = f"{path} holds the weights of another model than model.json beside it describes; train it again"
        raise DataError(msg)
    module.to(device)
    copy_into(module, tensors)


def _named_today(name: str) -> str:
    return ".".join(_FORMER_NAMES.get(part, part) for part in name.split("."))
