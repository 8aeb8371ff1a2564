"""New clouds from a trained network: noise, batches of clouds of similar size, and back into order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.torch.nn.buckets import length_buckets
from jetgen.torch.training.ragged import Ragged
from jetgen.torch.training.randomness import derived_seed, normal

__all__ = ["Begin", "Make", "draw_points"]

# Noise is drawn for so many clouds at once, whatever is computed together: the machine has no say in the answer.
_CHUNK = 4096

Make = Callable[[Tensor, Tensor], Tensor]
"""Coded points (B, P, W) of padded noise (B, P, D) of these clouds of a chunk (B,)."""

Begin = Callable[[Tensor, Tensor, torch.Generator], Make]
"""What is drawn for whole clouds of a chunk, given sizes (N,), encoded conditioning (N, C) and a generator."""


@torch.inference_mode()
def draw_points(
    begin: Begin,
    counts: NDArray[np.int64],
    conditioning: NDArray[np.float32],
    *,
    noise: int,
    width: int,
    seed: int,
    device: str,
    batch_points: int,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """The coded points (total, ``width``) of clouds of these sizes for an encoded conditioning, one after the other.

    Arguments:
        begin: is called for some thousand clouds, and what it returns for batches of them.
        noise: normal numbers that a point is made of.
        batch_points: padded points computed at once.
        progress: is told how many clouds there are by now.
    """
    parts = [np.empty((0, width), np.float32)]
    for number, start in enumerate(range(0, len(counts), _CHUNK)):
        rows = slice(start, start + _CHUNK)
        generator = torch.Generator(device).manual_seed(derived_seed(seed, "chunk", number))
        sizes, known = (torch.from_numpy(each[rows]).to(device) for each in (counts, conditioning))
        source = Ragged.of(normal([int(counts[rows].sum()), noise], generator), sizes)
        make = begin(sizes, known, generator)
        answer = Ragged(torch.empty(len(source.values), width, device=device), source.offsets)
        for batch in length_buckets(counts[rows], points=batch_points):
            index = torch.from_numpy(batch).to(device)
            answer[index] = make(source[index], index)
        parts.append(answer.values.cpu().numpy())
        if progress is not None:
            progress(min(start + _CHUNK, len(counts)))
    return np.concatenate(parts)
