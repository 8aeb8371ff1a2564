"""The loss of flow matching along straight paths (arXiv:2210.02747)."""

from __future__ import annotations

import torch
from jetgen.torch import Batch
from jetgen.torch.nn.flow_map import TARGETS, MeanVelocity, Path
from jetgen.torch.training import even_times, normal
from torch import Tensor

from jetgen_mdma_flowmatch.coupling import couple
from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["jump_loss", "mean_error", "mean_velocity", "noisy_summary", "point_loss"]


def point_loss(field: PointField, batch: Batch, rng: torch.Generator) -> Tensor:
    """The mean over all real points and their features of the squared error of the velocity."""
    path, target = _paths(field, batch, rng)
    velocity = field(path.start, path.state, batch.mask, batch.conditioning, target)
    return mean_error((velocity - path.velocity).square(), batch)


def jump_loss(field: PointField, batch: Batch, rng: torch.Generator, done: float) -> Tensor:
    """The same, but some clouds teach the mean velocity until a later time.

    Arguments:
        done: the part of the training of jumps that is done.
    """
    settings, clouds = field.settings, len(batch)
    assert settings.flow_map in TARGETS
    path, target = _paths(field, batch, rng)
    first, last = settings.map_alpha
    alpha = first * (last / first) ** done
    rows = torch.randperm(clouds, generator=rng, device=rng.device)[: round(settings.map_share * clouds)]
    part = torch.rand(len(rows), generator=rng, device=rng.device)
    path.end[rows] += part * (1 - path.start[rows])
    wanted, weight = path.velocity.clone(), torch.ones(clouds, 1, 1, device=rng.device)
    told = None if target is None else target[rows]
    with torch.no_grad():
        now = mean_velocity(field, batch.mask[rows], batch.conditioning[rows], told)
        wanted[rows] = TARGETS[settings.flow_map](now, path[rows], alpha)
    if settings.flow_map == "alpha":
        weight[rows] = 1 / alpha  # else the gradient of these clouds would fade with alpha
    found = mean_velocity(field, batch.mask, batch.conditioning, target)(path.state, path.start, path.end)
    return mean_error(weight * (found - wanted).square(), batch)


def mean_velocity(field: PointField, mask: Tensor, conditioning: Tensor, target: Tensor | None) -> MeanVelocity:
    """The mean velocity of these clouds, as a function of their points and two times."""
    return lambda state, start, end: field(start, state, mask, conditioning, target, end)


def mean_error(errors: Tensor, batch: Batch) -> Tensor:
    """The mean of (B, P, F) over all real points and their features."""
    total: Tensor = (errors * batch.mask.unsqueeze(-1)).sum()
    return total / (batch.multiplicity.sum().clamp(min=1) * errors.shape[2])


def _paths(field: PointField, batch: Batch, rng: torch.Generator) -> tuple[Path, Tensor | None]:
    """A point of the straight path of each cloud, and the summary that the network is told."""
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
    return Path(between, time, time.clone(), points - noise), target


def noisy_summary(summary: Tensor, settings: MDMAFlowMatchSettings, rng: torch.Generator) -> Tensor:
    """A standardised summary with noise, as the network sees it: a summary that was drawn is never met exactly."""
    return summary + settings.summary_noise * normal(summary.shape, rng)


def _times(n: int, where: str, rng: torch.Generator) -> Tensor:
    if where == "logit-normal":
        return normal([n], rng).sigmoid()
    even = even_times(n, rng)
    return even if where == "uniform" else 1 - even**1.5
