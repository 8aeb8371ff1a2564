"""The peer of mdma-gan: the published generator of MDMA, multi-head attention on padded batches.

Written from the equations of arXiv 2305.15254 and 2408.04997. Two linear maps are made in each block and never act; the
first sum runs over all places, and so depends on the padding (the embedding of an empty place is its bias).
"""

from __future__ import annotations

from typing import cast

import torch
from jetgen.torch.nn import AdversarialBlock, MeanFieldAttention
from jetgen_mdma_gan.networks import PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

__all__ = ["PARAMETERS", "PublishedGenerator", "ours", "same_function"]

PARAMETERS = 111_555
"""Of the generator for JetNet150: latent 16, hidden 48, 7 blocks, 16 heads."""


class PublishedGeneratorBlock(nn.Module):
    """One layer: the particles are lifted, one query for each cloud attends to them, and both are updated."""

    def __init__(self, latent: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.lift, self.unused = nn.Linear(latent, hidden), nn.Linear(latent, hidden)
        self.unused_condition = nn.Linear(1, hidden, bias=False)
        self.norm = nn.LayerNorm(hidden)
        self.attention = nn.MultiheadAttention(hidden, heads, batch_first=True)
        self.condition = nn.Linear(hidden + 1, hidden)
        self.update = nn.Linear(2 * hidden, latent)
        self.pool = nn.Linear(hidden, latent)

    def forward(self, x: Tensor, field: Tensor, count: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` (B, P, latent), ``field`` (B, 1, latent), ``count`` (B, 1, 1), ``padding`` (B, P)."""
        y = self.lift(leaky_relu(x))
        query = self.norm(self.lift(leaky_relu(field)))
        attended, _ = self.attention(query, y, y, key_padding_mask=padding, need_weights=False)
        pooled = self.condition(torch.cat([attended, count], dim=-1))
        x = self.update(torch.cat([y, pooled.expand(-1, x.shape[1], -1)], dim=-1)) + x
        return x, leaky_relu(self.pool(pooled))


class PublishedGenerator(nn.Module):
    """Noise to clouds.

    Arguments:
        average: the number of particles that counts and sums are divided by.
        leaks: sum over empty places too, as published.
    """

    def __init__(
        self,
        *,
        features: int = 3,
        latent: int = 16,
        hidden: int = 48,
        layers: int = 7,
        heads: int = 16,
        average: float = 50.0,
        leaks: bool = True,
    ) -> None:
        super().__init__()
        self.average, self.leaks = average, leaks
        self.embed = nn.Linear(features, latent)
        self.blocks = nn.ModuleList(PublishedGeneratorBlock(latent, hidden, heads) for _ in range(layers))
        self.out = nn.Linear(latent, features)

    def forward(self, noise: Tensor, mask: Tensor) -> Tensor:
        """Clouds (B, P, F), zero where ``mask`` (B, P) is False, of ``noise`` (B, P, F)."""
        real, padding = mask[..., None], ~mask
        count = (mask.sum(1).to(noise.dtype) / self.average)[:, None, None]
        x = leaky_relu(self.embed(noise * real))
        field = (x if self.leaks else x * real).sum(1, keepdim=True) / self.average
        for block in self.blocks:
            x, field = block(x, field, count, padding)
        points: Tensor = self.out(leaky_relu(x)) * real
        return points


def ours(average: float) -> PointGenerator:
    """The generator of the preset ``full``."""
    settings = MDMAGANSettings.model_validate(MDMAGANSettings.presets["full"])
    return PointGenerator(settings, 3, 0, Sizes(150, average, settings.published_form))


def same_function(peer: PublishedGenerator) -> PointGenerator:
    """Ours with the weights of a ``peer`` that does not leak: the same function."""
    made = ours(peer.average)
    made.embed.load_state_dict(peer.embed.state_dict())
    made.out.load_state_dict(peer.out.state_dict())
    names = {"local": "lift", "norm": "norm", "gather": "condition", "back": "update", "field": "pool"}
    for mine, theirs in zip(made.blocks, peer.blocks, strict=True):
        block, published = cast("AdversarialBlock", mine), cast("PublishedGeneratorBlock", theirs)
        for ours_name, name in names.items():
            getattr(block, ours_name).load_state_dict(getattr(published, name).state_dict())
        block.attention = MeanFieldAttention.from_multihead(published.attention)
    return made
