"""The energy score of sets: no assignment, and the truth alone minimises it, from one true answer to an event."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["energy_score", "sorted_projections"]

_FLAT = 1e-12  # of a squared distance, whose root has no gradient at 0


def sorted_projections(sets: Tensor, mask: Tensor, directions: Tensor) -> Tensor:
    """(..., P L), the points of each set on L directions, sorted on each: a vector that no order of the points changes.

    Arguments:
        sets: (..., P, F), padded.
        mask: (..., P), True at points.
        directions: (L, F).
    """
    there = mask.unsqueeze(-1)
    values = (sets @ directions.T).masked_fill(~there, torch.inf).sort(-2).values
    # The empty slots are the last ones now as they were before.
    scale = (mask.sum(-1).clamp(min=1) * len(directions)).sqrt()
    return torch.where(there, values, 0.0).flatten(-2) / scale.unsqueeze(-1)


def energy_score(
    made: Tensor, true: Tensor, mask: Tensor, units: Tensor, directions: int, rng: torch.Generator
) -> Tensor:
    """The mean energy score of the answers to each event; a scalar.

    It is E|X - y| - E|X - X'| / 2 with X and X' generated and y true, in the space of sorted projections.

    Arguments:
        made: (m, B, P, F), m answers made to each of B events, each of as many points as the true one.
        true: (B, P, F), padded; points come first.
        mask: (B, P), True at points.
        units: (F,), what a difference of 1 counts.
        directions: how many random ones.
        rng: draws the directions.
    """
    lines = functional.normalize(torch.randn(directions, true.shape[-1], generator=rng, device=true.device), dim=1)
    scale = units.to(true)
    ours = sorted_projections(made * scale, mask.expand(len(made), *mask.shape), lines)
    theirs = sorted_projections(true * scale, mask, lines)
    between = _length(ours - theirs).mean(0)
    draws = len(made)
    within = sum(_length(ours[a] - ours[b]) for a in range(draws) for b in range(a)) * 2 / (draws * (draws - 1))
    return (between - 0.5 * within).mean()


def _length(values: Tensor) -> Tensor:
    return (values.square().sum(-1) + _FLAT).sqrt()
