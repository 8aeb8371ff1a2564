"""Which particles have a point, each with a chance of its own: how many there are, and which, given how many."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["chosen", "size_probabilities"]

_SURE = 1e-6  # no chance is nearer to 0 or 1, so that every number of points is possible


def size_probabilities(chance: Tensor, present: Tensor) -> Tensor:
    """float64 (B, T + 1), the probability of 0, 1, ..., T points.

    Arguments:
        chance: (B, T), of each particle.
        present: (B, T), True at particles.

    >>> size_probabilities(torch.tensor([[0.5, 0.5, 0.9]]), torch.tensor([[True, True, False]])).round(decimals=4)
    tensor([[0.2500, 0.5000, 0.2500, 0.0000]], dtype=torch.float64)
    """
    return _of_the_rest(_held(chance, present))[0]


def chosen(chance: Tensor, present: Tensor, sizes: Tensor, levels: Tensor) -> Tensor:
    """Which particles (B, T) are chosen: as many as ``sizes`` (B,) says, drawn as independent chances would give them.

    Arguments:
        chance: (B, T), of each particle.
        present: (B, T), True at particles; there are at least as many as asked for.
        sizes: (B,), how many are chosen.
        levels: (B, T), uniform random numbers.

    >>> one, all_three = torch.tensor([[0.0, 1.0, 0.0]]), torch.ones(1, 3, dtype=torch.bool)
    >>> chosen(one, all_three, torch.tensor([1]), torch.full((1, 3), 0.5))
    tensor([[False,  True, False]])
    """
    held = _held(chance, present)
    rest, left, found = _of_the_rest(held), sizes.clone(), []
    for i in range(held.shape[1]):
        if_found = held[:, i] * rest[i + 1].gather(1, (left - 1).clamp(min=0)[:, None]).squeeze(1) * (left > 0)
        if_not = (1 - held[:, i]) * rest[i + 1].gather(1, left[:, None]).squeeze(1)
        one = levels[:, i] * (if_found + if_not) < if_found
        left = left - one.long()
        found.append(one)
    return torch.stack(found, 1)


def _held(chance: Tensor, present: Tensor) -> Tensor:
    return chance.double().clamp(_SURE, 1 - _SURE) * present


def _of_the_rest(chance: Tensor) -> list[Tensor]:
    """For each i the probabilities (B, T + 1) of how many points the particles from i on have."""
    last = torch.zeros(len(chance), chance.shape[1] + 1, dtype=chance.dtype, device=chance.device)
    last[:, 0] = 1.0
    found = [last]
    for i in reversed(range(chance.shape[1])):
        one, after = chance[:, i : i + 1], found[0]
        shifted = torch.nn.functional.pad(after[:, :-1], (1, 0))
        found.insert(0, one * shifted + (1 - one) * after)
    return found
