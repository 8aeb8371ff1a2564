"""Increasing functions of one feature, fitted on its training values.

All of them compute in float64 whatever they are given, work elementwise on arrays of any shape, and know log |dy/dx|,
so that a density of transformed values becomes a density in the units of the data. A value outside the domain of a
transform is moved to the edge of the domain: nothing here returns an infinity or a NaN for finite input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoxCox", "Float64", "Log", "Logit", "MinMax", "Standardise", "Transform"]

Float64 = NDArray[np.float64]


class Transform(Protocol):
    """An increasing function of one feature. Implementations are frozen dataclasses of plain numbers."""

    @classmethod
    def fit(cls, values: Float64) -> Self:
        """The transform that suits these training values."""
        ...

    def forward(self, x: Float64) -> Float64:
        """From the units of the data."""
        ...

    def inverse(self, y: Float64) -> Float64:
        """Back to the units of the data."""
        ...

    def log_slope(self, x: Float64) -> Float64:
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

    def forward(self, x: Float64) -> Float64:
        return (x - self.mean) / self.scale

    def inverse(self, y: Float64) -> Float64:
        return y * self.scale + self.mean

    def log_slope(self, x: Float64) -> Float64:
        return np.full_like(x, -np.log(self.scale))


@dataclass(frozen=True)
class MinMax:
    """The training range onto [0, 1]; values beyond the range go beyond [0, 1]. A constant keeps scale 1."""

    low: float
    width: float

    @classmethod
    def fit(cls, values: Float64) -> Self:
        low, width = float(values.min()), float(np.ptp(values))
        return cls(low, width if width > 1e-12 * abs(low) else 1.0)

    def forward(self, x: Float64) -> Float64:
        return (x - self.low) / self.width

    def inverse(self, y: Float64) -> Float64:
        return y * self.width + self.low

    def log_slope(self, x: Float64) -> Float64:
        return np.full_like(x, -np.log(self.width))


@dataclass(frozen=True)
class Log:
    """log(x + offset) for x >= 0, with an offset far below the smallest positive training value."""

    offset: float

    @classmethod
    def fit(cls, values: Float64) -> Self:
        return cls(_small_offset(values))

    def forward(self, x: Float64) -> Float64:
        return np.asarray(np.log(np.maximum(x, 0) + self.offset))

    def inverse(self, y: Float64) -> Float64:
        return np.maximum(_safe_exp(y) - self.offset, 0)

    def log_slope(self, x: Float64) -> Float64:
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

    def forward(self, x: Float64) -> Float64:
        return _power_of_exp(np.log((np.maximum(x, 0) + self.offset) / self.scale), self.power)

    def inverse(self, y: Float64) -> Float64:
        logs = y if self.power == 0 else np.log1p(np.maximum(self.power * y, -1 + 1e-15)) / self.power
        return np.maximum(_safe_exp(logs) * self.scale - self.offset, 0)

    def log_slope(self, x: Float64) -> Float64:
        logs = np.log((np.maximum(x, 0) + self.offset) / self.scale)
        return np.asarray((self.power - 1) * logs - np.log(self.scale))


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

    def _unit(self, x: Float64) -> Float64:
        return self.shrink / 2 + (1 - self.shrink) * np.clip((x - self.low) / self.width, 0, 1)

    def forward(self, x: Float64) -> Float64:
        unit = self._unit(x)
        return np.asarray(np.log(unit) - np.log1p(-unit))

    def inverse(self, y: Float64) -> Float64:
        # The sigmoid is undone first and the shrinking second: the other order cannot reach the edges.
        unit = 0.5 * (1 + np.tanh(y / 2))
        return self.low + self.width * np.clip((unit - self.shrink / 2) / (1 - self.shrink), 0, 1)

    def log_slope(self, x: Float64) -> Float64:
        unit = self._unit(x)
        return np.asarray(np.log1p(-self.shrink) - np.log(self.width) - np.log(unit) - np.log1p(-unit))


def _small_offset(values: Float64) -> float:
    """A thousandth of the smallest positive value: zero is legal, and nothing else notices."""
    positive = values[values > 0]
    return 1e-3 * float(positive.min()) if len(positive) else 1.0


def _safe_exp(logs: Float64) -> Float64:
    """exp, held inside what a float32 can carry: model output may be wild."""
    return np.asarray(np.exp(np.clip(logs, -87, 87)))


def _power_of_exp(logs: Float64, power: float) -> Float64:
    """(e^(power·logs) - 1) / power, with its limit at power 0."""
    return logs if power == 0 else np.asarray(np.expm1(power * logs) / power)
