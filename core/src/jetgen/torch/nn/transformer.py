"""The block of a transformer encoder: every point attends to every other, at a cost that grows with the square."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.attention import self_attention
from jetgen.torch.nn.masking import masked_mean

__all__ = ["TransformerBlock"]


class TransformerBlock(nn.Module):
    """Self-attention of the points, a network for each, and a cloud vector that follows their mean and steers them.

    Arguments: as of :class:`jetgen.torch.nn.MeanFieldBlock`.
    """

    def __init__(self, width: int, hidden: int, conditioning: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            msg = f"a width of {width} cannot be shared by {heads} heads; use a multiple"
            raise ValueError(msg)
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.condition = nn.Linear(width + conditioning, width, bias=False)
        self.attend = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.local = nn.Linear(width, hidden)
        self.back = nn.Linear(hidden, width)
        self.update = nn.Linear(width + conditioning, width)

    def forward(self, points: Tensor, field: Tensor, mask: Tensor, conditioning: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, P, width) and cloud vector (B, width) after the block; ``mask`` (B, P) is True at points."""
        points = points + self.condition(torch.cat([field, conditioning], 1)).unsqueeze(1)
        points = points + self.join(self._attention(self.first(points), mask))
        points = points + self.back(functional.silu(self.local(self.second(points))))
        return points, field + self.update(torch.cat([masked_mean(points, mask), conditioning], 1))

    def _attention(self, points: Tensor, mask: Tensor) -> Tensor:
        # A slot may always attend to itself: a row without any allowed slot would be NaN.
        allowed = mask[:, None, None, :] | torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
        return self_attention(self.attend(points), self.heads, allowed)
