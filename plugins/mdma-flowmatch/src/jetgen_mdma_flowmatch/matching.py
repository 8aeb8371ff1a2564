"""The losses of flow matching along straight paths (arXiv:2210.02747), for points and for summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jetgen.training import mask_of
from torch import Tensor

from jetgen_mdma_flowmatch.coupling import couple
from jetgen_mdma_flowmatch.fields import PointField, SummaryField
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["blurred", "normal", "point_loss", "summary_loss"]


def point_loss(
    field: PointField, batch: Mapping[str, Tensor], generator: torch.Generator, mirrored: Sequence[int]
) -> Tensor:
    """The mean over all real points and their features of the squared error of the velocity.

    Arguments:
        batch: padded ``points`` (B, P, F), their ``counts`` (B,) and the encoded ``context`` (B, C).
        mirrored: columns whose sign is drawn for each cloud anew.
    """
    settings, counts = field.settings, batch["counts"]
    points = _mirror(batch["points"], mirrored, generator)
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
    velocity = field(time, between, mask, counts, batch["context"], target)
    total: Tensor = ((velocity - (points - noise)).square() * mask.unsqueeze(-1)).sum()
    return total / (counts.sum().clamp(min=1) * points.shape[2])


def summary_loss(
    field: SummaryField,
    batch: Mapping[str, Tensor],
    generator: torch.Generator,
    mirrored: Sequence[int],
) -> Tensor:
    """The mean squared error of the velocity of the scores of summaries, ``summary`` (B, 4) in ``batch``."""
    summary = _mirror(batch["summary"].unsqueeze(1), mirrored, generator).squeeze(1)
    noise = normal(summary.shape, generator)
    time = _times(len(summary), "uniform", generator)
    at = time.unsqueeze(1)
    velocity = field(time, (1 - at) * noise + at * summary, batch["counts"], batch["context"])
    mean: Tensor = (velocity - (summary - noise)).square().mean()
    return mean


def blurred(summary: Tensor, settings: MDMAFlowMatchSettings, generator: torch.Generator) -> Tensor:
    """A summary as the network is told of it: with a blur, for what it is asked to hit shall not be a point."""
    return summary + settings.summary_noise * normal(summary.shape, generator)


def _mirror(points: Tensor, columns: Sequence[int], generator: torch.Generator) -> Tensor:
    if not columns:
        return points
    signs = torch.ones(len(points), 1, points.shape[2], device=points.device)
    heads = torch.rand(len(points), 1, len(columns), generator=generator, device=points.device) < 0.5
    signs[..., list(columns)] = torch.where(heads, -1.0, 1.0)
    return points * signs


def normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Standard normal numbers on the device of ``generator``."""
    return torch.randn(shape, generator=generator, device=generator.device)


def _times(n: int, where: str, generator: torch.Generator) -> Tensor:
    if where == "logit-normal":
        return normal([n], generator).sigmoid()
    # An even grid with one random shift instead of n independent times: the same mean loss with less noise.
    places = torch.randperm(n, generator=generator, device=generator.device)
    even = (places / n + torch.rand(1, generator=generator, device=generator.device)) % 1
    return even if where == "uniform" else 1 - even**1.5
