"""Batches of rows, in an order that is a function of the seed and of the number of the batch alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from jetgen.errors import DataError
from jetgen.torch.training.ragged import Rows
from jetgen.torch.training.randomness import generator_at

__all__ = ["Batches"]


class Batches:
    """Epoch after epoch of shuffled rows; the rest of an epoch that does not fill a batch is left out.

    With ``lengths`` the rows of a batch are of similar length, so that little of it is padding: each pool of batches
    is sorted by length before it is cut into batches, and these come in a random order.

    Arguments:
        data: tensors or ragged rows, equally many of them, on one device.
        size: rows in a batch; all rows if there are fewer.
        seed: of the shuffling.
        lengths: int64, of each row; None to let chance alone choose the rows of a batch.
        pool: how many batches are sorted together; with more there is less padding, and less chance.

    >>> batches = Batches({"x": torch.arange(6)}, size=3, seed=1)
    >>> sorted(torch.cat([batches(0)["x"], batches(1)["x"]]).tolist())
    [0, 1, 2, 3, 4, 5]
    """

    def __init__(
        self, data: Mapping[str, Rows], size: int, seed: int, lengths: Tensor | None = None, pool: int = 16
    ) -> None:
        rows = {name: len(each) for name, each in data.items()}
        if lengths is not None:
            rows["lengths"] = len(lengths)
        if len(set(rows.values())) != 1 or min(rows.values()) == 0:
            msg = f"the training data need equally many rows in each tensor, at least one, not {rows}"
            raise DataError(msg)
        self.data = data
        self.rows = next(iter(rows.values()))
        self.size = min(size, self.rows)
        self.seed = seed
        self.lengths = None if lengths is None else lengths.cpu()
        self.pool = pool
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Batch ``number``, from 0."""
        epoch, place = divmod(number, self.rows // self.size)
        if epoch != self._epoch:
            device = next(iter(self.data.values())).device
            self._epoch, self._order = epoch, self._shuffled(epoch).to(device)
        index = self._order[place * self.size : (place + 1) * self.size]
        return {name: each[index] for name, each in self.data.items()}

    def _shuffled(self, epoch: int) -> Tensor:
        # Shuffled on the CPU: the order is the same on every device.
        generator = generator_at(torch.device("cpu"), self.seed, "epoch", epoch)
        order = torch.randperm(self.rows, generator=generator)
        if self.lengths is None:
            return order
        full = order[: self.rows // self.size * self.size]
        pools = [part[self.lengths[part].argsort(stable=True)] for part in torch.split(full, self.pool * self.size)]
        batches = torch.cat(pools).view(-1, self.size)
        return batches[torch.randperm(len(batches), generator=generator)].flatten()
