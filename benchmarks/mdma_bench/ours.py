"""Our side: the published function in the form of the preset ``full``, other presets, and bare backbones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import get_args

import jetgen
import numpy as np
import torch
from jetgen.torch.clouds import CloudPreprocessing, JetSummary
from jetgen.torch.nn import Backbone, MeanFieldBlock, Neighbours, SetNetwork, time_features, time_width
from jetgen.torch.training import seeded
from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings
from torch import Tensor

from mdma_bench.evaluate import Evaluate, Factory
from mdma_bench.forms import Form
from mdma_bench.multiplicities import DATASET, SIZE
from mdma_bench.pieces import Pieces, pieces
from mdma_bench.published import PublishedFlow

__all__ = ["backbones", "preset_forms", "same_function"]

_PRESETS = ("quick", "standard")
_FREQUENCIES = 5


def same_function(peer: PublishedFlow, name: str) -> Form:
    """The network of the preset ``full`` with copies of the weights of ``peer``."""
    settings = _settings("full")
    with seeded(0):
        field = PointField(
            settings,
            features=peer.out.out_features,
            conditioning=0,
            largest=SIZE,
            mean_multiplicity=peer.average,
            summary=None,
        )
    _copy(pieces(peer), field.network, peer.average)
    return Form(name, field, partial(_velocity, field), published_loss=True)


def _settings(preset: str) -> MDMAFlowMatchSettings:
    return MDMAFlowMatchSettings.model_validate(MDMAFlowMatchSettings.presets[preset])


def _copy(found: Pieces, network: SetNetwork, average: float) -> None:
    """Every piece to its place; the bias of the keys has none, for it never acts."""
    tensors = {
        "embed.weight": found["embed.point"],
        "embed.bias": found["embed.bias"],
        "condition.weight": found["embed.time"],
        # The peer begins with the plain count; ours takes the count over the average everywhere.
        "start.weight": _columns([found["field.sum"], found["field.count"] * average]),
        "start.bias": found["field.bias"],
        "out.weight": found["out.weight"],
        "out.bias": found["out.bias"],
    }
    for number, block in enumerate(network.blocks):
        assert isinstance(block, MeanFieldBlock)
        own = {
            name.removeprefix(f"{number}."): tensor for name, tensor in found.items() if name.startswith(f"{number}.")
        }
        tensors |= {f"blocks.{number}.{name}": tensor for name, tensor in _of_block(own).items()}
    network.load_state_dict(tensors)


def _of_block(own: Pieces) -> Pieces:
    attention = {
        f"attention.{place}.{kind}": own[f"{name}.{kind}"]
        for place, name in (("query", "query"), ("key", "key"), ("value", "value"), ("out", "join"))
        for kind in ("weight", "bias")
        if (name, kind) != ("key", "bias")
    }
    return attention | {
        "local.weight": own["lift.state"],
        "local.bias": own["lift.bias"],
        "condition.weight": own["lift.time"],
        "norm.weight": own["norm.weight"],
        "norm.bias": own["norm.bias"],
        "gather.weight": _columns([own["pool.attended"], own["pool.count"]]),
        "gather.bias": own["pool.bias"],
        "back.weight": own["update.lifted"],
        "back.bias": own["update.bias"],
        "spread.weight": own["update.field"],
    }


def _columns(parts: list[Tensor]) -> Tensor:
    return torch.cat([part if part.ndim == 2 else part[:, None] for part in parts], dim=1)


def preset_forms() -> list[Form]:
    """The velocity of the points in each preset, for jets as wide as the peer's; presets that share one share a row."""
    data = jetgen.dataset(DATASET)
    jets = data.train[:1000]
    forms: dict[str, Form] = {}
    for preset in _PRESETS:
        settings, rng = _settings(preset), np.random.default_rng(0)
        preprocessing = CloudPreprocessing.fit(settings, data.spec, jets, rng).points
        summary = JetSummary(data.spec, preprocessing.features)
        with seeded(0):
            field = PointField(
                settings,
                features=len(data.spec.features),
                conditioning=0,
                largest=SIZE,
                mean_multiplicity=float(jets.multiplicity.mean()),
                summary=summary if settings.summary else None,
                positions=preprocessing.positions,
            )
        shape = repr(field)
        name = f"{forms[shape].name}, {preset}" if shape in forms else preset
        forms[shape] = Form(name, field, partial(_velocity, field))
    return list(forms.values())


def _velocity(field: PointField, points: Tensor, mask: Tensor, t: Tensor) -> Tensor:
    rows = len(points)
    target = None if field.summary is None else points.new_zeros(rows, field.summary.size)
    velocity: Tensor = field(t, points, mask, points.new_zeros(rows, 0), target)
    return velocity


def backbones() -> Mapping[str, Factory]:
    """The backbones at the widths of ``quick``, conditioned on the time and the number of points."""
    plain = {name: partial(_backbone, name) for name in get_args(Backbone)}
    return {**plain, "mdma, neighbours": partial(_backbone, "mdma", Neighbours())}


def _backbone(name: Backbone, neighbours: Neighbours | None = None) -> Evaluate:
    conditioning = time_width(_FREQUENCIES) + 1
    with seeded(0):
        network = SetNetwork(3, 3, conditioning, backbone=name, mean_multiplicity=100.0, neighbours=neighbours)

    def evaluate(points: Tensor, mask: Tensor, t: Tensor) -> Tensor:
        count = mask.sum(1, keepdim=True) / 100.0
        answer: Tensor = network(points, mask, torch.cat([time_features(t, _FREQUENCIES), count], dim=1))
        return answer

    return evaluate
