"""Learning what clouds are as a whole: their summaries among the training rows, and the phase of the small flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from jetgen.api.torch_settings import SummarySettings
from jetgen.data.spec import CloudSpec
from jetgen.torch.clouds.jet_summary import CENTRE, JetSummary
from jetgen.torch.clouds.preprocessing import mirrored_columns
from jetgen.torch.clouds.summary_flow import SummaryFlow
from jetgen.torch.nn.buckets import length_buckets
from jetgen.torch.training.phases import Phase, Step, Update
from jetgen.torch.training.ragged import Ragged, Rows, mask_of
from jetgen.torch.training.randomness import even_times, mirror_signs, normal
from jetgen.torch.training.schedules import warmup_cosine

__all__ = ["learn_summaries", "summary_loss", "summary_phase", "summary_training"]


def summary_training(
    observer: JetSummary, flow: SummaryFlow, settings: SummarySettings, spec: CloudSpec, rows: Mapping[str, Rows]
) -> tuple[dict[str, Rows], Phase]:
    """The rows of a training with the row ``summary``, and the phase that trains ``flow``, the module ``summary``."""
    mirrored = bool(mirrored_columns(settings, spec))
    found = learn_summaries(observer, flow, rows, mirrored=mirrored, batch_points=settings.batch_points)
    return {**rows, "summary": found}, summary_phase(flow, settings, mirrored=mirrored)


def learn_summaries(
    observer: JetSummary, flow: SummaryFlow, rows: Mapping[str, Any], *, mirrored: bool, batch_points: int
) -> Tensor:
    """The normal scores (N, 4) of the summaries of training jets; scales and quantiles are fitted to them.

    Arguments:
        rows: of :meth:`jetgen.torch.clouds.CloudPreprocessing.rows`.
        mirrored: jets are mirrored in the training.
        batch_points: padded points looked at at once.
    """
    points: Ragged = rows["points"]
    raw = torch.zeros(len(points), observer.size)
    for batch in length_buckets(points.lengths.numpy(), points=batch_points):
        index = torch.from_numpy(batch)
        padded = points[index]
        raw[index] = observer.raw(padded, mask_of(points.lengths[index], padded.shape[1]))
    observer.fit(raw, mirrored=mirrored)
    flow.scores.fit(raw, CENTRE if mirrored else [])
    scores: Tensor = flow.scores(raw)[0]
    return scores


def summary_phase(flow: SummaryFlow, settings: SummarySettings, *, mirrored: bool) -> Phase:
    """The training of the module ``summary`` on the rows ``summary``, ``multiplicity`` and ``conditioning``."""

    def loss(step: Step) -> Tensor:
        return summary_loss(flow, step.batch, step.generator, CENTRE if mirrored else [])

    steps = settings.summary_steps
    optimiser = partial(torch.optim.AdamW, lr=settings.summary_rate, weight_decay=settings.weight_decay, fused=True)
    schedule = warmup_cosine(steps, min(settings.warmup, steps // 10))
    return Phase(
        "summary",
        steps,
        settings.summary_batch,
        (Update("summary", ("summary",), loss, optimiser, schedule),),
        ema={"summary": settings.ema} if settings.ema else {},
        uses=("summary", "multiplicity", "conditioning"),
    )


def summary_loss(
    flow: SummaryFlow, batch: Mapping[str, Tensor], generator: torch.Generator, mirrored: Sequence[int]
) -> Tensor:
    """The mean squared error of the velocity of scores, ``summary`` (B, 4) in ``batch``, along straight paths."""
    scores = batch["summary"]
    scores = scores * mirror_signs(len(scores), scores.shape[1], mirrored, generator).squeeze(1)
    noise = normal(scores.shape, generator)
    time = even_times(len(scores), generator)
    at = time.unsqueeze(1)
    velocity = flow(time, (1 - at) * noise + at * scores, batch["multiplicity"], batch["conditioning"])
    mean: Tensor = (velocity - (scores - noise)).square().mean()
    return mean
