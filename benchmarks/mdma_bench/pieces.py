"""The weights of the published network under names that say what they act on, and its equations for a single cloud.

Every linear map on a concatenation is taken apart, which is what a factored form of the same function needs:

    embed.point (L, F)    embed.time (L, 2F)   embed.bias       sigma(point x + time T + bias), a particle
    field.sum (L, L)      field.count (L,)     field.bias       sum of the particles / average, number of particles
    N.lift.state (h, L)   N.lift.time (h, 2F)  N.lift.bias      particles and field alike, of block N
    N.norm.weight (h,)    N.norm.bias (h,)                      the field only
    N.query.*, N.key.*, N.value.*, N.join.*: weight (h, h), bias (h,)    heads are consecutive slices of the width
    N.pool.attended (L, h)  N.pool.count (L,)  N.pool.bias      the next field; the count is divided by the average
    N.update.lifted (L, h)  N.update.field (L, L)  N.update.bias    added to the particles
    out.weight (F, L)     out.bias (F,)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, leaky_relu, linear

from mdma_bench.published import PublishedBlock, PublishedFlow, time_features

__all__ = ["Pieces", "pieces", "velocity"]

Pieces = dict[str, Tensor]


def pieces(network: PublishedFlow) -> Pieces:
    """The weights of the published network by the names above."""
    features = network.out.out_features
    latent = network.out.in_features
    found = {
        **_split(network.embed, "embed", point=features, time=2 * network.frequencies),
        **_split(network.field, "field", sum=latent, count=1),
        **_split(network.out, "out", weight=latent),
    }
    for number, block in enumerate(network.blocks):
        assert isinstance(block, PublishedBlock)
        found.update({f"{number}.{name}": tensor for name, tensor in _of_block(block, latent).items()})
    return {name: tensor.detach().clone() for name, tensor in found.items()}


def _of_block(block: PublishedBlock, latent: int) -> Pieces:
    hidden = block.norm.normalized_shape[0]
    times = block.lift.in_features - latent
    inward, bias = block.attention.in_proj_weight.chunk(3), block.attention.in_proj_bias.chunk(3)
    attention: Pieces = {"join.weight": block.attention.out_proj.weight, "join.bias": block.attention.out_proj.bias}
    for name, matrix, shift in zip(("query", "key", "value"), inward, bias, strict=True):
        attention |= {f"{name}.weight": matrix, f"{name}.bias": shift}
    return {
        **_split(block.lift, "lift", state=latent, time=times),
        "norm.weight": block.norm.weight,
        "norm.bias": block.norm.bias,
        **attention,
        **_split(block.pool, "pool", attended=hidden, count=1),
        **_split(block.update, "update", lifted=hidden, field=latent),
    }


def _split(layer: nn.Linear, prefix: str, **widths: int) -> Pieces:
    """The columns of a linear map by what they act on; a single column is a vector."""
    columns = torch.split(layer.weight, list(widths.values()), dim=1)
    named = {f"{prefix}.{name}": part.squeeze(1) for name, part in zip(widths, columns, strict=True)}
    return named | {f"{prefix}.bias": layer.bias}


def velocity(found: Pieces, points: Tensor, t: Tensor, heads: int, average: float) -> Tensor:
    """The published equations once more, in float64, for one cloud (n, F) without padding: what the peer must give.

    The time features are those of float32, for they differ from all others.
    """
    w = {name: tensor.double() for name, tensor in found.items()}
    times = time_features(t[None], w["embed.time"].shape[1] // 2)[0].double()
    count = torch.tensor(float(len(points)), dtype=torch.float64)
    x = leaky_relu(points.double() @ w["embed.point"].T + w["embed.time"] @ times + w["embed.bias"])
    field = w["field.sum"] @ (x.sum(0) / average) + w["field.count"] * count + w["field.bias"]
    for number in range(sum(name.endswith(".join.bias") for name in w)):
        own = {name.removeprefix(f"{number}."): tensor for name, tensor in w.items() if name.startswith(f"{number}.")}
        shift = own["lift.time"] @ times + own["lift.bias"]
        y = linear(leaky_relu(x), own["lift.state"]) + shift
        lifted = linear(leaky_relu(field), own["lift.state"]) + shift
        query = layer_norm(lifted, lifted.shape, own["norm.weight"], own["norm.bias"])
        attended = _attended(own, query, y, heads)
        field = own["pool.attended"] @ attended + own["pool.count"] * (count / average) + own["pool.bias"]
        x = x + linear(y, own["update.lifted"]) + own["update.field"] @ field + own["update.bias"]
    return linear(leaky_relu(x), w["out.weight"], w["out.bias"])


def _attended(own: Pieces, query: Tensor, y: Tensor, heads: int) -> Tensor:
    """Head by head: softmax of the scaled products of one query with the keys, then the mean of the values."""
    q, k, v = (
        linear(what, own[f"{name}.weight"], own[f"{name}.bias"])
        for what, name in ((query, "query"), (y, "key"), (y, "value"))
    )
    width = len(q) // heads
    parts = []
    for head in range(heads):
        slot = slice(head * width, (head + 1) * width)
        weights = torch.softmax(k[:, slot] @ q[slot] / math.sqrt(width), dim=0)
        parts.append(weights @ v[:, slot])
    return linear(torch.cat(parts), own["join.weight"], own["join.bias"])
