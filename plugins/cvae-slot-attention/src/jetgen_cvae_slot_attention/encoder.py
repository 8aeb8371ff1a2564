"""The encoders of true events by messages, and the number of points that follows from them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jetgen.torch.nn import masked_mean, masked_sum
from torch import Tensor, nn
from torch.nn import functional

from jetgen_cvae_slot_attention.layout import Layout, TrueEvents
from jetgen_cvae_slot_attention.models import stack

__all__ = ["CardinalityHead", "ClassEmbedding", "PairEncoder", "SumEncoder", "TruthEncoder"]

_CLASS = 4  # numbers for a category
_COUNT = 10  # numbers for how many particles there are
_ROUNDS = 4
_MESSAGE = 16  # numbers of what a particle hears of another: there are as many messages as pairs
_NEAREST = 1e-6  # of a squared distance, before its logarithm


class ClassEmbedding(nn.Module):
    """The numbers of particles with a vector for each of their categories.

    Arguments:
        layout: of true events.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, _CLASS) for size in layout.categories)
        self.width = layout.numbers + _CLASS * len(layout.categories)

    def forward(self, truth: TrueEvents) -> Tensor:
        """(B, T, width)."""
        parts = [table(truth.classes[..., i]) for i, table in enumerate(self.tables)]
        return torch.cat([truth.numbers, *parts], -1)


class TruthEncoder(nn.Module, ABC):
    """From true events to vectors of particles (B, T, width) and of events (B, width), and the inputs (B, T, skip)."""

    def __init__(self, layout: Layout, width: int) -> None:
        super().__init__()
        self.embedding = ClassEmbedding(layout)
        self.width, self.skip = width, self.embedding.width

    @abstractmethod
    def forward(self, truth: TrueEvents) -> tuple[Tensor, Tensor, Tensor]:
        """The three."""


class SumEncoder(TruthEncoder):
    """Rounds in which every particle sees the sum of all, on vectors of length 1 (2211.06406).

    Arguments:
        layout: of true events.
        scale: of all widths; 1 as published.
    """

    def __init__(self, layout: Layout, scale: float) -> None:
        super().__init__(layout, round(100 * scale))
        width, hidden = self.width, round(150 * scale)
        self.start = stack(self.skip, round(200 * scale), hidden, width)
        self.rounds = nn.ModuleList(stack(3 * width, hidden, width) for _ in range(_ROUNDS))

    def forward(self, truth: TrueEvents) -> tuple[Tensor, Tensor, Tensor]:
        """The three; vectors have length 1."""
        inputs = self.embedding(truth)
        particles = self.start(inputs)
        total = masked_sum(particles, truth.mask)
        for one in self.rounds:
            whole = functional.normalize(total, dim=1)
            shared = torch.cat([total, whole], 1).unsqueeze(1).expand(-1, particles.shape[1], -1)
            particles = functional.normalize(one(torch.cat([shared, particles], -1)), dim=-1)
            total = masked_sum(particles, truth.mask)
        return particles, functional.normalize(total, dim=1), inputs


class PairRound(nn.Module):
    """Each particle hears of every other: a message of the two and of how far they are apart.

    Arguments:
        width: of the vectors of particles.
        pair: numbers that say how two particles lie to each other.
    """

    def __init__(self, width: int, pair: int) -> None:
        super().__init__()
        self.mine, self.theirs = nn.Linear(width, _MESSAGE), nn.Linear(width, _MESSAGE, bias=False)
        self.between, self.message = nn.Linear(pair, _MESSAGE, bias=False), nn.Linear(_MESSAGE, _MESSAGE)
        self.update = stack(width + 2 * _MESSAGE, 2 * width, width)

    def forward(self, particles: Tensor, pairs: Tensor, both: Tensor) -> Tensor:
        """(B, T, width) for particles (B, T, width), pairs (B, T, T, pair) and where there are two (B, T, T)."""
        hidden = self.mine(particles).unsqueeze(2) + self.theirs(particles).unsqueeze(1) + self.between(pairs)
        messages = functional.relu(self.message(functional.relu(hidden))) * both.unsqueeze(-1)
        mean = messages.sum(2) / both.sum(2).clamp(min=1).unsqueeze(-1)
        # Being next to one particle is enough to be lost: the largest message counts, too.
        heard = torch.cat([particles, mean, messages.amax(2)], -1)
        answer: Tensor = particles + self.update(heard)
        return answer


class PairEncoder(TruthEncoder):
    """Rounds in which every particle hears of every other, and of how far it is.

    Arguments:
        layout: of true events.
        width: of the vectors.
        rounds: how many.
        directions: columns of the coordinates that say where a particle goes.
        spread: (F,), of a coordinate.
    """

    spread: Tensor

    def __init__(self, layout: Layout, width: int, rounds: int, directions: list[int], spread: Tensor) -> None:
        super().__init__(layout, width)
        self.coordinates, self.directions = layout.coordinates, directions
        self.register_buffer("spread", spread, persistent=False)
        self.start = stack(self.skip, width, width)
        self.rounds = nn.ModuleList(PairRound(width, layout.coordinates + 1) for _ in range(rounds))
        self.whole = nn.Linear(2 * width, width)

    def forward(self, truth: TrueEvents) -> tuple[Tensor, Tensor, Tensor]:
        """The three; the vector of an event follows from the mean and the largest numbers of its particles."""
        inputs = self.embedding(truth)
        particles = self.start(inputs)
        pairs, both = self._pairs(truth)
        for one in self.rounds:
            particles = one(particles, pairs, both)
        largest = particles.masked_fill(~truth.mask.unsqueeze(-1), -torch.inf).amax(1)
        return particles, self.whole(torch.cat([masked_mean(particles, truth.mask), largest], 1)), inputs

    def _pairs(self, truth: TrueEvents) -> tuple[Tensor, Tensor]:
        """How each two particles lie to each other (B, T, T, F + 1), and where there are two (B, T, T)."""
        places = truth.numbers[..., : self.coordinates]
        apart = places.unsqueeze(1) - places.unsqueeze(2)
        squared = (apart * self.spread)[..., self.directions].square().sum(-1, keepdim=True)
        pairs = torch.cat([apart, 0.5 * torch.log(squared + _NEAREST) + 3.0], -1)
        alone = torch.eye(places.shape[1], dtype=torch.bool, device=places.device)
        return pairs, truth.mask.unsqueeze(1) & truth.mask.unsqueeze(2) & ~alone


class CardinalityHead(nn.Module):
    """The probability of each number of points, which is never above the number of true particles.

    Arguments:
        width: of the vector of an event.
        slots: the most true particles.
        most: the most points.
        scale: of the widths of the layers; 1 as published.
    """

    def __init__(self, width: int, slots: int, most: int, scale: float) -> None:
        super().__init__()
        self.count = nn.Embedding(slots + 1, _COUNT)
        self.network = stack(width + _COUNT, round(80 * scale), round(30 * scale), most + 1)

    def forward(self, whole: Tensor, mask: Tensor) -> Tensor:
        """Log-probabilities (B, most + 1) for events (B, width) with particles where ``mask`` (B, T) is True."""
        particles = mask.sum(1)
        logits = self.network(torch.cat([whole, self.count(particles)], 1))
        above = torch.arange(logits.shape[1], device=logits.device) > particles[:, None]
        return functional.log_softmax(logits.masked_fill(above, -torch.inf), 1)
