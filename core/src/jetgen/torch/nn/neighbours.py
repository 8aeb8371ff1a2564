"""What the nearest points of a cloud say to each other, at a cost linear in the number of points."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.nearest import nearest

__all__ = ["NeighbourMessages", "Neighbourhood", "Neighbours"]

# Distances, in units of the spread of a column: below the first one point is another, the second is close by.
_SMALLEST, _CLOSE = 1e-3, 0.02
_LOG_SCALE = 0.25
# Points whose messages are computed together: so few that these stay in the cache.
_AT_ONCE = 1024


@dataclass(frozen=True)
class Neighbours:
    """Which points speak with each other, and how.

    Arguments:
        nearest: so many other points send a message to each point.
        positions: the columns of the points in which they are near.
        rounds: how often they do.
        width: of a message.
    """

    nearest: int = 8
    positions: tuple[int, ...] = (0, 1)
    rounds: int = 3
    width: int = 32

    def before(self, blocks: int) -> list[int]:
        """Before which of so many blocks the rounds are: evenly spread, the first before the first block."""
        return sorted({i * blocks // self.rounds for i in range(self.rounds)})


@dataclass(frozen=True)
class Neighbourhood:
    """For each of the N = B P slots of a batch of clouds its nearest others.

    Arguments:
        index: int64 (N, k), their slots.
        weights: (N, k, 1), what a message counts: 0 where a cloud has fewer points.
        pairs: (N, k, L), what is known of point and neighbour: see :meth:`features`.
    """

    index: Tensor
    weights: Tensor
    pairs: Tensor

    @staticmethod
    def features(points: int, positions: int) -> int:
        """L: differences in all columns, the direction, the distance and its logarithm."""
        return points + positions + 2

    @classmethod
    def of(cls, points: Tensor, mask: Tensor, neighbours: Neighbours) -> Neighbourhood:
        """Of points (B, P, F), there where ``mask`` (B, P) is True."""
        clouds, slots, width = points.shape
        where = list(neighbours.positions)
        # The first point beyond the neighbours says how far they reach.
        found, exists = nearest(points[..., where].detach(), mask, neighbours.nearest + 1)
        first = slots * torch.arange(clouds, device=points.device).view(-1, 1, 1)
        index, exists = (found + first).flatten(0, 1), exists.flatten(0, 1).unsqueeze(-1)
        points = points.reshape(-1, width)
        differences = gathered(points, index) - points.unsqueeze(1)
        moved = differences[..., where]
        squares = moved.square().sum(-1, keepdim=True) + _SMALLEST**2
        weights = exists[:, :-1] * (1 - squares[:, :-1] / squares[:, -1:]).clamp(min=0)
        weights = weights.where(exists[:, -1:], exists[:, :-1].to(weights))
        distance = squares.sqrt()
        pairs = [differences, moved / (distance + _CLOSE), distance, _LOG_SCALE * distance.log()]
        return cls(index[:, :-1], weights, torch.cat(pairs, 2)[:, :-1])

    def split(self, size: int) -> list[Neighbourhood]:
        """Of so many slots each."""
        parts = (torch.split(each, size) for each in (self.index, self.weights, self.pairs))
        return [Neighbourhood(*part) for part in zip(*parts, strict=True)]


def gathered(values: Tensor, index: Tensor) -> Tensor:
    """Of ``values`` (N, L) those in the rows ``index`` (M, k): (M, k, L)."""
    return values.index_select(0, index.reshape(-1)).view(*index.shape, values.shape[1])


class NeighbourMessages(nn.Module):
    r"""Each point is moved by what its nearest points say, as in a graph network with edges.

    With what is known of the pair, :math:`p_{ij}`, the message of neighbour j is
    :math:`m_{ij} = \sigma(B \sigma(U \sigma(x_i) + V \sigma(x_j) + W p_{ij}))`, and the point becomes
    :math:`x_i + C [\sum_j w_{ij} m_{ij} / k, \max_j w_{ij} m_{ij}]`. C begins as 0. The weight is
    :math:`w_{ij} = 1 - (d_{ij} / d_{i,k+1})^2`, 0 at the first point that is no neighbour any more: a field that jumped
    where neighbours change would have no density.

    Arguments:
        width: of the points.
        pairs: L, numbers that are known of a pair.
        messages: width of a message.
    """

    def __init__(self, width: int, pairs: int, messages: int) -> None:
        super().__init__()
        self.own = nn.Linear(width, messages)
        self.other = nn.Linear(width, messages, bias=False)
        self.pair = nn.Linear(pairs, messages, bias=False)
        self.message = nn.Linear(messages, messages)
        self.back = nn.Linear(2 * messages, width)
        nn.init.zeros_(self.back.weight)
        nn.init.zeros_(self.back.bias)

    def forward(self, points: Tensor, around: Neighbourhood) -> Tensor:
        """Points (B, P, width) after one round."""
        inner = functional.leaky_relu(points).flatten(0, 1)
        own, other = self.own(inner).split(_AT_ONCE), self.other(inner)
        heard = [self._heard(*part, other) for part in zip(own, around.split(_AT_ONCE), strict=True)]
        moved: Tensor = self.back(torch.cat(heard))
        return points + moved.view_as(points)

    def _heard(self, own: Tensor, around: Neighbourhood, other: Tensor) -> Tensor:
        """Mean and maximum (M, 2 messages) of what some of the points hear."""
        # Tensors of pairs are by far the largest here, so they are changed in place.
        sent, pairs = gathered(other, around.index), around.pairs
        message = torch.addmm(sent.flatten(0, 1), pairs.flatten(0, 1), self.pair.weight.t()).view_as(sent)
        message = message.add_(own.unsqueeze(1))
        message = functional.leaky_relu(self.message(functional.leaky_relu_(message)), inplace=True) * around.weights
        return torch.cat([message.mean(1), message.amax(1)], 1)
