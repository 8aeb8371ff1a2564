"""What a jet is as a whole, in torch and differentiable, and a jet moved to be that: mass, momentum and centre."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from jetgen.api.torch_settings import SummaryMomentum
from jetgen.data.jets import RELATIVE, has_relative
from jetgen.data.spec import CloudSpec
from jetgen.torch.clouds.preprocessing import CloudPreprocessing
from jetgen.torch.transforms import FeatureTransform

__all__ = ["CENTRE", "JetSummary"]

CENTRE = [2, 3]
"""The numbers of a summary that change their sign when the jet is mirrored."""

# Noise at the beginning of a flow may stand for absurd particles; their summaries stay finite.
_FARTHEST = 12.0
_SMALLEST = 1e-9
# Of particles in units of their jet; what a network makes at its beginning may be anything.
_LARGEST, _LARGEST_LOG = 10.0, 2.0
# With all particles of a jet there, momentum and centre hardly vary: a network needs no eye for less than a per cent.
_FINEST = 0.01
# An untrained network makes absurd jets; these are moved only so far (a logarithm).
_FARTHEST_MOVE = 3.0


class JetSummary(nn.Module):
    """Four numbers of a jet of particles in standardised coordinates.

    With the momentum p of the jet they are log(p width), log p, eta and phi, where width² is the variance of the
    directions, weighted by pt: p width is the mass of the jet, up to a per cent. eta is the weighted mean. ``vector``
    takes p and phi from the sum of the vectors, which is the jet of which the particles were found: with all of its
    particles there, p is 1 and phi is 0 to a few parts in 10,000. ``scalar`` takes sum pt and the weighted mean of phi,
    which spread 10 times as far.

    Arguments:
        spec: of jets with the features of :data:`jetgen.data.jets.RELATIVE`.
        transform: from their units to the standardised coordinates.
        momentum: how momenta are added.
    """

    size = 4

    def __init__(self, spec: CloudSpec, transform: FeatureTransform, momentum: SummaryMomentum = "vector") -> None:
        super().__init__()
        self.momentum = momentum
        self.columns = [spec.index(name) for name in RELATIVE]
        self.chains = [transform.chains[name] for name in RELATIVE]
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("scale", torch.ones(self.size))

    @classmethod
    def of(
        cls, spec: CloudSpec, preprocessing: CloudPreprocessing, momentum: SummaryMomentum = "vector"
    ) -> Self | None:
        """The summary of preprocessed jets; None for clouds that are not jets about their axis."""
        return cls(spec, preprocessing.points.features, momentum) if has_relative(spec) else None

    def fit(self, summaries: Tensor, *, mirrored: bool) -> None:
        """Let these raw summaries (N, 4) have mean 0 and variance 1; centres keep 0 as it is if jets are mirrored."""
        mean, scale = summaries.mean(0), summaries.std(0, correction=0)
        if mirrored:
            scale[2:], mean[2:] = summaries[:, 2:].square().mean(0).sqrt(), 0
        self.mean.copy_(mean)
        self.scale.copy_(scale.clamp(min=_FINEST))

    def raw(self, points: Tensor, mask: Tensor) -> Tensor:
        """The four numbers (B, 4) of points (B, P, F), before they are standardised."""
        eta, phi, momentum = self.physical(points)
        return self._observed(eta, phi, momentum, mask)

    def forward(self, points: Tensor, mask: Tensor) -> Tensor:
        """The standardised summary (B, 4) of points (B, P, F), where ``mask`` (B, P) is True."""
        return self.standardised(self.raw(points, mask)).clamp(-_FARTHEST, _FARTHEST)

    def standardised(self, raw: Tensor) -> Tensor:
        """Raw summaries (B, 4) with mean 0 and variance 1 over the training jets, as networks see them."""
        return (raw - self.mean) / self.scale

    def unstandardised(self, summaries: Tensor) -> Tensor:
        """The inverse of :meth:`standardised`."""
        return summaries * self.scale + self.mean

    def rescaled(self, points: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Jets with exactly the raw summaries ``target`` (B, 4), and the logarithm (B,) of the change of volume.

        Angles are stretched by one number, momenta multiplied by another, and the jet is moved. The first adds to the
        logarithm of the width, the second to log p, the third to eta and phi, whatever they were: so one can go from
        any summary to any other, and equal steps of a summary are equal volumes of such moves.
        """
        eta, phi, momentum = self.physical(points)
        found = self._observed(eta, phi, momentum, mask)
        step = target - found
        stretch = (step[:, 0] - step[:, 1]).clamp(-_FARTHEST_MOVE, _FARTHEST_MOVE)
        factor = stretch.exp().unsqueeze(1)
        stretched = factor * (phi - found[:, 3:4])
        # Stretched, vectors add up to less than before, and not along the same direction.
        now, direction = self._sum(stretched, momentum * mask)
        grow = (target[:, 1] - now.log()).clamp(-_FARTHEST_MOVE, _FARTHEST_MOVE)
        moved = (
            target[:, 2:3] + factor * (eta - found[:, 2:3]),
            target[:, 3:4] + stretched - direction.unsqueeze(1),
            momentum * grow.exp().unsqueeze(1),
        )
        answer = points.clone()
        for column, chain, values in zip(self.columns, self.chains, moved, strict=True):
            answer[..., column] = chain.forward(values)
        chain = self.chains[2]
        slopes = (grow.unsqueeze(1) + chain.log_slope(moved[2]) - chain.log_slope(momentum)) * mask
        # Stretching leaves the centre where it is: of n points n - 1 move with it.
        volume = 2 * (mask.sum(1) - 1).clamp(min=0) * stretch + slopes.sum(1)
        return answer * mask.unsqueeze(-1), volume

    def physical(self, points: Tensor) -> list[Tensor]:
        """etarel, phirel and ptrel (B, P) of points (B, P, F)."""
        pairs = zip(self.columns, self.chains, strict=True)
        return [chain.inverse(points[..., i], _LARGEST_LOG).clamp(-_LARGEST, _LARGEST) for i, chain in pairs]

    def _observed(self, eta: Tensor, phi: Tensor, momentum: Tensor, mask: Tensor) -> Tensor:
        momentum = momentum * mask
        total = momentum.sum(1).clamp(min=_SMALLEST)
        centre_eta, centre_phi = ((momentum * angle).sum(1) / total for angle in (eta, phi))
        spread = (eta - centre_eta.unsqueeze(1)).square() + (phi - centre_phi.unsqueeze(1)).square()
        width = ((momentum * spread).sum(1) / total).clamp(min=_SMALLEST)
        whole, direction = self._sum(phi, momentum)
        return torch.stack([0.5 * width.log() + whole.log(), whole.log(), centre_eta, direction], 1)

    def _sum(self, phi: Tensor, momentum: Tensor) -> tuple[Tensor, Tensor]:
        """Magnitude and direction (B,) of what momenta (B, P), 0 where there is no particle, add up to."""
        if self.momentum == "scalar":
            total = momentum.sum(1).clamp(min=_SMALLEST)
            return total, (momentum * phi).sum(1) / total
        # Away from 0, where angle and root have no slope.
        x, y = (momentum * phi.cos()).sum(1).clamp(min=_SMALLEST), (momentum * phi.sin()).sum(1)
        return (x.square() + y.square()).sqrt(), torch.atan2(y, x)
