"""Attention of one query per cloud to all of its points, in a form whose cost per point does not grow with a square."""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn

from jetgen.nn.masking import barrier

__all__ = ["MeanFieldAttention"]


class MeanFieldAttention(nn.Module):
    r"""What ``nn.MultiheadAttention`` gives for a single query, without a key or a value for every point.

    With one query :math:`q` per cloud the score of point i in head h is :math:`q_h \cdot W_h^K y_i = r_h \cdot y_i`
    where :math:`r_h = (W_h^K)^T q_h` belongs to the cloud, and the values can be projected after the mean is taken,
    :math:`\sum_i a_{hi} W_h^V y_i = W_h^V s_h` with :math:`s_h = \sum_i a_{hi} y_i`. A bias of the keys shifts all
    scores of a head alike and never acts, so there is none. The attention is that of MDMA (arXiv:2305.15254).

    Arguments:
        width: of points, query and result; a multiple of ``heads``.
        heads: how many averages of the points there are, each with scores of its own.

    >>> attention = MeanFieldAttention(width=8, heads=2)
    >>> points, mask = torch.randn(3, 5, 8), torch.ones(3, 5, dtype=torch.bool)
    >>> attention(torch.randn(3, 8), points, mask).shape
    torch.Size([3, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            msg = f"a width of {width} cannot be shared by {heads} heads; use a multiple"
            raise ValueError(msg)
        self.width, self.heads = width, heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def directions(self, query: Tensor) -> Tensor:
        """The r (B, H, width) of each head: the score of a point y is r · y, scaled as usual."""
        each = self.width // self.heads
        parts = self.query(query).view(len(query), self.heads, each).transpose(0, 1)
        # Heads are the batch of the product: broadcasting would copy the keys for every cloud.
        scores = torch.bmm(parts, self.key.weight.view(self.heads, each, self.width)).transpose(0, 1)
        return scores / math.sqrt(each)

    def project(self, pooled: Tensor) -> Tensor:
        """The result (B, width) of the points averaged by each head (B, H, width)."""
        each = self.width // self.heads
        values = self.value.weight.view(self.heads, each, self.width).transpose(1, 2)
        heads = torch.bmm(pooled.transpose(0, 1), values).transpose(0, 1)
        answer: Tensor = self.out(heads.flatten(1) + self.value.bias)
        return answer

    def forward(self, query: Tensor, points: Tensor, mask: Tensor) -> Tensor:
        """Attend from ``query`` (B, width) to ``points`` (B, P, width) where ``mask`` (B, P) is True; (B, width)."""
        scores = torch.baddbmm(barrier(mask, points.dtype), self.directions(query), points.transpose(1, 2))
        return self.project(scores.softmax(-1) @ points)

    @classmethod
    def from_multihead(cls, attention: nn.MultiheadAttention) -> Self:
        """The same function with copies of the weights of ``attention``, which has biases and no dropout."""
        made = cls(attention.embed_dim, attention.num_heads).to(attention.in_proj_weight)
        query, key, value = attention.in_proj_weight.chunk(3)
        query_bias, _, value_bias = attention.in_proj_bias.chunk(3)
        with torch.no_grad():
            for mine, theirs in (
                (made.query.weight, query),
                (made.query.bias, query_bias),
                (made.key.weight, key),
                (made.value.weight, value),
                (made.value.bias, value_bias),
                (made.out.weight, attention.out_proj.weight),
                (made.out.bias, attention.out_proj.bias),
            ):
                mine.copy_(theirs)
        return made
