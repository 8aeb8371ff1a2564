"""A small flow that draws what a cloud shall be as a whole, for its size and conditioning."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from jetgen.torch.clouds.normal_scores import NormalScores
from jetgen.torch.nn.odes import Field, Solver
from jetgen.torch.nn.sizes import size_numbers
from jetgen.torch.nn.time_features import time_features, time_width

__all__ = ["SummaryFlow"]

# Normal scores flow almost straight: with more evaluations the masses are no better.
_SOLVER = Solver("midpoint", 8)


class SummaryFlow(nn.Module):
    """Flow matching (arXiv:2210.02747) on the normal scores of a few numbers, by a plain network of three layers.

    Arguments:
        size: how many numbers.
        conditioning: numbers of the encoded conditioning.
        largest: the largest multiplicity.
        hidden: width of the layers.
        frequencies: of the time features.
    """

    def __init__(self, size: int, *, conditioning: int, largest: int, hidden: int, frequencies: int) -> None:
        super().__init__()
        self.size, self.largest, self.frequencies = size, largest, frequencies
        self.scores = NormalScores(size)
        widths = [size + time_width(frequencies) + 2 + conditioning, hidden, hidden, hidden]
        layers = [layer for i, o in pairwise(widths) for layer in (nn.Linear(i, o), nn.SiLU())]
        last = nn.Linear(hidden, size)
        nn.init.zeros_(last.weight)
        self.network = nn.Sequential(*layers, last)

    def forward(self, time: Tensor, scores: Tensor, multiplicity: Tensor, conditioning: Tensor) -> Tensor:
        """The velocity (B, size) at times (B,) of scores (B, size), of clouds of ``multiplicity`` (B,) points."""
        known = [scores, time_features(time, self.frequencies), size_numbers(multiplicity, self.largest), conditioning]
        velocity: Tensor = self.network(torch.cat(known, 1))
        return velocity

    def field(self, multiplicity: Tensor, conditioning: Tensor) -> Field:
        """The velocity as a function of one time for all, and the scores."""
        return lambda time, scores: self(time.expand(len(scores)), scores, multiplicity, conditioning)

    def draw(self, noise: Tensor, multiplicity: Tensor, conditioning: Tensor) -> Tensor:
        """The numbers (B, size) that normal ``noise`` (B, size) flows to."""
        return self.scores.inverse(_SOLVER.solve(self.field(multiplicity, conditioning), noise))
