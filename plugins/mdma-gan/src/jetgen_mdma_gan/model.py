"""What is trained and kept: the network that makes points, and the small flow that says what a jet is as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jetgen.data.jets import has_relative
from jetgen.torch.clouds import CloudCoding, draw_points
from jetgen.torch.clouds.cloud_coding import mirrored_columns
from jetgen.torch.clouds.drawing import Make
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.summaries import learn_summaries
from jetgen.torch.clouds.summary_flow import SummaryFlow
from jetgen.torch.training import mirror_signs, normal
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen_mdma_gan.networks import PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["Model"]

_FREQUENCIES = 5


class Model(nn.Module):
    """The networks of the generator.

    Arguments:
        settings: all of them.
        coding: fitted to the training clouds.
        sizes: of these.
    """

    def __init__(self, settings: MDMAGANSettings, coding: CloudCoding, sizes: Sizes) -> None:
        super().__init__()
        self.settings, self.sizes = settings, sizes
        self.mirrored = mirrored_columns(settings, coding.spec)
        width, conditioning = coding.points.width, coding.conditioning.width
        observer, self.summary = None, None
        if settings.summary and has_relative(coding.spec):
            observer = JetSummary(coding.spec, coding.points.features)
            self.summary = SummaryFlow(
                observer.size,
                conditioning=conditioning,
                largest=sizes.largest,
                hidden=settings.summary_hidden,
                frequencies=_FREQUENCIES,
            )
        self.points = PointGenerator(settings, width, conditioning, sizes.typical, observer)

    def learnt(self, rows: Mapping[str, Any]) -> dict[str, Tensor]:
        """The rows ``summary`` that the small flow learns; scales and quantiles of summaries are fitted to ``rows``."""
        if self.summary is None or self.points.observer is None:
            return {}
        mirrored, points = bool(self.mirrored), self.settings.batch_points
        return {
            "summary": learn_summaries(self.points.observer, self.summary, rows, mirrored=mirrored, batch_points=points)
        }

    def draw(
        self,
        counts: NDArray[np.int64],
        conditioning: NDArray[np.float32],
        *,
        seed: int,
        device: str,
        batch_points: int,
        progress: Callable[[int], None] | None = None,
    ) -> NDArray[np.float32]:
        """The coded points (total, W) of clouds of these sizes for an encoded conditioning (N, C), one after the other.

        Arguments:
            batch_points: padded points computed at once.
            progress: is told how many clouds there are by now.
        """
        return draw_points(
            self._begin,
            counts,
            conditioning,
            noise=self.points.noise,
            width=self.points.out.out_features,
            seed=seed,
            device=device,
            batch_points=batch_points,
            progress=progress,
        )

    def _begin(self, counts: Tensor, conditioning: Tensor, generator: torch.Generator) -> Make:
        shared = normal([len(counts), self.points.cloud_noise], generator)
        sides = mirror_signs(len(counts), self.points.out.out_features, self.mirrored, generator)
        summary = None
        if self.summary is not None:
            summary = self.summary.draw(normal([len(counts), self.summary.size], generator), counts, conditioning)

        def make(noise: Tensor, index: Tensor) -> Tensor:
            told = self.sizes.told(counts[index], conditioning[index], noise.shape[1], published=self.points.published)
            told = told._replace(summary=None if summary is None else summary[index])
            points: Tensor = self.points(noise, shared[index], told)
            return points * sides[index]

        return make
