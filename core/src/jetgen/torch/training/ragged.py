"""Training rows of different length: stored one after another, padded only when a batch of them is taken."""

from __future__ import annotations

from typing import Any, Self

import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.errors import DataError

__all__ = ["Ragged", "Rows", "mask_of"]


class Ragged:
    """Rows of different length on one device, stored one after another.

    Arguments:
        values: (total, F), the values of every slot; row i owns ``values[offsets[i]:offsets[i + 1]]``.
        offsets: int64 (N + 1), rising from 0 to total; an empty row repeats its offset.

    Raises:
        DataError: if a shape, a dtype, a device or an offset is wrong.

    >>> rows = Ragged(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0, 2, 2, 3]))
    >>> len(rows), rows.lengths.tolist()
    (3, [2, 0, 1])
    >>> rows[torch.tensor([2, 0])].squeeze(-1)
    tensor([[3., 0.],
            [1., 2.]])
    >>> rows[torch.tensor([0])] = torch.tensor([[[5.0], [6.0]]])
    >>> rows.values.flatten()
    tensor([5., 6., 3.])
    """

    def __init__(self, values: Tensor, offsets: Tensor) -> None:
        _check(values, offsets)
        self.values, self.offsets = values, offsets
        self.lengths = offsets.diff()
        """int64 (N,), the length of each row."""

    @classmethod
    def of(cls, values: Tensor | NDArray[Any], lengths: Tensor | NDArray[Any]) -> Self:
        """Rows of these lengths, for example ``Ragged.of(clouds.points, clouds.multiplicity)``.

        Raises:
            DataError: if the lengths are not non-negative integers in one dimension, or do not add up to the values.
        """
        slots = _tensor(values)
        lengths = _tensor(lengths).to(slots.device)
        if lengths.ndim != 1 or lengths.is_floating_point() or (len(lengths) and int(lengths.min()) < 0):
            msg = "the lengths of ragged rows are non-negative integers in one dimension"
            raise DataError(msg)
        start = torch.zeros(1, dtype=torch.int64, device=slots.device)
        return cls(slots, torch.cat([start, lengths.cumsum(0, dtype=torch.int64)]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __repr__(self) -> str:
        return f"Ragged({len(self)} rows, {len(self.values)} slots, {self.values.shape[1]} columns)"

    def __getitem__(self, index: Tensor) -> Tensor:
        """The rows at these numbers, padded with zeros to the longest of them: (B, longest, F)."""
        lengths = self.lengths[index]
        longest = int(lengths.max()) if len(lengths) else 0
        if longest == 0:
            return self.values.new_zeros(len(lengths), 0, self.values.shape[1])
        slots = self._slots(index, longest)
        # Empty slots read what stands behind the row, and are cleared.
        found = self.values.index_select(0, slots.clamp_(max=len(self.values) - 1).flatten())
        padded = found.view(len(lengths), longest, -1)
        return padded.masked_fill_(~mask_of(lengths, longest).unsqueeze(-1), 0)

    def __setitem__(self, index: Tensor, padded: Tensor) -> None:
        """Put the rows at these numbers back from (B, longest or more, F); what stands in empty slots is not read."""
        mask = mask_of(self.lengths[index], padded.shape[1])
        self.values[self._slots(index, padded.shape[1])[mask]] = padded[mask]

    def _slots(self, index: Tensor, longest: int) -> Tensor:
        """Where in ``values`` the first ``longest`` slots of each row are (B, longest), beyond its end, too."""
        return self.offsets[:-1][index].unsqueeze(1) + torch.arange(longest, device=self.device)

    @property
    def device(self) -> torch.device:
        """Where values and offsets are."""
        return self.values.device

    def to(self, device: torch.device | str) -> Ragged:
        """The same rows on ``device``."""
        return Ragged(self.values.to(device), self.offsets.to(device))


Rows = Tensor | Ragged
"""What a training draws batches from: a tensor whose first dimension lengths the rows, or ragged rows."""


def mask_of(lengths: Tensor, slots: int) -> Tensor:
    """True at the first ``lengths[i]`` of the ``slots`` in row i: (B, slots).

    >>> mask_of(torch.tensor([2, 0]), 3)
    tensor([[ True,  True, False],
            [False, False, False]])
    """
    return torch.arange(slots, device=lengths.device) < lengths.unsqueeze(1)


def _tensor(values: Tensor | NDArray[Any]) -> Tensor:
    # A copy of an array: torch would share its memory, and warns if that is read-only.
    return values if isinstance(values, Tensor) else torch.tensor(values)


def _check(values: Tensor, offsets: Tensor) -> None:
    if values.ndim != 2 or offsets.ndim != 1 or offsets.dtype != torch.int64 or len(offsets) == 0:
        msg = (
            f"ragged rows need values in two dimensions and at least one int64 offset in one, "
            f"not {tuple(values.shape)} and {offsets.dtype} {tuple(offsets.shape)}"
        )
        raise DataError(msg)
    if values.device != offsets.device:
        msg = f"the values of ragged rows are on {values.device}, their offsets on {offsets.device}; move one of them"
        raise DataError(msg)
    rising = bool((offsets.diff() >= 0).all())
    if not rising or int(offsets[0]) != 0 or int(offsets[-1]) != len(values):
        msg = f"the offsets of ragged rows do not rise from 0 to the number of slots, {len(values)}"
        raise DataError(msg)
