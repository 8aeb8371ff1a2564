"""A flow in a few jumps: what a network for the mean velocity between two times is taught, and the jumps themselves."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

__all__ = ["TARGETS", "Jumps", "MeanVelocity", "Path"]

MeanVelocity = Callable[[Tensor, Tensor, Tensor], Tensor]
"""u(x, t, s): the mean velocity (B, ...) on the way of x (B, ...) from its time t (B,) to the later time s (B,).

x + (s - t) u(x, t, s) is the map of the flow; u(x, t, t) is its velocity.
"""


@dataclass(frozen=True)
class Path:
    """Rows on their way from noise, at time 0, to data, at time 1.

    Arguments:
        state: (B, ...), where they are.
        start: (B,), when that is.
        end: (B,), until when the mean of the velocity is asked for; not before ``start``.
        velocity: (B, ...), of the straight path that the state is on.
    """

    state: Tensor
    start: Tensor
    end: Tensor
    velocity: Tensor

    def __getitem__(self, rows: Tensor) -> Path:
        return Path(self.state[rows], self.start[rows], self.end[rows], self.velocity[rows])

    def after(self, part: float, velocity: Tensor) -> tuple[Tensor, Tensor]:
        """Where rows are after this ``part`` of their way at ``velocity``, and when."""
        then = self.start + part * (self.end - self.start)
        return self.state + _beside(then - self.start, self.state) * velocity, then


@dataclass(frozen=True)
class Jumps:
    """The map of a flow, in ``nfe`` equal jumps of one evaluation each."""

    nfe: int

    def solve(self, u: MeanVelocity, start: Tensor) -> Tensor:
        """The state at time 1 that ``start`` (B, ...) at time 0 is moved to."""
        state, times = start, torch.linspace(0, 1, self.nfe + 1, dtype=start.dtype, device=start.device)
        for now, then in pairwise(times):
            state = state + (then - now) * u(state, now.expand(len(start)), then.expand(len(start)))
        return state


def _alpha(u: MeanVelocity, path: Path, alpha: float) -> Tensor:
    """alpha-Flow (arXiv:2510.20771), and SoFlow (arXiv:2512.15657), which has the same target.

    A part ``alpha`` of the way goes along the straight path, the rest is what ``u`` says now. At alpha = 1 it is the
    velocity. With alpha to 0 the gradient of the squared error becomes alpha times that of MeanFlow.
    """
    there, then = path.after(alpha, path.velocity)
    return alpha * path.velocity + (1 - alpha) * u(there, then, path.end)


def _mean(u: MeanVelocity, path: Path, alpha: float) -> Tensor:
    """MeanFlow (arXiv:2505.13447): the velocity and the slope of u along the path, by a forward derivative."""
    del alpha
    at, moving = (path.state, path.start, path.end), (path.velocity, torch.ones_like(path.start))
    with warnings.catch_warnings():
        # The first derivative of a process makes torch call what torch itself has deprecated.
        warnings.filterwarnings("ignore", "`torch.jit.script", DeprecationWarning)
        slope: Tensor = torch.func.jvp(u, at, (*moving, torch.zeros_like(path.end)))[1]
    return path.velocity + _beside(path.end - path.start, slope) * slope


def _shortcut(u: MeanVelocity, path: Path, alpha: float) -> Tensor:
    """Shortcut models (arXiv:2410.12557): the mean of two jumps of half the way."""
    del alpha
    middle = path.start + 0.5 * (path.end - path.start)
    first = u(path.state, path.start, middle)
    there, then = path.after(0.5, first)
    return 0.5 * (first + u(there, then, path.end))


TARGETS: Mapping[str, Callable[[MeanVelocity, Path, float], Tensor]] = {
    "alpha": _alpha,
    "mean": _mean,
    "shortcut": _shortcut,
}
"""What u(x, t, s) of a path is taught to be, from u as it is (no gradient should pass) and a part alpha in (0, 1]."""


def _beside(times: Tensor, values: Tensor) -> Tensor:
    """Times (B,) in a shape that multiplies values (B, ...)."""
    return times.view(-1, *[1] * (values.ndim - 1))
