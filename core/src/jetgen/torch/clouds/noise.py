"""Everything random in a sample, drawn before a model sees it: one stream of numbers for each cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.torch.nn.buckets import length_buckets
from jetgen.torch.training.ragged import Ragged, mask_of

__all__ = ["Noise", "NoiseShape", "Sampler", "cloud_noise", "generate"]

# Of the noise that is drawn at once: numbers, and clouds at most.
_NUMBERS = 2**22
_CLOUDS = 4096
# A cloud of more numbers has a random generator of its own, so that its empty slots need no numbers.
_OWN_STREAM = 4096


class NoiseShape(NamedTuple):
    """How many standard normal numbers a sample takes: for each point, and for each cloud as a whole."""

    point: int
    cloud: int = 0


class Noise(NamedTuple):
    """Standard normal numbers of a batch of clouds."""

    points: Tensor
    """(B, P, D), for each slot."""
    cloud: Tensor
    """(B, K), for each cloud as a whole."""


Sampler = Callable[[Noise, Tensor, Tensor], Tensor]
"""Preprocessed points (B, P, W) of noise, mask (B, P) and encoded conditioning (B, C): a pure function."""


def cloud_noise(
    n: int, shape: NoiseShape, slots: int, seed: int, used: NDArray[np.int64] | None = None
) -> Iterator[NDArray[np.float32]]:
    """The noise of ``n`` clouds, some thousand at a time: (clouds, K + slots D), the numbers of the cloud first.

    Row i depends on ``seed`` and i alone: not on how many clouds there are, how large they are, or on the device.

    Arguments:
        used: (n,), how many slots of each cloud need noise, by default all; others may hold zeros.

    >>> few, many = (next(cloud_noise(n, NoiseShape(3, 1), 2, seed=5)) for n in (2, 9))
    >>> many.shape, np.array_equal(few, many[:2])
    ((9, 7), True)
    """
    width = shape.cloud + slots * shape.point
    chunk = max(1, min(_CLOUDS, _NUMBERS // max(1, width)))
    for number, start in enumerate(range(0, n, chunk)):
        rows = range(start, min(start + chunk, n))
        if width <= _OWN_STREAM:
            rng = np.random.default_rng([seed, number])
            yield rng.standard_normal((len(rows), width), dtype=np.float32)
        else:
            numbers = np.zeros((len(rows), width), np.float32)
            for i, row in zip(rows, numbers, strict=True):
                needed = width if used is None else shape.cloud + int(used[i]) * shape.point
                np.random.default_rng([seed, i]).standard_normal(dtype=np.float32, out=row[:needed])
            yield numbers


@torch.inference_mode()
def generate(
    sampler: Sampler,
    multiplicity: NDArray[np.int64],
    conditioning: NDArray[np.float32],
    *,
    shape: NoiseShape,
    width: int,
    slots: int,
    seed: int,
    device: str,
    batch_points: int,
    padded: bool = False,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """The preprocessed points (total, ``width``) of clouds of these sizes, one cloud after the other.

    Arguments:
        multiplicity: (N,), how many points each cloud has.
        conditioning: (N, C), encoded.
        shape: the noise that the sampler takes.
        width: numbers of a preprocessed point.
        slots: the largest multiplicity.
        seed: below 2**63, of the noise.
        batch_points: padded points computed at once; the clouds depend on it by rounding alone.
        padded: give every batch all ``slots``, for models of arrays of one size.
        progress: is called with the number of clouds that are done.
    """
    parts, done = [np.empty((0, width), np.float32)], 0
    padded_to = np.full(len(multiplicity), slots) if padded else multiplicity
    for numbers in cloud_noise(len(multiplicity), shape, slots, seed, padded_to):
        rows = slice(done, done + len(numbers))
        sizes, known = (torch.from_numpy(each[rows]).to(device) for each in (multiplicity, conditioning))
        noise = torch.from_numpy(numbers).to(device)
        total = int(multiplicity[rows].sum())
        answer = Ragged.of(torch.empty(total, width, device=device), sizes)
        alike = padded_to[rows]
        for batch in length_buckets(alike, points=batch_points):
            index, longest = torch.from_numpy(batch).to(device), int(alike[batch[0]])
            if longest:
                own, each = noise[index, : shape.cloud], noise[index, shape.cloud : shape.cloud + longest * shape.point]
                drawn = Noise(each.view(len(batch), longest, shape.point), own)
                answer[index] = sampler(drawn, mask_of(sizes[index], longest), known[index])
        parts.append(answer.values.cpu().numpy())
        done += len(numbers)
        if progress is not None:
            progress(done)
    return np.concatenate(parts)
