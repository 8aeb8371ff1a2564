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
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["Condition", "Critic", "PointGenerator", "Sizes"]

# A summary in front of a network, so that its tails are not far away.
_SUMMARY_SCALE = 1 / 3


class Condition(NamedTuple):
    """What both networks know of the clouds of a batch."""

    mask: Tensor
    """(B, P), True at points."""
    known: Tensor
    """(B, C), size and encoded conditioning."""
    summary: Tensor | None = None
    """(B, 4), raw, what jets shall be as a whole; for the generator alone, since a critic sees it."""


class Sizes(NamedTuple):
    """The largest and the mean multiplicity of clouds, and how a network sees a multiplicity."""

    largest: int
    mean: float
    published: bool

    def condition(self, mask: Tensor, conditioning: Tensor) -> Condition:
        """What is known of clouds with points at ``mask`` (B, P) and an encoded ``conditioning`` (B, C)."""
        n = mask.sum(1)
        part = (n.to(conditioning.dtype) / self.mean).unsqueeze(1)
        size = part if self.published else size_numbers(n, self.largest)
        return Condition(mask, torch.cat([size, conditioning], 1))

    def width(self, conditioning: int) -> int:
        """How many numbers are known beside the mask."""
        return conditioning + (1 if self.published else 2)


class PointGenerator(nn.Module):
    """Normal noise for each point to the preprocessed points of clouds; in one go, whatever their size.

    Arguments:
        settings: of the network.
        features: numbers of a preprocessed point.
        conditioning: numbers of the encoded conditioning.
        sizes: of the clouds.
        observer: what jets are moved by to be what they shall be as a whole; None for clouds that are left as made.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        features: int,
        conditioning: int,
        sizes: Sizes,
        observer: JetSummary | None = None,
    ) -> None:
        super().__init__()
        one, self.sizes, self.observer = settings, sizes, observer
        self.noise, self.cloud_noise = one.noise or features, one.cloud_noise
        known = sizes.width(conditioning) + one.cloud_noise
        known += 0 if observer is None else observer.size
        self.conditioning, known = _conditioning_network(known, one.conditioning_width)
        self.embed = nn.Linear(self.noise, one.width)
        self.start = None if one.published_form else nn.Linear(one.width + known, one.width)
        self.condition = None if one.published_form else nn.Linear(known, one.width, bias=False)
        self.blocks = nn.ModuleList(
            AdversarialBlock(one.width, one.hidden, known, one.heads, gated=one.gated) for _ in range(one.blocks)
        )
        self.out = nn.Linear(one.width, features)

    def forward(self, noise: Tensor, cloud_noise: Tensor, condition: Condition) -> Tensor:
        """Preprocessed points (B, P, W), 0 in empty slots, of ``noise`` (B, P, noise) and (B, cloud_noise)."""
        mask, known = condition.mask, [condition.known, cloud_noise]
        if self.observer is not None and condition.summary is not None:
            known.append(_SUMMARY_SCALE * self.observer.standardised(condition.summary))
        return self._rescaled(self._made(noise, mask, self.conditioning(torch.cat(known, 1))), condition)

    def _made(self, noise: Tensor, mask: Tensor, known: Tensor) -> Tensor:
        points = self.embed(noise)
        if self.condition is not None:
            points = points.add_(self.condition(known).unsqueeze(1))
        points = functional.leaky_relu(points)
        field = masked_sum(points, mask) / self.sizes.mean
        if self.start is not None:
            field = self.start(torch.cat([field, known], 1))
        for block in self.blocks:
            points, field = block(points, field, mask, known)
        answer: Tensor = self.out(functional.leaky_relu(points))
        return answer * mask.unsqueeze(-1)

    def _rescaled(self, points: Tensor, condition: Condition) -> Tensor:
        """Jets moved to the mass, momentum and centre that they were made for; the critic sees no others."""
        if self.observer is None or condition.summary is None:
            return points
        return self.observer.rescaled(points, condition.mask, condition.summary)[0]


class Critic(nn.Module):
    """Preprocessed points to a score for each cloud, and the mean field that it is read from.

    Arguments: as of :class:`PointGenerator`, and
        summary: what summarises a cloud; None to show its points alone.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        features: int,
        conditioning: int,
        sizes: Sizes,
        summary: JetSummary | WeightedSummary | None,
    ) -> None:
        super().__init__()
        one, self.sizes, self.summary, norm = settings, sizes, summary, settings.critic_norm
        width, hidden = one.critic_width, one.critic_hidden
        self.conditioning, known = _conditioning_network(sizes.width(conditioning), one.conditioning_width, norm=norm)
        self.embed = linear(features, width, norm)
        self.start = linear(width + (0 if one.published_form else known), width, norm)
        self.condition = None if one.published_form else linear(known, width, norm)
        self.blocks = nn.ModuleList(
            AdversarialBlock(width, hidden, known, one.critic_heads, gated=one.gated, norm=norm)
            for _ in range(one.critic_blocks)
        )
        seen = width + known + (0 if summary is None else summary.size)
        maps = [linear(i, o, norm) for i, o in pairwise((seen, hidden, width, 1))]
        self.head = nn.Sequential(maps[0], nn.LeakyReLU(), maps[1], nn.LeakyReLU(), maps[2])

    def forward(self, points: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
        """The scores (B,) and the mean fields (B, width) of preprocessed ``points`` (B, P, W)."""
        # A constrained weight is computed once, however often it is used here.
        with parametrize.cached():
            return self._judge(points, condition)

    def _judge(self, points: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
        mask, known = condition.mask, self.conditioning(condition.known)
        parts = [known] if self.summary is None else [known, self.summary(points, mask)]
        points = self.embed(points)
        if self.condition is not None:
            points = points.add_(self.condition(known).unsqueeze(1))
        points = functional.leaky_relu(points)
        field = masked_sum(points, mask) / self.sizes.mean
        field = functional.leaky_relu(self.start(field if self.condition is None else torch.cat([field, known], 1)))
        for block in self.blocks:
            points, field = block(points, field, mask, known)
        score: Tensor = self.head(functional.leaky_relu(torch.cat([field, *parts], 1)))
        return score.squeeze(1), field


def _conditioning_network(known: int, inner: int, norm: Norm = "none") -> tuple[nn.Module, int]:
    """A small network for what is known, and the width of its answer."""
    if not inner:
        return nn.Identity(), known
    kept: Norm = "spectral" if norm == "spectral" else "none"
    return nn.Sequential(linear(known, inner, kept), nn.SiLU(), linear(inner, inner, kept)), inner
