"""The loss of flow matching along straight paths (arXiv:2210.02747)."""

from __future__ import annotations

import torch
from jetgen.torch import Batch
from jetgen.torch.training import even_times, normal
from torch import Tensor

from jetgen_mdma_flowmatch.coupling import couple
from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["noisy_summary", "point_loss"]


def point_loss(field: PointField, batch: Batch, rng: torch.Generator) -> Tensor:
    """The mean over all real points and their features of the squared error of the velocity."""
    settings, points, mask = field.settings, batch.points, batch.mask
    multiplicity = batch.multiplicity
    noise = normal(points.shape, rng)
    if settings.coupling:
        # Any of the clouds: a batch that is sorted by size begins with the small ones.
        rows = torch.randperm(len(points), generator=rng, device=rng.device)
        rows = rows[: round(settings.coupling * len(points))]
        noise = couple(noise, points, multiplicity, rows[multiplicity[rows] <= settings.coupling_largest])
    time = _times(len(points), settings.times, rng)
    target = None if field.summary is None else noisy_summary(field.summary(points, mask), settings, rng)
    at = time.view(-1, 1, 1)
    between = ((1 - at) * noise + at * points) * mask.unsqueeze(-1)
    velocity = field(time, between, mask, batch.conditioning, target)
    total: Tensor = ((velocity - (points - noise)).square() * mask.unsqueeze(-1)).sum()
    return total / (multiplicity.sum().clamp(min=1) * points.shape[2])


def noisy_summary(summary: Tensor, settings: MDMAFlowMatchSettings, rng: torch.Generator) -> Tensor:
    """A standardised summary with noise, as the network sees it: a summary that was drawn is never met exactly."""
    return summary + settings.summary_noise * normal(summary.shape, rng)


def _times(n: int, where: str, rng: torch.Generator) -> Tensor:
    if where == "logit-normal":
        return normal([n], rng).sigmoid()
    even = even_times(n, rng)
    return even if where == "uniform" else 1 - even**1.5
