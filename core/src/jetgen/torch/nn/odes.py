"""From noise to data and back along a velocity field, with torchdiffeq."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torchdiffeq import odeint

__all__ = ["EVALUATIONS_PER_STEP", "Field", "Solver"]

Field = Callable[[Tensor, Tensor], Tensor]
"""The velocity at a time (a scalar tensor) and a state."""

EVALUATIONS_PER_STEP: Mapping[str, int] = {"euler": 1, "midpoint": 2, "heun": 2, "rk4": 4}
"""How often each method with fixed steps asks for the velocity in a step."""

_NAMES = {"heun": "heun2"}


@dataclass(frozen=True)
class Solver:
    """A method and its number of function evaluations (NFE).

    Arguments:
        method: ``euler``, ``midpoint``, ``heun``, ``rk4`` with equal steps, or ``dopri5``, which chooses its own.
        nfe: evaluations of a method with fixed steps, cut to whole steps, at least one.
        tolerance: relative and absolute error of a step of ``dopri5``.

    >>> solver = Solver("midpoint", 8)
    >>> solver.steps, round(solver.solve(lambda t, x: x, torch.ones(1)).item(), 2)
    (4, 2.69)
    """

    method: str
    nfe: int = 16
    tolerance: float = 1e-3

    @property
    def steps(self) -> int:
        """Equal steps of a fixed method."""
        return max(1, self.nfe // EVALUATIONS_PER_STEP[self.method])

    def solve(self, field: Field, start: Tensor, *, backward: bool = False) -> Tensor:
        """The state at time 1 that ``start`` at time 0 flows to, or the other way round. Only the last state is kept.

        The clouds of one batch share the steps of ``dopri5``; with the other methods each row goes its own way.
        """
        ends = torch.tensor([1.0, 0.0] if backward else [0.0, 1.0], device=start.device)
        if self.method not in EVALUATIONS_PER_STEP:
            answer: Tensor = odeint(field, start, ends, method=self.method, rtol=self.tolerance, atol=self.tolerance)
            return answer[-1]
        grid = torch.linspace(float(ends[0]), float(ends[1]), self.steps + 1, device=start.device)

        def equal_steps(_field: Field, _start: Tensor, _ends: Tensor) -> Tensor:
            return grid

        method = _NAMES.get(self.method, self.method)
        answer = odeint(field, start, ends, method=method, options={"grid_constructor": equal_steps})
        return answer[-1]
