"""The block of EPiC-GAN and EPiC-FM (arXiv:2301.08128, 2310.00049): points that speak through a sum and a mean."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.masking import masked_mean, masked_sum

__all__ = ["EPiCBlock"]

# The sum over a cloud is brought to the size of a mean, as in EPiC-FM: a cloud has of the order of a hundred points.
_SUM_SCALE = 1e-2


class EPiCBlock(nn.Module):
    """Cloud from mean, sum and conditioning; then each point from itself, cloud and conditioning. Cost is linear.

    Arguments: as of :class:`jetgen.torch.nn.MeanFieldBlock`; there are no heads.
    """

    def __init__(self, width: int, hidden: int, conditioning: int) -> None:
        super().__init__()
        self.pool = nn.Linear(3 * width + conditioning, hidden)
        self.update = nn.Linear(hidden, width)
        self.local = nn.Linear(width, hidden)
        self.condition = nn.Linear(width + conditioning, hidden, bias=False)
        self.back = nn.Linear(hidden, width)

    def forward(self, points: Tensor, field: Tensor, mask: Tensor, conditioning: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, P, width) and cloud vector (B, width) after the block; ``mask`` (B, P) is True at points."""
        pools = [masked_mean(points, mask), _SUM_SCALE * masked_sum(points, mask), field, conditioning]
        field = functional.leaky_relu(field + self.update(functional.leaky_relu(self.pool(torch.cat(pools, 1)))))
        shift = self.condition(torch.cat([field, conditioning], 1)).unsqueeze(1)
        inner = functional.leaky_relu(self.local(points) + shift)
        return functional.leaky_relu(points + self.back(inner)), field
