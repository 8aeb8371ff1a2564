"""Trained modules on disk: ``weights.safetensors`` and ``model.json``; no pickle is written or read.

Neither format has a checksum of its own, so ``model.json`` holds one of both files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from jetgen.errors import DataError
from jetgen.io.atomic import atomic_path, write_json
from jetgen.io.json_objects import read_object
from jetgen.io.reading import reading, require_file
from jetgen.torch.training.ema import copy_into, snapshot

__all__ = ["load_weights", "read_document", "save_weights"]

_WEIGHTS, _DOCUMENT = "weights.safetensors", "model.json"
_DIGEST = "sha256"
_REMEDY = "train the model again"
_FORMER_NAMES = {"context": "conditioning", "steer": "condition"}
"""What parts of modules were called when older models were saved."""


def save_weights(folder: Path, module: nn.Module, document: Mapping[str, Any]) -> None:
    """Write the weights of ``module``, and beside them what is needed to build it again."""
    path = folder / _WEIGHTS
    with atomic_path(path) as aside:
        # Not `save_file`, whose errors do not say that the disk is full.
        aside.write_bytes(save({name: tensor.cpu().contiguous() for name, tensor in snapshot(module).items()}))
    stored = json.loads(json.dumps(dict(document)))  # as it will be read
    write_json(folder / _DOCUMENT, {**stored, _DIGEST: _digest(path, stored)})


def read_document(folder: Path) -> dict[str, Any]:
    """What :func:`save_weights` was given to write beside the weights.

    Raises:
        DataError: if a file is missing or damaged, or one of them is not what was saved.
    """
    document = read_object(folder / _DOCUMENT, "description of a model", _REMEDY)
    path = _weights(folder)
    saved = document.pop(_DIGEST, None)  # an older jetgen wrote none
    with reading(path, "file of weights", _REMEDY):
        with safe_open(path, framework="pt"):  # its header goes with its size, so that only weights are hashed
            pass
        if saved is not None and saved != _digest(path, document):
            msg = f"it and {_DOCUMENT} beside it are not as they were saved: one is damaged or was edited; {_REMEDY}"
            raise DataError(msg)
    return document


def load_weights(folder: Path, module: nn.Module, device: str) -> None:
    """Move ``module`` to ``device`` and give it the weights in ``folder``.

    Raises:
        DataError: if the file is missing, damaged or of another module.
    """
    path = _weights(folder)
    with reading(path, "file of weights", _REMEDY):
        tensors = {_named_today(name): tensor for name, tensor in load_file(path).items()}
        wanted = {name: tensor.shape for name, tensor in module.state_dict().items()}
        if wanted != {name: tensor.shape for name, tensor in tensors.items()}:
            msg = f"it holds the weights of another model than {_DOCUMENT} beside it describes; {_REMEDY}"
            raise DataError(msg)
        for name, tensor in module.state_dict().items():
            _require_numbers(name, tensors[name], tensor)
    module.to(device)
    copy_into(module, tensors)


def _weights(folder: Path) -> Path:
    """The path of the file of weights, which is there."""
    path = folder / _WEIGHTS
    if not path.exists():
        msg = f"{path} does not hold weights: there is no such file; {_REMEDY}"
        raise DataError(msg)
    require_file(path)
    return path


def _require_numbers(name: str, found: Tensor, wanted: Tensor) -> None:
    """Check that a tensor has the kind of numbers of the module, and that all of them are numbers."""
    if found.is_floating_point() != wanted.is_floating_point() or found.is_complex() != wanted.is_complex():
        msg = f"the weights {name} are {found.dtype}, the model has {wanted.dtype}; {_REMEDY}"
        raise DataError(msg)
    if found.is_floating_point() and not torch.isfinite(found).all() and torch.isfinite(wanted).all():
        msg = f"the weights {name} are not finite; {_REMEDY}"
        raise DataError(msg)


def _digest(weights: Path, document: Mapping[str, Any]) -> str:
    """SHA-256 of the file of weights and of the JSON beside it."""
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(document, sort_keys=True).encode())
    return digest.hexdigest()


def _named_today(name: str) -> str:
    return ".".join(_FORMER_NAMES.get(part, part) for part in name.split("."))
