"""Dropout that may stay when jets are generated, and is then a function of a key of the jet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["KeyedDropout", "cloud_keys"]

# Odd numbers and shifts of the finaliser of MurmurHash3, as signed 64-bit integers.
_FIRST, _SECOND = -0x00AE502812AA7333, -0x3B314601E57A13AD
_STEP = -0x61C8864680B583EB
_SLOTS = 2**16
_BITS = 24


class KeyedDropout(nn.Module):
    """Zeros some numbers of each particle, and lengthens the others.

    While training chance decides, as in ``nn.Dropout``. In evaluation nothing happens without keys. With keys int64
    (B,) the zeros of a jet depend on its key, the slot and the number alone: not on the other jets of the batch, nor on
    how many slots there are.

    Arguments:
        p: the part that is zeroed.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p, self.place = p, 0

    def forward(self, values: Tensor, keys: Tensor | None = None) -> Tensor:
        """``values`` (B, S, D) with zeros."""
        if self.training or not self.p or keys is None:
            return functional.dropout(values, self.p, self.training)
        slots, width = values.shape[1:]
        slot = torch.arange(slots, device=values.device).unsqueeze(1) * _SLOTS
        number = slot + torch.arange(width, device=values.device) + self.place * _SLOTS * _SLOTS
        kept: Tensor = _uniform(keys.view(-1, 1, 1) + _mixed(number * _STEP)) >= self.p
        dropped: Tensor = values * kept.to(values.dtype) / (1 - self.p)
        return dropped

    @staticmethod
    def enumerate(module: nn.Module) -> None:
        """Give each dropout of a module a place of its own, so that no two have the same zeros."""
        found = [one for one in module.modules() if isinstance(one, KeyedDropout)]
        for place, one in enumerate(found, start=1):
            one.place = place


def cloud_keys(n: int, seed: int) -> Tensor:
    """int64 (n,), a key for each jet; that of jet i depends on ``seed`` and i alone."""
    return _mixed(torch.arange(1, n + 1) * _STEP + seed)


def _mixed(numbers: Tensor) -> Tensor:
    for factor in (_FIRST, _SECOND):
        numbers = (numbers ^ ((numbers >> 33) & 0x7FFFFFFF)) * factor
    mixed: Tensor = numbers ^ ((numbers >> 33) & 0x7FFFFFFF)
    return mixed


def _uniform(numbers: Tensor) -> Tensor:
    """Numbers in [0, 1) from the low bits of the mixed integers."""
    uniform: Tensor = (_mixed(numbers) & (2**_BITS - 1)).to(torch.float32) / 2**_BITS
    return uniform
