"""What is trained and kept: the network that makes points, and the small flow that draws the summary of a jet."""

from __future__ import annotations

import torch
from jetgen.torch import Noise, NoiseShape
from jetgen.torch.clouds import JetSummary
from jetgen.torch.clouds.summary_flow import SummaryFlow
from torch import Tensor, nn

from jetgen_mdma_gan.networks import PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["Model"]

_FREQUENCIES = 5


class Model(nn.Module):
    """The networks of the generator.

    Arguments:
        settings: all of them.
        features: numbers of a preprocessed point.
        conditioning: numbers of the encoded conditioning.
        sizes: of the clouds.
        observer: what summarises a jet; None for clouds without a summary.
        mirrored: columns that a generated jet is mirrored in, at random.
    """

    def __init__(
        self,
        settings: MDMAGANSettings,
        features: int,
        conditioning: int,
        sizes: Sizes,
        observer: JetSummary | None,
        mirrored: list[int],
    ) -> None:
        super().__init__()
        self.sizes, self.mirrored, self.features = sizes, mirrored, features
        self.summary: SummaryFlow | None = None
        if observer is not None:
            self.summary = SummaryFlow(
                observer.size,
                conditioning=conditioning,
                largest=sizes.largest,
                hidden=settings.summary_hidden,
                frequencies=_FREQUENCIES,
            )
        self.points = PointGenerator(settings, features, conditioning, sizes, observer)

    @property
    def noise_shape(self) -> NoiseShape:
        """Of a cloud: what all its points share, the start of its summary, and on which sides it lies."""
        summary = 0 if self.summary is None else self.summary.size
        return NoiseShape(self.points.noise, self.points.cloud_noise + summary + len(self.mirrored))

    def draw(self, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """Preprocessed points (B, P, W)."""
        condition = self.sizes.condition(mask, conditioning)
        summary = 0 if self.summary is None else self.summary.size
        parts = [self.points.cloud_noise, summary, len(self.mirrored)]
        shared, start, sides = torch.split(noise.cloud, parts, 1)
        if self.summary is not None:
            condition = condition._replace(summary=self.summary.draw(start, mask.sum(1), conditioning))
        points: Tensor = self.points(noise.points, shared, condition)
        signs = points.new_ones(len(points), 1, self.features)
        signs[:, 0, self.mirrored] = torch.where(sides < 0, -1.0, 1.0)
        return points * signs
