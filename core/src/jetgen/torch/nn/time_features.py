"""The time of a flow as a few smooth numbers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["time_features", "time_width"]


def time_width(frequencies: int) -> int:
    """How many numbers :func:`time_features` makes."""
    return 2 * frequencies + 1


def time_features(times: Tensor, frequencies: int) -> Tensor:
    """The times (B,) in [0, 1] as (B, 2 K + 1): t itself, and cosine and sine of k pi t / 2 for k = 1 to K.

    All frequencies are bounded by K pi / 2, so that a network on top of them is smooth in time: solvers of high order
    profit, and derivatives with respect to time mean something. (Frequencies pi e^k, as in the code of PC-JeDi,
    EPiC-FM and MDMA, reach 1e13 for 32 of them, where cosines of float32 are noise.)

    >>> time_features(torch.tensor([0.0, 1.0]), 1).round(decimals=3).tolist()
    [[0.0, 1.0, 0.0], [1.0, -0.0, 1.0]]
    """
    angles = times.unsqueeze(1) * (0.5 * math.pi * torch.arange(1, frequencies + 1, device=times.device))
    return torch.cat([times.unsqueeze(1), angles.cos(), angles.sin()], 1)
