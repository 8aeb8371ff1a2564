"""What a jet is as a whole, in torch and differentiable: logarithm of mass and momentum, and the centre."""

from __future__ import annotations

import torch
from jetgen import CloudSpec
from jetgen.physics import RELATIVE
from jetgen.transforms import BoxCox, FeatureTransform, Log, Standardise, Transform
from torch import Tensor, nn

__all__ = ["JetSummary"]

# Noise at the beginning of a flow may stand for absurd particles; their summaries stay finite.
_FARTHEST = 12.0
_LARGEST_LOG = 2.0
_SMALLEST = 1e-9


class JetSummary(nn.Module):
    """Four numbers of a jet of particles in standardised coordinates, themselves standardised.

    With S = sum pt and the centre (eta, phi) weighted by pt they are log(S width), log S, eta and phi, where width² is
    the weighted variance of the directions: S width is the mass of the jet, up to half a per cent.

    Arguments:
        spec: of jets with the features of :data:`jetgen.physics.RELATIVE`.
        transform: from their units to the standardised coordinates.
    """

    size = 4

    def __init__(self, spec: CloudSpec, transform: FeatureTransform) -> None:
        super().__init__()
        self.columns = [spec.index(name) for name in RELATIVE]
        self.chains = [transform.chains[name] for name in RELATIVE]
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("scale", torch.ones(self.size))

    def standardise(self, summaries: Tensor, *, mirrored: bool) -> None:
        """Let these raw summaries (N, 4) have mean 0 and variance 1; centres keep 0 as it is if jets are mirrored."""
        mean, scale = summaries.mean(0), summaries.std(0, correction=0)
        if mirrored:
            scale[2:], mean[2:] = summaries[:, 2:].square().mean(0).sqrt(), 0
        self.mean.copy_(mean)
        self.scale.copy_(scale.clamp(min=1e-6))

    def raw(self, points: Tensor, mask: Tensor) -> Tensor:
        """The four numbers (B, 4) of points (B, P, F), before they are standardised."""
        eta, phi, momentum = (
            _physical(points[..., column], chain) for column, chain in zip(self.columns, self.chains, strict=True)
        )
        momentum = momentum * mask
        total = momentum.sum(1).clamp(min=_SMALLEST)
        centre_eta, centre_phi = ((momentum * angle).sum(1) / total for angle in (eta, phi))
        spread = (eta - centre_eta.unsqueeze(1)).square() + (phi - centre_phi.unsqueeze(1)).square()
        width = ((momentum * spread).sum(1) / total).clamp(min=_SMALLEST)
        return torch.stack([0.5 * width.log() + total.log(), total.log(), centre_eta, centre_phi], 1)

    def forward(self, points: Tensor, mask: Tensor) -> Tensor:
        """The standardised summary (B, 4) of points (B, P, F), where ``mask`` (B, P) is True."""
        return ((self.raw(points, mask) - self.mean) / self.scale).clamp(-_FARTHEST, _FARTHEST)


def _physical(values: Tensor, chain: tuple[Transform, ...]) -> Tensor:
    """The inverse of a chain of :mod:`jetgen.transforms` in torch, held inside what can be squared."""
    for step in reversed(chain):
        if isinstance(step, Standardise):
            values = values * step.scale + step.mean
        elif isinstance(step, Log):
            values = (values.clamp(max=_LARGEST_LOG).exp() - step.offset).clamp(min=0)
        elif isinstance(step, BoxCox):
            logs = values if step.power == 0 else (step.power * values).clamp(min=-1 + 1e-6).log1p() / step.power
            values = (logs.clamp(-40, 10).exp() * step.scale - step.offset).clamp(0, 10)
        else:
            msg = f"{type(step).__name__} has no inverse here"
            raise TypeError(msg)
    return values.clamp(-10, 10)
