"""Steps of flow matching on straight paths."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mdma_bench.evaluate import Evaluate

__all__ = ["Training"]


class Training:
    """The published recipe: AdamW with decay 0.01, gradients clipped at 0.5.

    Arguments:
        module: what is trained; ``evaluate`` calls it.
        over_padding: take the loss as the mean over all slots, as published, and not over the particles.
    """

    def __init__(self, module: nn.Module, evaluate: Evaluate, *, over_padding: bool, seed: int = 0) -> None:
        self._module, self._evaluate, self._over_padding = module, evaluate, over_padding
        self._optimiser = torch.optim.AdamW(module.parameters(), lr=1e-4, weight_decay=0.01)
        self._draws = torch.Generator().manual_seed(seed)

    def step(self, points: Tensor, mask: Tensor) -> float:
        """One update on padded clouds; the loss before it."""
        noise = torch.randn(points.shape, generator=self._draws) * mask[..., None]
        t = torch.rand(len(points), generator=self._draws)
        at = t[:, None, None]
        velocity = self._evaluate((1 - at) * noise + at * points, mask, t)
        terms = mask.numel() if self._over_padding else mask.sum()
        loss = (velocity - (points - noise)).square().sum() / (terms * points.shape[-1])
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self._module.parameters(), 0.5)
        self._optimiser.step()
        return loss.item()
