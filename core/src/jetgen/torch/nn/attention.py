"""Attention of one query per cloud to all of its points, in a form whose cost per point does not grow with a square."""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.masking import attention_bias

__all__ = ["MeanFieldAttention", "self_attention"]


def self_attention(projected: Tensor, heads: int, mask: Tensor) -> Tensor:
    """Every point attends to every other: (B, S, width) of queries, keys and values ``projected`` (B, S, 3 width).

    Arguments:
        heads: of the attention; the width is a multiple.
        mask: what scaled_dot_product_attention takes: True where a point is seen, or numbers that are added to scores.
    """
    size, slots, width = projected.shape[0], projected.shape[1], projected.shape[2] // 3
    parts = projected.view(size, slots, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    query, key, value = parts.unbind(0)
    answer = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return answer.transpose(1, 2).reshape(size, slots, width)


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

    def forward(
        self, query: Tensor, points: Tensor, mask: Tensor, lift: Tensor | None = None, shift: Tensor | None = None
    ) -> Tensor:
        """Attend from ``query`` (B, width) to the points y where ``mask`` (B, P) is True; the result is (B, width).

        Arguments:
            query: one per cloud.
            points: y (B, P, width); or, with ``lift`` (width, D) and ``shift`` (B, width), the x (B, P, D) of
                y = lift x + shift, which are then never made.
            mask: where there are points.
        """
        keys, values = (one if lift is None else one @ lift for one in (self.key.weight, self.value.weight))
        projected = self.query(query) / math.sqrt(self.width // self.heads)
        # The score of x in a head is r · x. What all y of a cloud share shifts all scores of a head alike.
        directions = self._by_head(projected.view(len(query), self.heads, -1), keys.view(self.heads, -1, keys.shape[1]))
        weights = torch.baddbmm(attention_bias(mask, points.dtype), directions, points.transpose(1, 2)).softmax(-1)
        pooled = self._by_head(weights @ points, values.view(self.heads, -1, values.shape[1]).transpose(1, 2)).flatten(
            1
        )
        shared = self.value.bias if shift is None else functional.linear(shift, self.value.weight, self.value.bias)
        answer: Tensor = self.out(pooled + shared)
        return answer

    def _by_head(self, vectors: Tensor, matrices: Tensor) -> Tensor:
        """The vectors (B, H, I) of each head times its matrix (H, I, O), which is not copied for every cloud."""
        return torch.bmm(vectors.transpose(0, 1), matrices).transpose(0, 1)

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
