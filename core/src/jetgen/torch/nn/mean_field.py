"""The block of MDMA: points that speak through one mean field per cloud, at a cost linear in their number."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.attention import MeanFieldAttention

__all__ = ["MeanFieldBlock", "split_conditioning"]


class MeanFieldBlock(nn.Module):
    r"""Points and mean field speak with each other once, as in MDMA with flow matching (arXiv:2305.15254).

    For points :math:`x_i`, mean field :math:`\bar x` and conditioning c

    .. math:: y_i = W_0 \sigma(x_i) + T c,\quad a = \mathrm{MHA}(\mathrm{LN}(W_0 \sigma(\bar x) + T c); y, y),\quad
              \bar x \leftarrow W_c [a, c],\quad x_i \leftarrow x_i + W_1 y_i + W_2 \bar x

    All that stands between :math:`\sigma(x_i)` and the results is linear, so no :math:`y_i` is ever made: the scores
    and averages of the attention are taken of :math:`\sigma(x_i)` itself, and :math:`W_1 W_0` is one small matrix. Of
    the cost per point there remain width² + 2 width heads products, whatever ``hidden`` is.

    Arguments:
        width: of the points and of the mean field.
        hidden: of y and of the attention.
        conditioning: of c, what the block knows beside points and mean field.
        heads: of the attention; ``hidden`` is a multiple.
        field_only: the last ``field_only`` numbers of the conditioning reach the mean field only, the others y only,
            as multiplicity and time do in the published network; with 0 all numbers reach both.
    """

    def __init__(self, width: int, hidden: int, conditioning: int, heads: int, field_only: int = 0) -> None:
        super().__init__()
        self.field_only = field_only
        self.local = nn.Linear(width, hidden)
        self.condition = nn.Linear(conditioning - field_only, hidden, bias=False)
        self.norm = nn.LayerNorm(hidden)
        self.attention = MeanFieldAttention(hidden, heads)
        self.gather = nn.Linear(hidden + (field_only or conditioning), width)
        self.back = nn.Linear(hidden, width)
        self.spread = nn.Linear(width, width, bias=False)

    def forward(self, points: Tensor, field: Tensor, mask: Tensor, conditioning: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, P, width) and mean field (B, width) after the block; ``mask`` (B, P) is True at points."""
        inner = functional.leaky_relu(points)
        for_points, for_field = split_conditioning(conditioning, self.field_only)
        shift = self.condition(for_points)
        query = self.norm(self.local(functional.leaky_relu(field)) + shift)
        shift = shift + self.local.bias
        pooled = self.attention(query, inner, mask, self.local.weight, shift)
        field = self.gather(torch.cat([pooled, for_field], 1))
        merged = self.back.weight @ self.local.weight
        size, slots, width = points.shape
        moved = torch.addmm(points.reshape(-1, width), inner.reshape(-1, width), merged.t()).view(size, slots, width)
        return moved.add_((self.back(shift) + self.spread(field)).unsqueeze(1)), field


def split_conditioning(conditioning: Tensor, field_only: int) -> tuple[Tensor, Tensor]:
    """Of a conditioning (B, C), what the points see and what the mean field sees."""
    return (
        (conditioning[:, :-field_only], conditioning[:, -field_only:]) if field_only else (conditioning, conditioning)
    )
