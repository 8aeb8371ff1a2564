"""The density of what a velocity field makes of normal noise (arXiv:1806.07366), its trace exact or by Hutchinson."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jetgen.torch.nn.odes import Field, Solver
from torch import Tensor

__all__ = ["exact_trace", "hutchinson_trace", "log_density", "log_normal"]

Trace = Callable[[Field, Tensor, Tensor], tuple[Tensor, Tensor]]
"""Of a field, a time and a state: the velocity, and for each row the trace of its derivative."""


def log_normal(values: Tensor, present: Tensor | None = None) -> Tensor:
    """The logarithm (B,) of the standard normal density of each row, of the numbers that are ``present``."""
    terms = -0.5 * (values.square() + math.log(2 * math.pi))
    return (terms if present is None else terms * present).flatten(1).sum(1)


def exact_trace(field: Field, time: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """For states (B, D) of few numbers: one backward pass for each."""
    with torch.enable_grad():
        state = state.detach().requires_grad_(True)  # noqa: FBT003 (torch's own signature)
        velocity = field(time, state)
        trace = torch.zeros(len(state), device=state.device)
        for i in range(state.shape[1]):
            (gradient,) = torch.autograd.grad(velocity[:, i].sum(), state, retain_graph=True)
            trace = trace + gradient[:, i]
    return velocity.detach(), trace.detach()


def hutchinson_trace(probe: Tensor) -> Trace:
    """An unbiased estimate with one backward pass: probe · J probe, for random signs (arXiv:1810.01367)."""

    def trace(field: Field, time: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            state = state.detach().requires_grad_(True)  # noqa: FBT003 (torch's own signature)
            velocity = field(time, state)
            (product,) = torch.autograd.grad((velocity * probe).sum(), state)
        return velocity.detach(), (product * probe).flatten(1).sum(1)

    return trace


def log_density(field: Field, state: Tensor, solver: Solver, trace: Trace, present: Tensor | None = None) -> Tensor:
    """The logarithm (B,) of the density of ``state`` (B, ...) at time 1, when at time 0 it is standard normal.

    Arguments:
        field: the velocity; rows do not see each other, and numbers that are not ``present`` do not move.
        present: which numbers of a row are there; all by default.
    """
    rows, numbers = len(state), state[0].numel()

    def moved(time: Tensor, joint: Tensor) -> Tensor:
        velocity, growth = trace(field, time, joint[:, :numbers].view(state.shape))
        return torch.cat([velocity.reshape(rows, -1), growth.unsqueeze(1)], 1)

    joint = torch.cat([state.reshape(rows, -1), state.new_zeros(rows, 1)], 1)
    answer = solver.solve(moved, joint, backward=True)
    # The integral of the trace, run backward, is minus what the way forward adds.
    return log_normal(answer[:, :numbers].view(state.shape), present) + answer[:, numbers]
