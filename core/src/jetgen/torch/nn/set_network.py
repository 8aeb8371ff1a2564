"""A network from clouds of points to as many vectors, with interchangeable blocks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.epic import EPiCBlock
from jetgen.torch.nn.masking import masked_sum
from jetgen.torch.nn.mean_field import MeanFieldBlock, split_conditioning
from jetgen.torch.nn.neighbours import Neighbourhood, NeighbourMessages, Neighbours
from jetgen.torch.nn.transformer import TransformerBlock

__all__ = ["Backbone", "SetNetwork"]

Backbone = Literal["mdma", "epic", "transformer"]


class SetNetwork(nn.Module):
    """Points and a conditioning to a vector for each point; permuting the points permutes the answer.

    Empty slots never count: padding more changes nothing. What comes out there means nothing.

    Arguments:
        features: numbers of a point.
        outputs: numbers of the answer for a point.
        conditioning: numbers that are known of the cloud: time, multiplicity, observables.
        backbone: ``mdma`` (mean-field attention), ``epic`` (sum and mean) or ``transformer`` (each point to each).
        width: of the points and of the mean field inside.
        hidden: inside a block.
        blocks: how many.
        heads: of the attention.
        mean_multiplicity: about how many points a cloud has; the sum over them is divided by it.
        conditioning_width: width of the conditioning after a small network of its own; 0 for no such network.
        field_only: as in :class:`MeanFieldBlock`, for ``mdma`` without ``conditioning_width``.
        neighbours: before some of the blocks each point also hears its nearest others; None for no such rounds.

    >>> network = SetNetwork(3, 3, 2, backbone="mdma", width=8, hidden=16, blocks=2, heads=2)
    >>> network(torch.randn(4, 5, 3), torch.ones(4, 5, dtype=torch.bool), torch.randn(4, 2)).shape
    torch.Size([4, 5, 3])
    """

    def __init__(
        self,
        features: int,
        outputs: int,
        conditioning: int,
        *,
        backbone: Backbone = "mdma",
        width: int = 64,
        hidden: int = 128,
        blocks: int = 6,
        heads: int = 8,
        mean_multiplicity: float = 30.0,
        conditioning_width: int = 64,
        field_only: int = 0,
        neighbours: Neighbours | None = None,
    ) -> None:
        super().__init__()
        self.mean_multiplicity, self.field_only = mean_multiplicity, field_only
        self.conditioning: nn.Module = nn.Identity()
        if conditioning_width:
            self.conditioning = nn.Sequential(
                nn.Linear(conditioning, conditioning_width),
                nn.SiLU(),
                nn.Linear(conditioning_width, conditioning_width),
            )
            conditioning = conditioning_width
        self.embed = nn.Linear(features, width)
        self.condition = nn.Linear(conditioning - field_only, width, bias=False)
        self.start = nn.Linear(width + (field_only or conditioning), width)
        self.blocks = nn.ModuleList(
            _block(backbone, width, hidden, conditioning, heads, field_only) for _ in range(blocks)
        )
        self.neighbours = neighbours
        self.messages = nn.ModuleDict()
        if neighbours is not None:
            pairs = Neighbourhood.features(features, len(neighbours.positions))
            self.messages.update(
                {str(i): NeighbourMessages(width, pairs, neighbours.width) for i in neighbours.before(blocks)}
            )
        self.out = nn.Linear(width, outputs)
        # The answer begins at 0, whatever the points are.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, points: Tensor, mask: Tensor, conditioning: Tensor) -> Tensor:
        """The answer (B, P, outputs) for points (B, P, features), there where ``mask`` (B, P) is True."""
        conditioning = self.conditioning(conditioning)
        # What stands in empty slots has no weight later, but it could be too large for that.
        points = points.masked_fill(~mask.unsqueeze(-1), 0)
        around = None if self.neighbours is None else Neighbourhood.of(points, mask, self.neighbours)
        for_points, for_field = split_conditioning(conditioning, self.field_only)
        points = functional.leaky_relu(self.embed(points) + self.condition(for_points).unsqueeze(1))
        field = self.start(torch.cat([masked_sum(points, mask) / self.mean_multiplicity, for_field], 1))
        for i, block in enumerate(self.blocks):
            if around is not None and str(i) in self.messages:
                points = self.messages[str(i)](points, around)
            points, field = block(points, field, mask, conditioning)
        answer: Tensor = self.out(functional.leaky_relu(points))
        return answer


def _block(backbone: Backbone, width: int, hidden: int, conditioning: int, heads: int, field_only: int) -> nn.Module:
    if backbone == "mdma":
        return MeanFieldBlock(width, hidden, conditioning, heads, field_only)
    if backbone == "epic":
        return EPiCBlock(width, hidden, conditioning)
    return TransformerBlock(width, hidden, conditioning, heads)
