"""How true events are packed into rows of numbers, which is what the models are told of a cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jetgen.torch.training import mask_of
from torch import Tensor

__all__ = ["Layout", "TrueEvents"]


class TrueEvents(NamedTuple):
    """Padded true events.

    Arguments:
        numbers: (B, T, F + E), the F coordinates of a particle, then further numbers.
        classes: int64 (B, T, K), its categories.
        mask: (B, T), True at particles.
    """

    numbers: Tensor
    classes: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Layout:
    """How a true event stands in one row of numbers: T particles of some numbers and classes each, and how many.

    Arguments:
        slots: T, the most particles.
        coordinates: F, the numbers that answers have, too.
        numbers: F + E, all numbers of a particle.
        categories: of each of K classes how many values it has.
    """

    slots: int
    coordinates: int
    numbers: int
    categories: tuple[int, ...]

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return self.slots * (self.numbers + len(self.categories)) + 1

    def unpack(self, rows: Tensor) -> TrueEvents:
        """The true events of the rows (B, width)."""
        padded = rows[:, :-1].view(len(rows), self.slots, self.numbers + len(self.categories))
        mask = mask_of(rows[:, -1].long(), self.slots)
        return TrueEvents(padded[..., : self.numbers], padded[..., self.numbers :].long(), mask)
