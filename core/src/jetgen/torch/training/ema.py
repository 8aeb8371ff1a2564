"""The exponential moving average of a module's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

__all__ = ["EMA", "copy_into", "snapshot"]


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    """A copy of the parameters and buffers."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


@torch.no_grad()
def copy_into(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Overwrite parameters and buffers in place, bit by bit."""
    for name, tensor in module.state_dict().items():
        tensor.copy_(tensors[name])


class EMA:
    """Weights that follow a module's own with a memory of about ``1 / (1 - decay)`` steps.

    The decay rises from 0.1 in the first steps, so that the random initial weights are soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = module
        self.decay = decay
        self.tensors = snapshot(module)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the module's weights after step number ``step``, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        live = self.module.state_dict()
        floats = [name for name, tensor in live.items() if tensor.is_floating_point()]
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it without types
        average([self.tensors[name] for name in floats], [live[name] for name in floats], 0)
        for name in live.keys() - floats:
            self.tensors[name].copy_(live[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the block the module has the average weights; after it, its own again."""
        own = snapshot(self.module)
        copy_into(self.module, self.tensors)
        try:
            yield
        finally:
            copy_into(self.module, own)
