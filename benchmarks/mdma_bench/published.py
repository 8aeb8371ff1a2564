"""The peer: the published MDMA flow-matching network, multi-head attention on padded batches.

Written from the equations of the published form (the GAN is arXiv 2305.15254 and 2408.04997; the flow is of the same
authors). What is part of its form is kept: unbounded time frequencies, time features concatenated to every particle.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from mdma_bench.evaluate import Evaluate

__all__ = ["BOX_COX_PARAMETERS", "PublishedFlow", "as_evaluate", "count_parameters", "time_features"]

BOX_COX_PARAMETERS = 2_345_091
"""Of the evaluated checkpoint: latent 128, hidden 256, 16 frequencies, 6 layers, 16 heads."""


def time_features(t: Tensor, frequencies: int) -> Tensor:
    """cos(pi t e^k) for k below twice ``frequencies``, (B, 2 frequencies).

    In float32 whatever lies beyond k = 16 or so is as good as a hash of t, so it was published; two that shall agree
    must multiply in the same order.
    """
    exponents = torch.arange(2 * frequencies, device=t.device, dtype=t.dtype)
    return torch.cos(t[:, None] * (math.pi * exponents.exp()))


class PublishedBlock(nn.Module):
    """One layer: the particles are lifted, one query for each cloud attends to them, and both are updated."""

    def __init__(self, latent: int, hidden: int, times: int, heads: int) -> None:
        super().__init__()
        self.lift = nn.Linear(latent + times, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.attention = nn.MultiheadAttention(hidden, heads, batch_first=True)
        self.pool = nn.Linear(hidden + 1, latent)
        self.update = nn.Linear(hidden + latent, latent)

    def forward(self, x: Tensor, field: Tensor, times: Tensor, count: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` (B, P, latent), ``field`` (B, 1, latent), ``times`` (B, 1, 2F), ``count`` (B, 1, 1)."""
        y = self.lift(torch.cat([leaky_relu(x), times.expand(-1, x.shape[1], -1)], dim=-1))
        query = self.norm(self.lift(torch.cat([leaky_relu(field), times], dim=-1)))
        attended, _ = self.attention(query, y, y, key_padding_mask=padding, need_weights=False)
        field = self.pool(torch.cat([attended, count], dim=-1))
        return self.update(torch.cat([y, field.expand(-1, x.shape[1], -1)], dim=-1)) + x, field


class PublishedFlow(nn.Module):
    """The velocity of padded clouds.

    The numbers of parameters that are known fit only if there is one more linear map than the equations use, from the
    condition to the latent width: 256 here, and 48 in each of the published shower networks (214,836 with 10 layers,
    257,652 with 12, at latent 16 and two conditions), where no other piece has that size. It is made, and never acts.

    Arguments:
        average: the number of particles that counts and sums are divided by; the condition of the initial field is
            the plain count, as published.
    """

    def __init__(
        self,
        *,
        features: int = 3,
        latent: int = 128,
        hidden: int = 256,
        frequencies: int = 16,
        layers: int = 6,
        heads: int = 16,
        average: float = 70.0,
    ) -> None:
        super().__init__()
        times = 2 * frequencies
        self.hidden, self.heads, self.frequencies, self.average = hidden, heads, frequencies, average
        self.embed = nn.Linear(features + times, latent)
        self.field = nn.Linear(latent + 1, latent)
        self.unused = nn.Linear(1, latent)
        self.blocks = nn.ModuleList(PublishedBlock(latent, hidden, times, heads) for _ in range(layers))
        self.out = nn.Linear(latent, features)

    def forward(self, x: Tensor, t: Tensor, mask: Tensor, n: Tensor) -> Tensor:
        """(B, P, F), zero where there is padding.

        Arguments:
            x: (B, P, F), the clouds at their times.
            t: (B,), the times.
            mask: (B, P), True where there is a particle.
            n: (B,), how many there are.
        """
        real, padding = mask[..., None], ~mask
        times = time_features(t, self.frequencies)[:, None]
        count = n.to(x.dtype)[:, None, None]
        x = leaky_relu(self.embed(torch.cat([x, times.expand(-1, x.shape[1], -1)], dim=-1))) * real
        field = self.field(torch.cat([x.sum(1, keepdim=True) / self.average, count], dim=-1))
        for block in self.blocks:
            x, field = block(x, field, times, count / self.average, padding)
        velocity: Tensor = self.out(leaky_relu(x)) * real
        return velocity


def as_evaluate(network: PublishedFlow) -> Evaluate:
    """The network in the form in which all are called."""

    def evaluate(points: Tensor, mask: Tensor, t: Tensor) -> Tensor:
        velocity: Tensor = network(points, t, mask, mask.sum(1))
        return velocity

    return evaluate


def count_parameters(network: nn.Module) -> int:
    """All numbers that a training may change."""
    return sum(parameter.numel() for parameter in network.parameters())
