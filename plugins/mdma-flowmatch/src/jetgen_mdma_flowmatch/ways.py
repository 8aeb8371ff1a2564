"""Where a trained network takes noise: ways that teach jumps without any randomness left in them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jetgen.torch import Batch
from jetgen.torch.nn import length_buckets
from jetgen.torch.nn.flow_map import Path
from jetgen.torch.nn.odes import Solver
from jetgen.torch.training import Ragged, Rows, even_times, mask_of, normal
from torch import Tensor

from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.matching import mean_error, mean_velocity, noisy_summary

__all__ = ["taught_path", "travelled", "way_loss"]

_STOPS = 4
_EVALUATIONS = 4
"""Of the network from one stop to the next, by the midpoint rule."""


@torch.inference_mode()
def travelled(
    field: PointField, rows: Mapping[str, Rows], number: int, batch_points: int, seed: int
) -> dict[str, Rows]:
    """The rows of a training with ``number`` ways of new noise for each cloud, of its multiplicity and summary.

    ``ways`` are ragged (total, number stops F), where the points are at the times 0, 1/4, ... 1; ``summaries`` are
    (N, number S), what the network was told.
    """
    points, conditioning, sizes = rows["points"], rows["conditioning"], rows["multiplicity"]
    assert isinstance(points, Ragged)
    assert isinstance(conditioning, Tensor)
    assert isinstance(sizes, Tensor)
    device = next(field.parameters()).device
    rng, width = torch.Generator(device).manual_seed(seed), field.features
    known = 0 if field.summary is None else field.summary.size
    ways = Ragged(points.values.new_zeros(len(points.values), number * (_STOPS + 1) * width), points.offsets)
    summaries = torch.zeros(len(sizes), number * known)
    for bucket in length_buckets(sizes.numpy(), points=batch_points):
        index = torch.from_numpy(bucket)
        jets = points[index].to(device)
        mask, given = mask_of(sizes[index], jets.shape[1]).to(device), conditioning[index].to(device)
        states, told = [], []
        for _ in range(number):
            target = None if field.summary is None else noisy_summary(field.summary(jets, mask), field.settings, rng)
            told += [] if target is None else [target]
            states += _way(field, normal(jets.shape, rng) * mask.unsqueeze(-1), mask, given, target)
        ways[index] = torch.cat(states, 2).cpu()
        if told:
            summaries[index] = torch.cat(told, 1).cpu()
    return {**rows, "ways": ways, "summaries": summaries}


def way_loss(field: PointField, batch: Batch, rng: torch.Generator) -> Tensor:
    """The mean over all real points and their features of the squared error of the mean velocity of a part of a way."""
    path, target = taught_path(batch, field.features, rng, straight=field.settings.flow_map == "reflow")
    found = mean_velocity(field, batch.mask, batch.conditioning, target)(path.state, path.start, path.end)
    return mean_error((found - path.velocity).square(), batch)


def _way(field: PointField, state: Tensor, mask: Tensor, conditioning: Tensor, target: Tensor | None) -> list[Tensor]:
    """The states at all stops."""
    states, part = [state], 1 / _STOPS
    for stop in range(_STOPS):

        def onward(time: Tensor, state: Tensor, stop: int = stop) -> Tensor:
            now = (part * (stop + time)).expand(len(state))
            velocity: Tensor = field(now, state, mask, conditioning, target)
            return part * velocity

        states.append(Solver("midpoint", _EVALUATIONS).solve(onward, states[-1]))
    return states


def taught_path(batch: Batch, width: int, rng: torch.Generator, *, straight: bool) -> tuple[Path, Tensor | None]:
    """A part of one way of each cloud, whose mean velocity is known, and the summary that the network was told.

    Arguments:
        width: numbers of a point.
        straight: from any time to a later one of the straight line between the ends of the way, as in reflow
            (arXiv:2209.03003); else from stop to stop (arXiv:2101.02388).
    """
    clouds = len(batch)
    ways = batch["ways"].view(clouds, -1, batch["ways"].shape[2] // (width * (_STOPS + 1)), _STOPS + 1, width)
    number = ways.shape[2]
    one = int(torch.randint(number, (1,), generator=rng, device=rng.device))
    ways, told = ways[:, :, one], batch["summaries"].chunk(number, 1)[one]
    target = told if told.shape[1] else None
    if straight:
        velocity = ways[:, :, -1] - ways[:, :, 0]
        start = even_times(clouds, rng)
        end = start + (1 - start) * torch.rand(clouds, generator=rng, device=rng.device)
        return Path(ways[:, :, 0] + start.view(-1, 1, 1) * velocity, start, end, velocity), target
    pairs = torch.combinations(torch.arange(_STOPS + 1, device=rng.device))
    first, last = pairs[torch.randint(len(pairs), (clouds,), generator=rng, device=rng.device)].T
    rows = torch.arange(clouds, device=rng.device)
    here, there = ways[rows, :, first], ways[rows, :, last]
    start, end = first / _STOPS, last / _STOPS
    return Path(here, start, end, (there - here) / (end - start).view(-1, 1, 1)), target
