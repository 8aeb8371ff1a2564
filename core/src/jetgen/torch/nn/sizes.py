"""The number of points of a cloud, as numbers for a network."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["size_numbers"]


def size_numbers(multiplicity: Tensor, largest: int) -> Tensor:
    """Two numbers (B, 2) of the size of 1 for the multiplicities (B,), one linear and one logarithmic.

    >>> size_numbers(torch.tensor([15, 30]), 30)
    tensor([[ 0.0000, -0.6931],
            [ 1.0000,  0.0000]])
    """
    part = multiplicity.to(torch.float32) / largest
    return torch.stack([2 * part - 1, part.clamp(min=0.5 / largest).log()], 1)
