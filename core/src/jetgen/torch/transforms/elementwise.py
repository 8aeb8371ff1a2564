"""Increasing functions of one feature, fitted on its training values, for NumPy arrays and torch tensors alike.

All of them work elementwise on any shape, keep the precision of what they are given, and know log |dy/dx|, so that a
density of transformed values becomes a density in the units of the data. On tensors they are differentiable. A value
outside the domain of a transform is moved to the edge of the domain: nothing here returns an infinity or a NaN for
finite input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "Array",
    "BoxCox",
    "Float64",
    "Log",
    "Logit",
    "MinMax",
    "Standardise",
    "Transform",
    "call",
    "clip",
    "namespace",
]

Float64 = NDArray[np.float64]

Array = TypeVar("Array", Float64, Tensor)
"""A NumPy array or a torch tensor; what comes out is of the kind that went in."""

_LARGEST_LOG = 87.0
"""exp of it is near the largest number of single precision."""


class Transform(Protocol):
    """An increasing function of one feature. Implementations are frozen dataclasses of plain numbers."""

    @classmethod
    def fit(cls, values: Float64) -> Self:
        """The transform that suits these training values."""
        ...

    def forward(self, x: Array) -> Array:
        """From the units of the data."""
        ...

    def inverse(self, y: Array, largest_log: float = _LARGEST_LOG) -> Array:
        """Back to the units of the data; no logarithm of a value exceeds ``largest_log`` on the way."""
        ...

    def log_slope(self, x: Array) -> Array:
        """The logarithm of dy/dx at each ``x``."""
        ...


@dataclass(frozen=True)
class Standardise:
    """Mean 0 and variance 1. A constant feature keeps scale 1."""

    mean: float
    scale: float

    @classmethod
    def fit(cls, values: Float64) -> Self:
        mean, scale = float(values.mean()), float(values.std())
        # Rounding gives constants a standard deviation of about 1e-16 of their size: that is no scale.
        return cls(mean, scale if scale > 1e-12 * abs(mean) else 1.0)

    def forward(self, x: Array) -> Array:
        return (x - self.mean) / self.scale

    def inverse(self, y: Array, largest_log: float = _LARGEST_LOG) -> Array:
        del largest_log
        return y * self.scale + self.mean

    def log_slope(self, x: Array) -> Array:
        return _constant(x, -math.log(self.scale))


@dataclass(frozen=True)
class MinMax:
    """The training range onto [0, 1]; values beyond the range go beyond [0, 1]. A constant keeps scale 1."""

    low: float
    width: float

    @classmethod
    def fit(cls, values: Float64) -> Self:
        low, width = float(values.min()), float(np.ptp(values))
        return cls(low, width if width > 1e-12 * abs(low) else 1.0)

    def forward(self, x: Array) -> Array:
        return (x - self.low) / self.width

    def inverse(self, y: Array, largest_log: float = _LARGEST_LOG) -> Array:
        del largest_log
        return y * self.width + self.low

    def log_slope(self, x: Array) -> Array:
        return _constant(x, -math.log(self.width))


@dataclass(frozen=True)
class Log:
    """log(x + offset) for x >= 0, with an offset far below the smallest positive training value."""

    offset: float

    @classmethod
    def fit(cls, values: Float64) -> Self:
        return cls(_small_offset(values))

    def forward(self, x: Array) -> Array:
        return call("log", clip(x, 0, None) + self.offset)

    def inverse(self, y: Array, largest_log: float = _LARGEST_LOG) -> Array:
        return clip(_exp(y, largest_log) - self.offset, 0, None)

    def log_slope(self, x: Array) -> Array:
        return -self.forward(x)


@dataclass(frozen=True)
class BoxCox:
    """((u^power - 1) / power) with u = (x + offset) / scale for x >= 0; the power makes training values most normal."""

    power: float
    offset: float
    scale: float

    @classmethod
    def fit(cls, values: Float64) -> Self:
        offset = _small_offset(values)
        logs = np.log(np.maximum(values, 0) + offset)
        # With the geometric mean as scale the profile likelihood of the power is that of the variance alone.
        centred = logs - logs.mean()
        grid = np.linspace(-1, 2, 301)
        variances = [_power_of_exp(centred, power).var() for power in grid]
        # Of a constant every power is as good: the plain logarithm, then.
        power = float(grid[int(np.argmin(variances))]) if np.ptp(centred) > 1e-12 else 0.0
        return cls(round(power, 6), offset, float(np.exp(logs.mean())))

    def forward(self, x: Array) -> Array:
        return _power_of_exp(self._log(x), self.power)

    def inverse(self, y: Array, largest_log: float = _LARGEST_LOG) -> Array:
        # Of a negative power the curve ends at a finite y; beyond it there is no x.
        end = -1 + 8 * float(namespace(y).finfo(y.dtype).eps)
        logs = y if self.power == 0 else call("log1p", clip(self.power * y, end, None)) / self.power
        return clip(_exp(logs, largest_log - math.log(self.scale)) * self.scale - self.offset, 0, None)

    def log_slope(self, x: Array) -> Array:
        return (self.power - 1) * self._log(x) - math.log(self.scale)

    def _log(self, x: Array) -> Array:
        return call("log", (clip(x, 0, None) + self.offset) / self.scale)


@dataclass(frozen=True)
class Logit:
    """The range [low, low + width] onto the real line, shrunk a little first so that edges stay finite."""

    low: float
    width: float
    shrink: ClassVar[float] = 1e-6

    @classmethod
    def fit(cls, values: Float64) -> Self:
        span = MinMax.fit(values)
        return cls(span.low, span.width)

    def forward(self, x: Array) -> Array:
        unit = self._unit(x)
        return call("log", unit) - call("log1p", -unit)

    def inverse(self, y: Array, largest_log: float = _LARGEST_LOG) -> Array:
        del largest_log
        # The sigmoid is undone first and the shrinking second: the other order cannot reach the edges.
        unit = 0.5 * (1 + call("tanh", y / 2))
        return self.low + self.width * clip((unit - self.shrink / 2) / (1 - self.shrink), 0, 1)

    def log_slope(self, x: Array) -> Array:
        unit = self._unit(x)
        return math.log1p(-self.shrink) - math.log(self.width) - call("log", unit) - call("log1p", -unit)

    def _unit(self, x: Array) -> Array:
        return self.shrink / 2 + (1 - self.shrink) * clip((x - self.low) / self.width, 0, 1)


def namespace(x: Any) -> Any:
    """The library that ``x`` belongs to: NumPy and torch give the functions used here the same names."""
    return torch if isinstance(x, Tensor) else np


def call(function: str, x: Array) -> Array:
    """A function that both libraries have, such as ``log``."""
    answer: Array = getattr(namespace(x), function)(x)
    return answer


def clip(x: Array, low: float | None, high: float | None) -> Array:
    """``x`` held in a range that may be open on one side."""
    answer: Array = namespace(x).clip(x, low, high)
    return answer


def _constant(x: Array, value: float) -> Array:
    answer: Array = namespace(x).full_like(x, value)
    return answer


def _exp(logs: Array, largest: float) -> Array:
    """exp, held inside what can be computed with: the output of a model may be wild."""
    return call("exp", clip(logs, -_LARGEST_LOG, largest))


def _small_offset(values: Float64) -> float:
    """A thousandth of the smallest positive value: zero is legal, and nothing else notices."""
    positive = values[values > 0]
    return 1e-3 * float(positive.min()) if len(positive) else 1.0


def _power_of_exp(logs: Array, power: float) -> Array:
    """(e^(power·logs) - 1) / power, with its limit at power 0."""
    return logs if power == 0 else call("expm1", power * logs) / power
