"""Normal scores: each number of a summary through its own distribution function, so that a flow need not learn it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["NormalScores"]

# Beyond 3.5 standard deviations there is one value in two thousand: too few to learn a distribution from.
_FARTHEST = 3.5
_KNOTS = 201
# So much of a straight line is added that no two quantiles are the same, in single precision either.
_STRAIGHT = 1e-4
_SMALLEST = 1e-3


class NormalScores(nn.Module):
    """A piecewise linear, increasing map of each of some numbers to a standard normal one, fitted to its quantiles.

    A sharp peak (the mass of the top quark in its jets) is blurred by a small flow and is exact here.

    Arguments:
        size: how many numbers.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.scores: Tensor
        self.quantiles: Tensor
        self.register_buffer("scores", torch.linspace(-_FARTHEST, _FARTHEST, _KNOTS), persistent=False)
        self.register_buffer("quantiles", self.scores.repeat(size, 1))

    def fit(self, values: Tensor, mirrored: list[int]) -> None:
        """Let values (N, size) become normal; the ``mirrored`` ones together with their negatives."""
        parts = torch.special.ndtr(self.scores.double())
        for i in range(values.shape[1]):
            one = values[:, i].double()
            one = torch.cat([one, -one]) if i in mirrored else one
            slope = _STRAIGHT * max(float(one.std(correction=0)), 0.1 * float(one.abs().max()), _SMALLEST)
            self.quantiles[i] = torch.quantile(one, parts) + slope * self.scores

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """The scores (B, size) of values (B, size), and the sum (B,) of the logarithms of the slopes."""
        answer, slope = _interpolated(values, self.quantiles, self.scores.expand_as(self.quantiles))
        return answer, slope.log().sum(1)

    def inverse(self, scores: Tensor) -> Tensor:
        """The values (B, size) of these scores."""
        return _interpolated(scores, self.scores.expand_as(self.quantiles), self.quantiles)[0]


def _interpolated(values: Tensor, sources: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """What ``values`` (B, K) are between knots (K, L), and the slopes there; beyond them the slope of all."""
    columns = values.T.contiguous()
    right = torch.searchsorted(sources.contiguous(), columns).clamp(1, sources.shape[1] - 1)
    left = right - 1
    inside = (columns >= sources[:, :1]) & (columns <= sources[:, -1:])
    low, high = sources.gather(1, left), sources.gather(1, right)
    start, end = targets.gather(1, left), targets.gather(1, right)
    all_over = (targets[:, -1:] - targets[:, :1]) / (sources[:, -1:] - sources[:, :1])
    slope = torch.where(inside, (end - start) / (high - low), all_over)
    answer = torch.where(columns > high, end + slope * (columns - high), start + slope * (columns - low))
    return answer.T, slope.T
