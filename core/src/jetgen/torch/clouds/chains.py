"""The transforms of :mod:`jetgen.torch.transforms` in torch, differentiable, held inside what can be squared."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from jetgen.torch.transforms import BoxCox, Log, Standardise, Transform

__all__ = ["log_slope", "physical", "standardised"]

# Of jets in units of their momentum and radius; what a network makes at its beginning may be anything.
_FARTHEST = 10.0
_LARGEST_LOG = 2.0
_LARGEST_POWER = 10.0
# What single precision can hold.
_FINITE = 1e30
_FINITE_LOG = 40.0
_SMALLEST = 1e-12


def physical(values: Tensor, chain: Sequence[Transform], *, relative: bool = True) -> Tensor:
    """Standardised values in the units of the data: the inverse of a chain.

    Arguments:
        relative: the units are such that values are of the size of 1; they are then held inside 10.
    """
    farthest, log, power = (
        (_FARTHEST, _LARGEST_LOG, _LARGEST_POWER) if relative else (_FINITE, _FINITE_LOG, _FINITE_LOG)
    )
    for step in reversed(chain):
        if isinstance(step, Standardise):
            values = values * step.scale + step.mean
        elif isinstance(step, Log):
            values = (values.clamp(max=log).exp() - step.offset).clamp(min=0)
        elif isinstance(step, BoxCox):
            logs = values if step.power == 0 else (step.power * values).clamp(min=-1 + 1e-6).log1p() / step.power
            values = (logs.clamp(-40, power).exp() * step.scale - step.offset).clamp(0, farthest)
        else:
            raise _unknown(step)
    return values.clamp(-farthest, farthest)


def standardised(values: Tensor, chain: Sequence[Transform]) -> Tensor:
    """Values in the units of the data as the networks see them."""
    for step in chain:
        if isinstance(step, Standardise):
            values = (values - step.mean) / step.scale
        elif isinstance(step, Log):
            values = _log(values, step)
        elif isinstance(step, BoxCox):
            logs = _log(values, step)
            values = logs if step.power == 0 else torch.expm1(step.power * logs) / step.power
        else:
            raise _unknown(step)
    return values


def log_slope(values: Tensor, chain: Sequence[Transform]) -> Tensor:
    """The logarithm of the derivative of :func:`standardised`, but for a constant."""
    total = torch.zeros_like(values)
    for step in chain:
        if isinstance(step, Log):
            total = -_log(values, step)
        elif isinstance(step, BoxCox):
            total = (step.power - 1) * _log(values, step)
        elif not isinstance(step, Standardise):
            raise _unknown(step)
    return total


def _log(values: Tensor, step: Log | BoxCox) -> Tensor:
    unit = step.scale if isinstance(step, BoxCox) else 1.0
    return ((values.clamp(min=0) + step.offset) / unit).clamp(min=_SMALLEST).log()


def _unknown(step: Transform) -> TypeError:
    return TypeError(f"{type(step).__name__} has no form in torch here")
