"""Batches of rows, in an order that is a function of the seed and of the number of the batch alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from jetgen.errors import DataError
from jetgen.training.randomness import generator_at

__all__ = ["Batches"]


class Batches:
    """Epoch after epoch of shuffled rows; the rest of an epoch that does not fill a batch is left out.

    Arguments:
        data: tensors of equally many rows, on one device.
        size: rows in a batch; all rows if there are fewer.
        seed: of the shuffling.

    >>> batches = Batches({"x": torch.arange(6)}, size=3, seed=1)
    >>> sorted(torch.cat([batches(0)["x"], batches(1)["x"]]).tolist())
    [0, 1, 2, 3, 4, 5]
    """

    def __init__(self, data: Mapping[str, Tensor], size: int, seed: int) -> None:
        rows = {name: len(tensor) for name, tensor in data.items()}
        if len(set(rows.values())) != 1 or min(rows.values()) == 0:
            msg = f"the training data need equally many rows in each tensor, at least one, not {rows}"
            raise DataError(msg)
        self.data = data
        self.rows = next(iter(rows.values()))
        self.size = min(size, self.rows)
        self.seed = seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Batch ``number``, from 0."""
        epoch, place = divmod(number, self.rows // self.size)
        if epoch != self._epoch:
            device = next(iter(self.data.values())).device
            # Shuffled on the processor: the order is the same on every device.
            order = torch.randperm(self.rows, generator=generator_at(torch.device("cpu"), self.seed, "epoch", epoch))
            self._epoch, self._order = epoch, order.to(device)
        index = self._order[place * self.size : (place + 1) * self.size]
        return {name: tensor[index] for name, tensor in self.data.items()}
