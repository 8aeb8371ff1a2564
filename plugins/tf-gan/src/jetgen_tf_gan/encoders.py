"""How the particles of a jet speak with each other: layers of a transformer, or a mean field."""

from __future__ import annotations

import torch
from jetgen.torch.nn import masked_mean
from jetgen.torch.nn.adversarial import AdversarialBlock
from jetgen.torch.nn.attention import self_attention
from jetgen.torch.nn.masking import attention_bias
from torch import Tensor, nn
from torch.nn import functional

from jetgen_tf_gan.dropout import KeyedDropout

__all__ = ["MeanField", "Transformer"]


class _Layer(nn.Module):
    """A layer as ``nn.TransformerEncoderLayer``, to the parameter, with scores that may have a bias.

    Dropout acts on what is added and inside the network of a particle, not on the weights of the attention.
    """

    def __init__(self, width: int, hidden: int, heads: int, dropout: float, slope: float, *, norm_first: bool) -> None:
        super().__init__()
        self.heads, self.slope, self.norm_first = heads, slope, norm_first
        self.attend = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.local = nn.Linear(width, hidden)
        self.back = nn.Linear(hidden, width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.drops = nn.ModuleList(KeyedDropout(dropout) for _ in range(3))

    def forward(self, points: Tensor, bias: Tensor, keys: Tensor | None) -> Tensor:
        """Points (B, S, width) after the layer; ``bias`` (B, 1 or heads, S, S) or (B, 1, 1, S) is added to scores."""
        if self.norm_first:
            points = points + self.drops[0](self._attention(self.first(points), bias), keys)
            return points + self._local(self.second(points), keys)
        points = self.first(points + self.drops[0](self._attention(points, bias), keys))
        normed: Tensor = self.second(points + self._local(points, keys))
        return normed

    def _local(self, points: Tensor, keys: Tensor | None) -> Tensor:
        inner = self.drops[1](functional.leaky_relu(self.local(points), self.slope), keys)
        answer: Tensor = self.drops[2](self.back(inner), keys)
        return answer

    def _attention(self, points: Tensor, bias: Tensor) -> Tensor:
        joined: Tensor = self.join(self_attention(self.attend(points), self.heads, bias))
        return joined


class Transformer(nn.Module):
    """Every particle attends to every other; a token attends to all, and all to it.

    Arguments:
        width, hidden, heads: of a layer.
        blocks: how many layers.
        dropout: in each.
        slope: of its LeakyReLU, 0 for ReLU.
        norm_first: norms before attention and network, with one more at the end, instead of after the sums.
    """

    def __init__(
        self, width: int, hidden: int, heads: int, blocks: int, dropout: float, slope: float, *, norm_first: bool
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            _Layer(width, hidden, heads, dropout, slope, norm_first=norm_first) for _ in range(blocks)
        )
        self.last = nn.LayerNorm(width) if norm_first else nn.Identity()

    def forward(
        self,
        points: Tensor,
        token: Tensor | None,
        mask: Tensor,
        known: Tensor,
        pairs: Tensor | None,
        keys: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """The points (B, P, width) and the token (B, width).

        Arguments:
            points: (B, P, width).
            token: (B, width), for the jet as a whole; None if nobody looks at it.
            mask: (B, P), True at points.
            known: (B, C), what is known of the jet; the layers know what is in the points alone.
            pairs: (B, heads, P, P), a bias on the scores.
            keys: int64 (B,), see :class:`jetgen_tf_gan.dropout.KeyedDropout`.
        """
        del known
        if token is not None:
            points = torch.cat([points, token.unsqueeze(1)], 1)
            mask = functional.pad(mask, (0, 1), value=True)
            pairs = None if pairs is None else functional.pad(pairs, (0, 1, 0, 1))
        bias = attention_bias(mask, points.dtype).unsqueeze(1)
        bias = bias if pairs is None else pairs + bias
        for layer in self.layers:
            points = layer(points, bias, keys)
        points = self.last(points)
        return (points, points[:, 0]) if token is None else (points[:, :-1], points[:, -1])


class MeanField(nn.Module):
    """Particles speak through one mean field per jet, at a cost that is linear in their number (arXiv:2305.15254)."""

    def __init__(self, width: int, hidden: int, heads: int, blocks: int, known: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(AdversarialBlock(width, hidden, known, heads) for _ in range(blocks))

    def forward(
        self,
        points: Tensor,
        token: Tensor | None,
        mask: Tensor,
        known: Tensor,
        pairs: Tensor | None,
        keys: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`Transformer.forward`; the token is the mean field, at first the mean of the points beside it."""
        del pairs, keys
        field = masked_mean(points, mask)
        field = field if token is None else field + token
        for block in self.blocks:
            points, field = block(points, field, mask, known)
        return points, field
