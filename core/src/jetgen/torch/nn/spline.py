"""The monotone rational-quadratic spline of arXiv:1906.04032, elementwise, without branches and with soft limits.

Bins come first in the shape of the raw numbers, so that each step below works on whole planes of memory. Measured
against nflows and zuko in ``benchmarks/flows.py``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 (as everywhere)
from torch import Tensor, nn

__all__ = ["spline", "spline_size", "transposed_linear"]

_SLOPE = 1e-3


def spline_size(bins: int) -> int:
    """How many raw numbers describe one spline: widths, heights, and slopes at the inner knots."""
    return 3 * bins - 1


def transposed_linear(layer: nn.Linear, values: Tensor) -> Tensor:
    """What a linear layer makes of rows (N, d), as columns (out, N): the planes of a spline, without copying them."""
    return torch.addmm(layer.bias[:, None], layer.weight, values.T)


class _Bin(NamedTuple):
    """The bin that each value falls into: left and lower edge, width and height, slopes at both ends."""

    x: Tensor
    y: Tensor
    dx: Tensor
    dy: Tensor
    left: Tensor
    right: Tensor


def spline(values: Tensor, raw: Tensor, bound: float, *, inverse: bool = False) -> tuple[Tensor, Tensor]:
    """Values through the spline (or back), and log |d out / d in|; the identity outside ``[-bound, bound]``.

    Arguments:
        values: of any shape.
        raw: 3K - 1 planes of that shape, any real numbers; zeros give the identity.
        bound: of the interval that the K bins fill.
    """
    inside = values.abs() < bound
    # Held before and selected after: no value outside can make an infinity whose gradient is NaN.
    held = torch.where(inside, values, 0.0)
    at = _locate(held, raw, bound, inverse=inverse)
    mean = at.dy / at.dx
    bend = at.left + at.right - 2 * mean
    z = _solve(held, at, mean, bend) if inverse else (held - at.x) / at.dx
    rest = 1 - z
    hump = z * rest
    below = mean + bend * hump
    out = at.x + z * at.dx if inverse else at.y + at.dy * (mean * z * z + at.left * hump) / below
    log_slope = ((mean / below) ** 2 * (2 * mean * hump + at.left * rest * rest + at.right * z * z)).log()
    return torch.where(inside, out, values), torch.where(inside, -log_slope if inverse else log_slope, 0.0)


def _limited(raw: Tensor) -> Tensor:
    """A soft limit: bins and slopes differ by no more than a factor that float32 can invert."""
    return raw / raw.abs().mul_(-2 / math.log(_SLOPE)).add_(1)


def _locate(held: Tensor, raw: Tensor, bound: float, *, inverse: bool) -> _Bin:
    bins = (len(raw) + 1) // 3
    # Widths and heights together (2, K, ...), not yet normalised: only those of one bin are divided by their sum.
    sizes = _limited(raw[: 2 * bins]).exp_().view(2, bins, *held.shape)
    ends = sizes.cumsum(1)
    scale = ends[:, -1] / (2 * bound)
    with torch.no_grad():
        axis = int(inverse)
        index = ((held + bound) * scale[axis] >= ends[axis, :-1]).sum(0, keepdim=True)
        both = index.expand(2, *index.shape)
    size = sizes.gather(1, both)[:, 0] / scale
    start = ends.gather(1, both)[:, 0] / scale - size - bound
    slopes = F.pad(raw[2 * bins :], [0, 0] * held.ndim + [1, 1])  # zeros: slope 1 at both ends
    left, right = _limited(torch.cat([slopes.gather(0, index), slopes.gather(0, index + 1)])).exp()
    return _Bin(start[0], start[1], size[0], size[1], left, right)


def _solve(held: Tensor, at: _Bin, mean: Tensor, bend: Tensor) -> Tensor:
    """The place inside the bin where the spline takes the value: the stable root of a quadratic equation."""
    rise = held - at.y
    a, b, c = at.dy * (mean - at.left) + rise * bend, at.dy * at.left - rise * bend, -mean * rise
    # Rounding can push the discriminant below 0 where it is 0.
    return (2 * c / (-b - (b * b - 4 * a * c).clamp(min=0).sqrt())).clamp(0, 1)
