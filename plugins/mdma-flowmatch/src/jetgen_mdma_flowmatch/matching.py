"""The loss of flow matching along straight paths (arXiv:2210.02747)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jetgen.torch.training import even_times, mask_of, mirror_signs, normal
from torch import Tensor

from jetgen_mdma_flowmatch.coupling import couple
from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["blurred", "point_loss"]


def point_loss(
    field: PointField, batch: Mapping[str, Tensor], generator: torch.Generator, mirrored: Sequence[int]
) -> Tensor:
    """The mean over all real points and their features of the squared error of the velocity.

    Arguments:
        batch: padded ``points`` (B, P, F), their ``counts`` (B,) and the encoded ``conditioning`` (B, C).
        mirrored: columns whose sign is drawn for each cloud anew.
    """
    settings, counts = field.settings, batch["counts"]
    points = batch["points"]
    points = points * mirror_signs(len(points), points.shape[2], mirrored, generator)
    mask = mask_of(counts, points.shape[1])
    noise = normal(points.shape, generator)
    if settings.coupling:
        # Any of the clouds: a batch that is sorted by size begins with the small ones.
        rows = torch.randperm(len(points), generator=generator, device=generator.device)
        rows = rows[: round(settings.coupling * len(points))]
        noise = couple(noise, points, counts, rows[counts[rows] <= settings.coupling_largest])
    time = _times(len(points), settings.times, generator)
    target = None if field.summary is None else blurred(field.summary(points, mask), settings, generator)
    at = time.view(-1, 1, 1)
    between = ((1 - at) * noise + at * points) * mask.unsqueeze(-1)
    velocity = field(time, between, mask, counts, batch["conditioning"], target)
    total: Tensor = ((velocity - (points - noise)).square() * mask.unsqueeze(-1)).sum()
    return total / (counts.sum().clamp(min=1) * points.shape[2])


def blurred(summary: Tensor, settings: MDMAFlowMatchSettings, generator: torch.Generator) -> Tensor:
    """A summary as the network is told of it: with a blur, for what it is asked to hit shall not be a point."""
    return summary + settings.summary_noise * normal(summary.shape, generator)


def _times(n: int, where: str, generator: torch.Generator) -> Tensor:
    if where == "logit-normal":
        return normal([n], generator).sigmoid()
    even = even_times(n, generator)
    return even if where == "uniform" else 1 - even**1.5
