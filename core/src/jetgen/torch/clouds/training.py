"""What a training of clouds is made of: the batch that a loss is given, the data, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from jetgen.api.context import RunContext
from jetgen.api.protocols import FitReport
from jetgen.data.clouds import Clouds
from jetgen.torch.nn.buckets import length_buckets
from jetgen.torch.training.phases import Phase
from jetgen.torch.training.ragged import Rows, mask_of

__all__ = ["Batch", "BatchLoss", "TrainingData", "TrainingPlan", "mean_loss", "report_unchanged", "some_padded"]

# Enough clouds for the mean and the spread of a summary.
_SOME = 1000


class Batch:
    """Some preprocessed clouds, padded with zeros to the largest of them.

    Arguments:
        rows: by name; :meth:`__getitem__` gives those that an own preprocessing adds.
    """

    def __init__(self, rows: Mapping[str, Tensor]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.multiplicity)

    def __getitem__(self, name: str) -> Tensor:
        return self.rows[name]

    @property
    def points(self) -> Tensor:
        """(B, P, W)."""
        return self.rows["points"]

    @property
    def multiplicity(self) -> Tensor:
        """int64 (B,)."""
        return self.rows["multiplicity"]

    @property
    def mask(self) -> Tensor:
        """(B, P), True at points."""
        return mask_of(self.multiplicity, self.points.shape[1])

    @property
    def conditioning(self) -> Tensor:
        """(B, C), encoded; C may be 0."""
        return self.rows["conditioning"]


BatchLoss = Callable[[Batch, torch.Generator, float], Tensor]
"""A scalar, a mean over the points of a batch, from a batch, randomness, and which part of the training is done."""


@dataclass(frozen=True)
class TrainingData:
    """What a plan may look at.

    Arguments:
        train, val: the clouds in their units; the validation clouds may be none.
        rows, checks: the same, preprocessed, those with at least one point.
        ctx: seeds, device and listener of the training.
        mean_multiplicity: of the training clouds.
    """

    train: Clouds
    val: Clouds
    rows: Mapping[str, Rows]
    checks: Mapping[str, Rows]
    ctx: RunContext
    mean_multiplicity: float


def report_unchanged(report: FitReport) -> FitReport:
    """Nothing is added to what the training says."""
    return report


@dataclass(frozen=True)
class TrainingPlan:
    """The modules to train by name, the rows to train on, and the phases; see :func:`jetgen.torch.training.fit`.

    Arguments:
        finish: looks at the report of a training that ended; it may add to it, or raise a ``TrainingError``.
    """

    modules: Mapping[str, nn.Module]
    rows: Mapping[str, Rows]
    phases: Sequence[Phase]
    finish: Callable[[FitReport], FitReport] = field(default=report_unchanged)


def some_padded(rows: Mapping[str, Rows]) -> tuple[Tensor, Tensor]:
    """The preprocessed points (N, P, W) of the first thousand clouds, and their mask (N, P)."""
    some = torch.arange(min(_SOME, len(rows["multiplicity"])))
    points = rows["points"][some]
    return points, mask_of(rows["multiplicity"][some], points.shape[1])


def mean_loss(
    loss: Callable[[Batch, torch.Generator], Tensor],
    rows: Mapping[str, Rows],
    rng: torch.Generator,
    *,
    device: str,
    batch_points: int,
) -> float:
    """The mean of a loss over the points of all rows, in batches of clouds of similar size.

    Arguments:
        loss: a mean over the points of a batch.
        rng: for every random number, in a fixed order: the same ``rng`` gives the same mean.
    """
    sizes = rows["multiplicity"]
    assert isinstance(sizes, Tensor)
    total, weight = 0.0, 0
    for index in length_buckets(sizes.cpu().numpy(), points=batch_points):
        chosen = torch.from_numpy(index)
        batch = Batch({name: each[chosen].to(device) for name, each in rows.items()})
        points = int(batch.multiplicity.sum())
        total, weight = total + float(loss(batch, rng)) * points, weight + points
    return total / max(1, weight)
