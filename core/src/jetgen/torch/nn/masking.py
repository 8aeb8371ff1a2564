"""Means and attention over the points of a cloud that are there; empty slots never count."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["attention_bias", "masked_mean", "masked_sum"]

# Larger than every score, and finite in half precision too: of a cloud without points the softmax is uniform, not NaN.
_NEVER = 1e4


def masked_sum(points: Tensor, mask: Tensor) -> Tensor:
    """The sum (B, L) of ``points`` (B, P, L) over the slots where ``mask`` (B, P) is True."""
    return (mask.to(points.dtype).unsqueeze(1) @ points).squeeze(1)


def masked_mean(points: Tensor, mask: Tensor) -> Tensor:
    """The mean (B, L) of ``points`` (B, P, L) where ``mask`` (B, P) is True; 0 for a cloud without points."""
    return masked_sum(points, mask) / mask.sum(1, keepdim=True).clamp(min=1)


def attention_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """What to add to scores (B, H, P) so that a softmax gives no weight where ``mask`` (B, P) is False: (B, 1, P)."""
    return (mask.to(dtype) - 1).mul(_NEVER).unsqueeze(1)
