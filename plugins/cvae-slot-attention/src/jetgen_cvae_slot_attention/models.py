"""What the three models have in common: true events in, numbers of points and points out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import NamedTuple, Self

import torch
from jetgen.torch import Noise, NoiseShape
from torch import Tensor, nn
from torch.nn import functional

from jetgen_cvae_slot_attention.layout import TrueEvents

__all__ = ["AnswerModel", "Encoded", "middle_and_log_size", "stack"]

_SPREADS = 8.0  # of the logarithm of the size of an error, either way


class Encoded(NamedTuple):
    """True events as a model sees them.

    Arguments:
        truth: the events (B, T, ...).
        particles: (B, T, H), a vector of each particle.
        whole: (B, G), a vector of the event.
    """

    truth: TrueEvents
    particles: Tensor
    whole: Tensor

    def at(self, index: Tensor) -> Self:
        """The events at these places (B,)."""
        truth = TrueEvents(*(one[index] for one in self.truth))
        return self._replace(truth=truth, particles=self.particles[index], whole=self.whole[index])


class AnswerModel(nn.Module, ABC):
    """A model of clouds that answer true events."""

    noise: NoiseShape
    """The numbers that an answer takes."""

    @abstractmethod
    def encode(self, truth: TrueEvents) -> Encoded:
        """What all answers to an event share."""

    def encode_by_size(self, truth: TrueEvents) -> Encoded:
        """As :meth:`encode` does but for rounding, events of one size at a time: no pair of particles is padding."""
        sizes = truth.mask.sum(1)
        most, places, parts = truth.mask.shape[1], [], []
        for size in torch.unique(sizes).tolist() or [most]:  # without events there is one empty batch
            some = torch.nonzero(sizes == size).squeeze(1)
            places.append(some)
            parts.append(self.encode(TrueEvents(*(one[some, :size] for one in truth))))
        back = torch.cat(places).argsort()
        particles = [functional.pad(one.particles, (0, 0, 0, most - one.particles.shape[1])) for one in parts]
        return Encoded(truth, torch.cat(particles)[back], torch.cat([one.whole for one in parts])[back])

    @abstractmethod
    def size_log_probs(self, encoded: Encoded) -> Tensor:
        """(B, N + 1), the logarithm of the probability of 0, 1, ..., N points; there are never more than particles."""

    @abstractmethod
    def answer(self, encoded: Encoded, mask: Tensor, noise: Noise, found: Tensor | None = None) -> Tensor:
        """Preprocessed points (B, P, F), a pure function.

        Arguments:
            mask: (B, P), True at points.
            noise: as :attr:`noise` says.
            found: (B, T), which particles have a point, for a model that chooses them; by default it does.
        """

    def size_loss(self, encoded: Encoded, multiplicity: Tensor, found: Tensor) -> Tensor:
        """The cross-entropy of the numbers of points; a scalar."""
        del found
        return -self.size_log_probs(encoded).gather(1, multiplicity[:, None]).mean()


def middle_and_log_size(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """The middle (..., F) of errors and the logarithm of their size, which is kept finite, from numbers (..., 2 F)."""
    middle, log_size = numbers.chunk(2, -1)
    return middle, log_size.clamp(-_SPREADS, _SPREADS)


def stack(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes, with ReLU between.

    >>> [layer.out_features for layer in stack(2, 8, 1)[::2]]
    [8, 1]
    """
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers += [nn.ReLU()] * (i > 0) + [nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)
