"""The networks that are compared, each with the way in which it is given its clouds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jetgen.torch.nn.buckets import length_buckets
from torch import Tensor, nn

from mdma_bench.evaluate import Evaluate
from mdma_bench.multiplicities import Padded
from mdma_bench.published import count_parameters
from mdma_bench.training import Training

__all__ = ["Form"]


@dataclass(frozen=True)
class Form:
    """A network, and whether its batches are clouds of similar size (``sorts``) or come in any order at full length.

    Arguments:
        published_loss: train it on the mean over all slots.
    """

    name: str
    module: nn.Module
    evaluate: Evaluate
    sorts: bool = True
    published_loss: bool = False

    @property
    def parameters(self) -> int:
        """What a training may change."""
        return count_parameters(self.module)

    def given(self, name: str, *, sorts: bool) -> Form:
        """The same network, given its clouds in the other way."""
        return replace(self, name=name, sorts=sorts)

    def velocity(self, data: Padded, batch: int) -> Tensor:
        """(N, P, F) in the order of the clouds, ``batch`` of them at a time; sorting and putting back included."""
        found = torch.zeros_like(data.points)
        with torch.no_grad():
            for rows, length in self._batches(data, batch):
                part = self.evaluate(data.points[rows, :length], data.mask[rows, :length], data.t[rows])
                found[rows, :length] = part
        return found

    def training_pass(self, training: Training, data: Padded, batch: int) -> list[float]:
        """A step for every ``batch`` clouds; the losses."""
        batches = self._batches(data, batch)
        return [training.step(data.points[rows, :length], data.mask[rows, :length]) for rows, length in batches]

    def training(self) -> Training:
        """Updates of this network; its weights are changed in place."""
        return Training(self.module, self.evaluate, over_padding=self.published_loss)

    def _batches(self, data: Padded, batch: int) -> Iterator[tuple[slice | Tensor, int]]:
        """Rows, and the length to which they are cut."""
        size = data.points.shape[1]
        if self.sorts:
            counts = data.n.numpy()
            for chosen in length_buckets(counts, points=batch * size, clouds=batch):
                yield torch.from_numpy(chosen), int(counts[chosen].max())
        else:
            for start in range(0, len(data), batch):
                yield slice(start, start + batch), size
