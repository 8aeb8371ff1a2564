"""The state of a training in one safetensors file with JSON in its header: it is whole or it is not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from jetgen.io.atomic import atomic_path
from jetgen.torch.training.phases import Phase
from jetgen.torch.training.ragged import Ragged, Rows

__all__ = ["fingerprint", "flat_optimiser", "nested_optimiser", "read_checkpoint", "write_checkpoint"]

_VERSION = 1


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], document: Mapping[str, Any]) -> None:
    """Replace the checkpoint at ``path``; a kill at any moment leaves the old one or the new one."""
    copies = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    header = {"version": str(_VERSION), "state": json.dumps(document)}
    with atomic_path(path) as aside:
        aside.write_bytes(save(copies, metadata=header))  # errors of `save_file` do not say that the disk is full


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and JSON part of the checkpoint; None if there is none that can be read."""
    if not path.is_file():  # to open a pipe would wait for ever
        return None
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("version") != str(_VERSION):
                return None
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(header["state"])  # noqa: SIM118 (no dict)
    except (OSError, SafetensorError, KeyError, ValueError, RecursionError):
        return None


def flat_optimiser(optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state of an optimiser as tensors called ``parameter/key``, and its plain numbers by the same names."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for index, state in optimiser.state_dict()["state"].items():
        for key, value in state.items():
            home: dict[str, Any] = tensors if isinstance(value, Tensor) else numbers
            home[f"{index}/{key}"] = value
    return tensors, numbers


def nested_optimiser(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]
) -> dict[str, Any]:
    """The inverse of :func:`flat_optimiser`, ready for ``optimiser.load_state_dict``."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in {**tensors, **numbers}.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = value
    return {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}


def fingerprint(
    modules: Mapping[str, nn.Module],
    data: Mapping[str, Rows],
    phases: Sequence[Phase],
    identity: Mapping[str, Any],
) -> str:
    """SHA-256 of what determines a training: initial weights, data, phases, and the caller's settings and seed."""
    digest = hashlib.sha256()
    states = {name: module.state_dict() for name, module in modules.items()}
    for owner, tensors in {"data": _flat(data), **states}.items():
        for name, tensor in tensors.items():
            digest.update(f"{owner}/{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    plan = [_describe(phase) for phase in phases]
    digest.update(json.dumps([plan, dict(identity)], sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _flat(data: Mapping[str, Rows]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, rows in data.items():
        parts = {"/values": rows.values, "/offsets": rows.offsets} if isinstance(rows, Ragged) else {"": rows}
        tensors.update({f"{name}{part}": tensor for part, tensor in parts.items()})
    return tensors


def _describe(phase: Phase) -> dict[str, Any]:
    moments = (0, phase.steps // 3, phase.steps // 2, phase.steps - 1)
    updates = [
        [one.name, one.trains, one.every, one.repeat, one.clip, [one.schedule(step) for step in moments]]
        for one in phase.updates
    ]
    own = {"name": phase.name, "steps": phase.steps, "batch": phase.batch_size, "ema": dict(phase.ema)}
    if phase.buckets:
        own["buckets"] = [phase.buckets, phase.bucket_pool]
    return {**own, "validate": phase.validate_every if phase.validate else 0, "updates": updates}
