"""The block of the adversarial MDMA, for generator and critic: points that speak through one mean field per cloud."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from jetgen.torch.nn.attention import MeanFieldAttention
from jetgen.torch.nn.normalised import Norm, constrain, linear

__all__ = ["AdversarialBlock"]


class AdversarialBlock(nn.Module):
    r"""Points and mean field speak with each other once, as in the adversarial MDMA (arXiv:2305.15254, 2408.04997).

    For points :math:`x_i`, mean field :math:`\bar x` and conditioning c

    .. math:: y_i = W_0 \sigma(x_i),\quad a = \mathrm{MHA}(\mathrm{LN}(W_0 \sigma(\bar x)); y, y),\quad b = W_c [a, c],
              \quad x_i \leftarrow x_i + W_1 [y_i, b],\quad \bar x \leftarrow \sigma(W_2 b)

    Unlike :class:`jetgen.torch.nn.MeanFieldBlock` it tells the points what was pooled at the full width ``hidden``,
    and the mean field passes through a non-linearity. As there no :math:`y_i` is ever made: what stands between
    :math:`\sigma(x_i)` and the results is linear. The cost per point is width² + 2 width heads products.

    Arguments:
        width: of the points and of the mean field.
        hidden: of y, of the attention and of b.
        conditioning: of c; 0 for none.
        heads: of the attention; ``hidden`` is a multiple.
        gated: multiply a with a sigmoid of c first, as showers of very different energies ask for.
        norm: of the linear maps. With ``rows`` those of the attention are free, as in the published critic.
    """

    def __init__(
        self, width: int, hidden: int, conditioning: int, heads: int, *, gated: bool = False, norm: Norm = "none"
    ) -> None:
        super().__init__()
        self.biased = norm != "rows"
        self.local = linear(width, hidden, norm)
        self.norm = nn.LayerNorm(hidden)
        self.attention = MeanFieldAttention(hidden, heads)
        if norm == "spectral":
            for part in (self.attention.query, self.attention.key, self.attention.value, self.attention.out):
                constrain(part, norm)
        self.gate = linear(conditioning, hidden, norm) if gated and conditioning else None
        self.gather = linear(hidden + conditioning, hidden, norm)
        self.back = linear(2 * hidden, width, norm)
        self.field = linear(hidden, width, norm)

    def forward(self, points: Tensor, field: Tensor, mask: Tensor, conditioning: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, P, width) and mean field (B, width) after the block; ``mask`` (B, P) is True at points."""
        inner = functional.leaky_relu(points)
        lift, shift = self.local.weight, self.local.bias
        query = self.norm(functional.linear(functional.leaky_relu(field), lift, shift))
        pooled = self.attention(query, inner, mask, lift, shift.unsqueeze(0) if self.biased else None)
        if self.gate is not None:
            pooled = pooled * self.gate(conditioning).sigmoid()
        pooled = self.gather(torch.cat([pooled, conditioning], 1))
        to_self, to_others = self.back.weight.chunk(2, 1)
        update = functional.linear(pooled, to_others, self.back.bias)
        if self.biased:
            update = update + to_self @ shift
        size, slots, width = points.shape
        moved = torch.addmm(points.reshape(-1, width), inner.reshape(-1, width), (to_self @ lift).t())
        moved = moved.view(size, slots, width).add_(update.unsqueeze(1))
        return moved, functional.leaky_relu(self.field(pooled))
