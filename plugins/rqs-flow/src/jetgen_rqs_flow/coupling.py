"""Coupling layers with splines, and flows made of them, over the places of a cloud that are taken."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from jetgen.torch.nn import spline, spline_size, transposed_linear
from torch import Tensor, nn

from jetgen_rqs_flow.mixing import Mixing

__all__ = ["Coupling", "CouplingFlow"]


class Coupling(nn.Module):
    """Every other number through a spline whose shape follows from the others, the multiplicity and the conditioning.

    Arguments:
        size: d, how many numbers there are.
        parity: 0 to change those with even index, 1 for the odd ones.
        contexts: how many numbers of conditioning there are.
        counts: the largest multiplicity.
        hidden, blocks, dropout: of the residual network in between.
        bins, tail: of the splines.
    """

    def __init__(
        self,
        size: int,
        parity: int,
        *,
        contexts: int,
        counts: int,
        hidden: int,
        blocks: int,
        dropout: float,
        bins: int,
        tail: float,
    ) -> None:
        super().__init__()
        self.tail = tail
        # Slices, not lists of indices: they are views, and the backward pass of an index is slow.
        self.changed, self.kept = slice(parity, None, 2), slice(1 - parity, None, 2)
        changes = len(range(parity, size, 2))
        self.first = nn.Linear(size - changes + contexts, hidden)
        self.count = nn.Embedding(counts + 1, hidden)
        self.blocks = nn.ModuleList(_block(hidden, dropout) for _ in range(blocks))
        self.last = nn.Linear(hidden, spline_size(bins) * changes)
        nn.init.normal_(self.count.weight, std=0.1)
        # Splines begin close to the identity.
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)

    def forward(
        self, values: Tensor, present: Tensor, counts: Tensor, conditioning: Tensor, *, inverse: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Values through the layer (or back), and log |det| of the way taken."""
        hidden = self.first(torch.cat([values[:, self.kept], conditioning], 1)) + self.count(counts)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        planes = transposed_linear(self.last, nn.functional.silu(hidden)).to(values.dtype)
        # Splines are never left to autocast: in half precision they do not invert.
        with torch.autocast(values.device.type, enabled=False):
            old, here = values[:, self.changed], present[:, self.changed]
            columns = old.T.contiguous()
            out, log_slope = spline(columns, planes.view(-1, *columns.shape), self.tail, inverse=inverse)
            result = values.clone()
            result[:, self.changed] = out.T * here
            return result, (log_slope.T * here).sum(1)


def _block(hidden: int, dropout: float) -> nn.Sequential:
    last = nn.Linear(hidden, hidden)
    nn.init.zeros_(last.weight)
    return nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Dropout(dropout), last)


class CouplingFlow(nn.Module):
    """A density over d numbers: linear mixing and coupling in turn, then a standard normal.

    Arguments:
        size: d.
        layers: pairs of a mixing and a coupling.
        options: of :class:`Coupling`.
    """

    def __init__(self, size: int, layers: int, **options: Any) -> None:
        super().__init__()
        self.size = size
        self.mixings = nn.ModuleList(Mixing(size) for _ in range(layers))
        self.couplings = nn.ModuleList(Coupling(size, 1 - i % 2, **options) for i in range(layers))

    def whiten(self, values: Tensor, present: Tensor) -> None:
        """Let the first mixing begin by removing the correlations of these numbers."""
        first = self.mixings[0]
        if isinstance(first, Mixing):
            first.whiten(values, present)

    def encode(self, values: Tensor, present: Tensor, counts: Tensor, conditioning: Tensor) -> tuple[Tensor, Tensor]:
        """The normal numbers that values came from, 0 at those that are not present, and log |det|."""
        total = torch.zeros(len(values), dtype=values.dtype, device=values.device)
        for mixing, coupling in zip(self.mixings, self.couplings, strict=True):
            values, log_det = mixing(values, present)
            total = total + log_det
            values, log_det = coupling(values, present, counts, conditioning)
            total = total + log_det
        return values, total

    def log_prob(self, values: Tensor, present: Tensor, counts: Tensor, conditioning: Tensor) -> Tensor:
        """The logarithm of the density of the numbers that are present."""
        values, total = self.encode(values, present, counts, conditioning)
        return total - 0.5 * ((values**2 + math.log(2 * math.pi)) * present).sum(1)

    def decode(self, noise: Tensor, present: Tensor, counts: Tensor, conditioning: Tensor) -> Tensor:
        """What standard normal ``noise`` becomes."""
        values = noise * present
        for mixing, coupling in zip(reversed(self.mixings), reversed(self.couplings), strict=True):
            values, _ = coupling(values, present, counts, conditioning, inverse=True)
            values = cast("Mixing", mixing).inverse(values, present)
        return values
