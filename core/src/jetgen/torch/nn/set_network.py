"""A network from clouds of points to as many vectors, with interchangeable blocks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.epic import EPiCBlock
from jetgen.torch.nn.masking import masked_sum
from jetgen.torch.nn.mean_field import MeanFieldBlock, split_context
from jetgen.torch.nn.transformer import TransformerBlock

__all__ = ["Backbone", "SetNetwork"]

Backbone = Literal["mdma", "epic", "transformer"]


class SetNetwork(nn.Module):
    """Points and a context to a vector for each point; permuting the points permutes the answer.

    Empty places never count: padding more changes nothing. What comes out there means nothing.

    Arguments:
        features: numbers of a point.
        outputs: numbers of the answer for a point.
        context: numbers that are known of the cloud: time, multiplicity, observables.
        backbone: ``mdma`` (mean-field attention), ``epic`` (sum and mean) or ``transformer`` (each point to each).
        width: of the points and of the mean field inside.
        hidden: inside a block.
        blocks: how many.
        heads: of the attention.
        typical: about how many points a cloud has; the sum over them is divided by it.
        inner_context: width of the context after a small network of its own; 0 hands it to the blocks as it is.
        apart: as in :class:`MeanFieldBlock`, for ``mdma`` without ``inner_context``.

    >>> network = SetNetwork(3, 3, 2, backbone="mdma", width=8, hidden=16, blocks=2, heads=2)
    >>> network(torch.randn(4, 5, 3), torch.ones(4, 5, dtype=torch.bool), torch.randn(4, 2)).shape
    torch.Size([4, 5, 3])
    """

    def __init__(
        self,
        features: int,
        outputs: int,
        context: int,
        *,
        backbone: Backbone = "mdma",
        width: int = 64,
        hidden: int = 128,
        blocks: int = 6,
        heads: int = 8,
        typical: float = 30.0,
        inner_context: int = 64,
        apart: int = 0,
    ) -> None:
        super().__init__()
        self.typical, self.apart = typical, apart
        self.context: nn.Module = nn.Identity()
        if inner_context:
            self.context = nn.Sequential(
                nn.Linear(context, inner_context), nn.SiLU(), nn.Linear(inner_context, inner_context)
            )
            context = inner_context
        self.embed = nn.Linear(features, width)
        self.steer = nn.Linear(context - apart, width, bias=False)
        self.start = nn.Linear(width + (apart or context), width)
        self.blocks = nn.ModuleList(_block(backbone, width, hidden, context, heads, apart) for _ in range(blocks))
        self.out = nn.Linear(width, outputs)
        # The answer begins at 0, whatever the points are.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, points: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """The answer (B, P, outputs) for points (B, P, features), there where ``mask`` (B, P) is True."""
        context = self.context(context)
        # What stands in empty places has no weight later, but it could be too large for that.
        points = points.masked_fill(~mask.unsqueeze(-1), 0)
        steered, told = split_context(context, self.apart)
        points = functional.leaky_relu(self.embed(points) + self.steer(steered).unsqueeze(1))
        field = self.start(torch.cat([masked_sum(points, mask) / self.typical, told], 1))
        for block in self.blocks:
            points, field = block(points, field, mask, context)
        answer: Tensor = self.out(functional.leaky_relu(points))
        return answer


def _block(backbone: Backbone, width: int, hidden: int, context: int, heads: int, apart: int) -> nn.Module:
    if backbone == "mdma":
        return MeanFieldBlock(width, hidden, context, heads, apart)
    if backbone == "epic":
        return EPiCBlock(width, hidden, context)
    return TransformerBlock(width, hidden, context, heads)
