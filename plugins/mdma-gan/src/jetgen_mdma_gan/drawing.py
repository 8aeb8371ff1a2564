"""New clouds from a generator: noise, one evaluation in batches of clouds of similar size, and back into order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jetgen.nn import length_buckets
from jetgen.training import Ragged, derived_seed
from numpy.typing import NDArray

from jetgen_mdma_gan.losses import normal, signs
from jetgen_mdma_gan.networks import PointGenerator, Sizes

__all__ = ["draw"]

# Noise is drawn for so many clouds at once, whatever is computed together: the machine has no say in the answer.
_CHUNK = 4096


def draw(
    network: PointGenerator,
    sizes: Sizes,
    counts: NDArray[np.int64],
    context: NDArray[np.float32],
    *,
    mirrored: Sequence[int],
    seed: int,
    device: str,
    batch_points: int,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """The coded points (total, W) of clouds of these sizes for an encoded context (N, C), one after the other.

    Arguments:
        mirrored: columns whose sign is drawn for each cloud.
        batch_points: padded points computed at once.
        progress: is told how many clouds there are by now.
    """
    parts = [np.empty((0, network.out.out_features), np.float32)]
    for number, start in enumerate(range(0, len(counts), _CHUNK)):
        rows = slice(start, start + _CHUNK)
        generator = torch.Generator(device).manual_seed(derived_seed(seed, "chunk", number))
        parts.append(_chunk(network, sizes, counts[rows], context[rows], mirrored, generator, batch_points))
        if progress is not None:
            progress(min(start + _CHUNK, len(counts)))
    return np.concatenate(parts)


@torch.inference_mode()
def _chunk(
    network: PointGenerator,
    sizes: Sizes,
    counts: NDArray[np.int64],
    context: NDArray[np.float32],
    mirrored: Sequence[int],
    generator: torch.Generator,
    batch_points: int,
) -> NDArray[np.float32]:
    device = generator.device
    lengths, known = torch.from_numpy(counts).to(device), torch.from_numpy(context).to(device)
    noise = Ragged.of(normal([int(counts.sum()), network.noise], generator), lengths)
    shared = normal([len(counts), network.cloud_noise], generator)
    sides = signs(len(counts), network.out.out_features, mirrored, generator)
    answer = Ragged(torch.empty(len(noise.values), network.out.out_features, device=device), noise.offsets)
    for batch in length_buckets(counts, points=batch_points):
        index = torch.from_numpy(batch).to(device)
        told = sizes.told(lengths[index], known[index], int(counts[batch].max()), published=network.published)
        answer[index] = network(noise[index], shared[index], told) * sides[index]
    return answer.values.cpu().numpy()
