"""What a cloud of points with a positive feature is as a whole: its logarithmic sum, and where it lies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.data.spec import CloudSpec
from jetgen.torch.transforms import PointPreprocessing

__all__ = ["WeightedSummary"]

# Coded points are near standard normal; what a network makes at its beginning is held inside this.
_FARTHEST = 8.0
_FARTHEST_SUMMARY = 12.0
_SMALLEST = 1e-12
# What single precision can hold.
_FINITE, _LARGEST_LOG = 1e30, 40.0


class WeightedSummary(nn.Module):
    """The logarithm of the sum of the first positive feature, and with it as weight mean and spread of the others.

    Of a shower: its energy, how deep it is, how long and how wide. All of it is differentiable.

    Arguments:
        spec: of clouds with a positive feature.
        preprocessing: fitted to training clouds.
    """

    def __init__(self, spec: CloudSpec, preprocessing: PointPreprocessing) -> None:
        super().__init__()
        place, self.others = 0, list[int]()
        self.weight = -1
        for feature in spec.features:
            width = 2 if feature.nature == "periodic" else 1
            if feature.nature == "positive" and self.weight < 0:
                self.weight, self.chain = place, preprocessing.features.chains[feature.name]
            else:
                self.others += range(place, place + width)
            place += width
        self.size = 1 + 2 * len(self.others)
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("scale", torch.ones(self.size))

    @staticmethod
    def suits(spec: CloudSpec) -> bool:
        """Whether there is a positive feature, and points to be summed."""
        return spec.max_points > 1 and any(feature.nature == "positive" for feature in spec.features)

    def fit(self, summaries: Tensor) -> None:
        """Let these raw summaries (N, size) have mean 0 and variance 1."""
        self.mean.copy_(summaries.mean(0))
        self.scale.copy_(summaries.std(0, correction=0).clamp(min=1e-6))

    def raw(self, points: Tensor, mask: Tensor) -> Tensor:
        """The numbers (B, size) of preprocessed points (B, P, W), before they are standardised."""
        preprocessed = points[..., self.weight].clamp(-_FARTHEST, _FARTHEST)
        weights = self.chain.inverse(preprocessed, _LARGEST_LOG).clamp(max=_FINITE) * mask
        total = weights.sum(1, keepdim=True).clamp(min=_SMALLEST)
        shares = (weights / total).unsqueeze(1)
        where = points[..., self.others].clamp(-_FARTHEST, _FARTHEST)
        mean = (shares @ where).squeeze(1)
        spread = (shares @ (where - mean.unsqueeze(1)).square()).squeeze(1)
        return torch.cat([total.log(), mean, (spread + 1e-6).sqrt()], 1)

    def forward(self, points: Tensor, mask: Tensor) -> Tensor:
        """The standardised summary (B, size) of preprocessed points (B, P, W), where ``mask`` (B, P) is True."""
        return ((self.raw(points, mask) - self.mean) / self.scale).clamp(-_FARTHEST_SUMMARY, _FARTHEST_SUMMARY)
