"""What a flow owes to its generator, and the flow of blocks: normalisation, permutation, coupling."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast

import torch
from nflows.transforms import ActNorm, BatchNorm, ReversePermutation
from torch import Tensor, nn

from jetgen_realnvp_glow.couplings import AffineCoupling, SplineCoupling
from jetgen_realnvp_glow.linear import PLU
from jetgen_realnvp_glow.settings import RealNVPGlowSettings

__all__ = ["BlockFlow", "Flow"]


class Flow(nn.Module, ABC):
    """A density of d numbers, given c numbers of a conditioning (c may be 0)."""

    @abstractmethod
    def encode(self, values: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The normal numbers (N, d) that values (N, d) came from, and log |det| (N,)."""

    @abstractmethod
    def invert(self, noise: Tensor, context: Tensor) -> Tensor:
        """The values (N, d) of normal numbers, as precise as they are."""

    def log_prob(self, values: Tensor, context: Tensor) -> Tensor:
        """The logarithm of the density (N,)."""
        noise, log_det = self.encode(values, context)
        return log_det - 0.5 * (noise**2 + math.log(2 * math.pi)).sum(1)

    def decode(self, noise: Tensor, context: Tensor) -> tuple[Tensor, int]:
        """Finite values (N, d) of normal numbers, and how many rows took double precision."""
        values = self.invert(noise, context)
        bad = ~torch.isfinite(values).all(1)
        if bad.any():
            precise = copy.deepcopy(self).double()
            values[bad] = precise.invert(noise[bad].double(), context[bad].double()).to(values)
        return torch.nan_to_num(values), int(bad.sum())


class BlockFlow(Flow):
    """Blocks of normalisation (that of nflows), permutation and coupling.

    Arguments:
        settings: how many, and which.
        size: d.
        context: c.
    """

    def __init__(self, settings: RealNVPGlowSettings, size: int, context: int) -> None:
        super().__init__()
        self.transforms = nn.ModuleList(
            transform for i in range(settings.couplings) for transform in _block(settings, size, context, parity=i % 2)
        )

    def encode(self, values: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        total = values.new_zeros(len(values))
        for transform in self.transforms:
            values, log_det = transform(values, context)
            total = total + log_det
        return values, total

    def invert(self, noise: Tensor, context: Tensor) -> Tensor:
        for transform in reversed(self.transforms):
            noise, _ = cast("Any", transform).inverse(noise, context)
        return noise


def _block(settings: RealNVPGlowSettings, size: int, context: int, *, parity: int) -> Iterator[nn.Module]:
    if settings.normalisation != "none":
        yield {"batch": BatchNorm, "act": ActNorm}[settings.normalisation](size)
    if settings.permutation == "lu":
        yield PLU(size)
    elif settings.permutation == "reverse":
        yield ReversePermutation(size)
    cut, checkered = size // 2, settings.permutation == "checkerboard"
    kept, changed = (
        (slice(1 - parity, None, 2), slice(parity, None, 2)) if checkered else (slice(cut), slice(cut, None))
    )
    sizes = (len(range(size)[kept]) + context, len(range(size)[changed]))
    hidden, dropout = settings.hidden, settings.dropout
    if settings.transformer == "affine":
        networks, limit = settings.networks, settings.scale_limit
        yield AffineCoupling(kept, changed, sizes, networks=networks, hidden=hidden, dropout=dropout, scale_limit=limit)
    else:
        bins, tail = settings.bins, settings.tail
        yield SplineCoupling(kept, changed, sizes, hidden=hidden, dropout=dropout, bins=bins, tail=tail)
