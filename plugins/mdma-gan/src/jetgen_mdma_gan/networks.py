"""The two adversaries: noise to points, and points to a score."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.weighted_summary import WeightedSummary
from jetgen.torch.nn import masked_sum
from jetgen.torch.nn.adversarial import AdversarialBlock
from jetgen.torch.nn.normalised import Norm, linear
from jetgen.torch.nn.sizes import size_numbers
from jetgen.torch.training import mask_of
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["Critic", "PointGenerator", "Sizes", "Told"]

# A summary in front of a network, so that its tails are not far away.
_SUMMARY_SCALE = 1 / 3


class Told(NamedTuple):
    """What both networks are told of the clouds of a batch."""

    mask: Tensor
    """(B, P), True at points."""
    known: Tensor
    """(B, C), size and encoded conditioning."""
    summary: Tensor | None = None
    """(B, 4), raw, what jets shall be as a whole; it is the generator's alone, for a critic sees it."""


class Sizes(NamedTuple):
    """The largest and the typical number of points of a cloud."""

    largest: int
    typical: float

    def told(self, counts: Tensor, conditioning: Tensor, places: int, *, published: bool) -> Told:
        """What is told of clouds of ``counts`` (B,) points and an encoded ``conditioning`` (B, C) in so many places."""
        part = (counts.to(conditioning.dtype) / self.typical).unsqueeze(1)
        size = part if published else size_numbers(counts, self.largest)
        return Told(mask_of(counts, places), torch.cat([size, conditioning], 1))

    @staticmethod
    def width(conditioning: int, *, published: bool) -> int:
        """How many numbers are told beside the mask."""
        return conditioning + (1 if published else 2)


class PointGenerator(nn.Module):
    """Normal noise for each point to the coded points of clouds; in one go, whatever their size.

    Arguments:
        settings: of the network.
        coded: numbers of a coded point.
        conditioning: numbers of the encoded conditioning.
        typical: the mean multiplicity.
        observer: what jets are moved by to be what they shall be as a whole; None for clouds that are left as made.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        coded: int,
        conditioning: int,
        typical: float,
        observer: JetSummary | None = None,
    ) -> None:
        super().__init__()
        one, self.typical, self.observer = settings, typical, observer
        self.noise, self.cloud_noise, self.published = one.noise or coded, one.cloud_noise, one.published_form
        told = Sizes.width(conditioning, published=one.published_form) + one.cloud_noise
        told += 0 if observer is None else observer.size
        self.conditioning, told = _context_network(told, one.conditioning_width)
        self.embed = nn.Linear(self.noise, one.width)
        self.start = None if one.published_form else nn.Linear(one.width + told, one.width)
        self.steer = None if one.published_form else nn.Linear(told, one.width, bias=False)
        self.blocks = nn.ModuleList(
            AdversarialBlock(one.width, one.hidden, told, one.heads, gated=one.gated) for _ in range(one.blocks)
        )
        self.out = nn.Linear(one.width, coded)

    def forward(self, noise: Tensor, cloud_noise: Tensor, told: Told) -> Tensor:
        """Coded points (B, P, W), zeros where there are none, of ``noise`` (B, P, noise) and (B, cloud_noise)."""
        mask, known = told.mask, [told.known, cloud_noise]
        if self.observer is not None and told.summary is not None:
            known.append(_SUMMARY_SCALE * self.observer.told(told.summary))
        return self._settled(self._made(noise, mask, self.conditioning(torch.cat(known, 1))), told)

    def _made(self, noise: Tensor, mask: Tensor, known: Tensor) -> Tensor:
        points = self.embed(noise)
        if self.steer is not None:
            points = points.add_(self.steer(known).unsqueeze(1))
        points = functional.leaky_relu(points)
        field = masked_sum(points, mask) / self.typical
        if self.start is not None:
            field = self.start(torch.cat([field, known], 1))
        for block in self.blocks:
            points, field = block(points, field, mask, known)
        answer: Tensor = self.out(functional.leaky_relu(points))
        return answer * mask.unsqueeze(-1)

    def _settled(self, points: Tensor, told: Told) -> Tensor:
        """Jets moved to the mass, momentum and centre that they were made for; the critic sees no others."""
        if self.observer is None or told.summary is None:
            return points
        return self.observer.settled(points, told.mask, told.summary)[0]


class Critic(nn.Module):
    """Coded points to a score for each cloud, and the mean field that it is read from.

    Arguments: as of :class:`PointGenerator`, and
        summary: what observes a cloud as a whole; None to show its points alone.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        coded: int,
        conditioning: int,
        typical: float,
        summary: JetSummary | WeightedSummary | None,
    ) -> None:
        super().__init__()
        one, self.typical, self.summary, norm = settings, typical, summary, settings.critic_norm
        width, hidden = one.critic_width, one.critic_hidden
        self.conditioning, told = _context_network(
            Sizes.width(conditioning, published=one.published_form), one.conditioning_width, norm=norm
        )
        self.embed = linear(coded, width, norm)
        self.start = linear(width + (0 if one.published_form else told), width, norm)
        self.steer = None if one.published_form else linear(told, width, norm)
        self.blocks = nn.ModuleList(
            AdversarialBlock(width, hidden, told, one.critic_heads, gated=one.gated, norm=norm)
            for _ in range(one.critic_blocks)
        )
        seen = width + told + (0 if summary is None else summary.size)
        maps = [linear(i, o, norm) for i, o in pairwise((seen, hidden, width, 1))]
        self.head = nn.Sequential(maps[0], nn.LeakyReLU(), maps[1], nn.LeakyReLU(), maps[2])

    def forward(self, points: Tensor, told: Told) -> tuple[Tensor, Tensor]:
        """The scores (B,) and the mean fields (B, width) of coded ``points`` (B, P, W)."""
        # A weight that is held is computed once, however often it is used here.
        with parametrize.cached():
            return self._judge(points, told)

    def _judge(self, points: Tensor, told: Told) -> tuple[Tensor, Tensor]:
        mask, known = told.mask, self.conditioning(told.known)
        parts = [known] if self.summary is None else [known, self.summary(points, mask)]
        points = self.embed(points)
        if self.steer is not None:
            points = points.add_(self.steer(known).unsqueeze(1))
        points = functional.leaky_relu(points)
        field = masked_sum(points, mask) / self.typical
        field = functional.leaky_relu(self.start(field if self.steer is None else torch.cat([field, known], 1)))
        for block in self.blocks:
            points, field = block(points, field, mask, known)
        score: Tensor = self.head(functional.leaky_relu(torch.cat([field, *parts], 1)))
        return score.squeeze(1), field


def _context_network(told: int, inner: int, norm: Norm = "none") -> tuple[nn.Module, int]:
    """A small network for what is told, and the width of its answer."""
    if not inner:
        return nn.Identity(), told
    hold: Norm = "spectral" if norm == "spectral" else "none"
    return nn.Sequential(linear(told, inner, hold), nn.SiLU(), linear(inner, inner, hold)), inner
