"""What a training consists of: phases, and in each phase the updates of every step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from jetgen.errors import TrainingError
from jetgen.torch.training.ragged import Ragged, Rows
from jetgen.torch.training.schedules import Schedule, constant

__all__ = ["Phase", "Step", "Update"]


@dataclass(frozen=True)
class Step:
    """What a loss is given.

    Arguments:
        batch: some rows of each tensor of the data; ragged ones are padded with zeros to the longest of the batch.
        number, of: this step of the phase, from 0, and the number of its steps.
        generator: for every random number of the loss, on the device of the data.
    """

    batch: Mapping[str, Tensor]
    number: int
    of: int
    generator: torch.Generator


@dataclass(frozen=True)
class Update:
    """The turn of one optimiser inside a step.

    Arguments:
        name: unique in its phase.
        trains: names of the modules whose parameters it changes; in its loss all others are constants.
        loss: a scalar to descend on.
        optimiser: makes the optimiser from the parameters, for example ``partial(torch.optim.AdamW, lr=1e-3)``.
        schedule: the factor on the learning rate, by step.
        every: take a turn at each ``every``-th step only.
        repeat: how many times in a row, each with a batch of its own (a critic may take 4 turns per generator step).
        clip: the largest norm of the gradient.
    """

    name: str
    trains: tuple[str, ...]
    loss: Callable[[Step], Tensor]
    optimiser: Callable[[list[nn.Parameter]], torch.optim.Optimizer]
    schedule: Schedule = constant
    every: int = 1
    repeat: int = 1
    clip: float = math.inf


@dataclass(frozen=True)
class Phase:
    """A part of a training with its own steps and updates. What an earlier phase learnt stays in the modules.

    When the phase ends, its modules take their best validated weights, or else those of their EMA, or else their last.

    Arguments:
        name: unique in the training.
        steps: how many; a fixed number, never seconds.
        batch_size: rows drawn for each turn of an update, without replacement inside an epoch.
        updates: what happens in each step, in order.
        ema: decay of the moving average of the weights, by name of the module.
        validate: a score of the modules as they would be kept, lower is better; its generator is the same every time.
        validate_every: steps between validations; the last step is always validated.
        buckets: the ragged rows, or the int64 tensor of lengths, by which batches are made of rows of similar length:
            a name in the data. Empty: chance alone chooses the rows of a batch.
        bucket_pool: the number of shuffled batches that are sorted by length together.
        uses: the names in the data that its losses look at, so that nothing else is gathered; empty for all.
    """

    name: str
    steps: int
    batch_size: int
    updates: tuple[Update, ...]
    ema: Mapping[str, float] = field(default_factory=dict)
    validate: Callable[[torch.Generator], float] | None = None
    validate_every: int = 1000
    buckets: str = ""
    bucket_pool: int = 16
    uses: tuple[str, ...] = ()

    @property
    def trains(self) -> tuple[str, ...]:
        """The names of the modules that some update of the phase changes, each once."""
        return tuple(dict.fromkeys(name for update in self.updates for name in update.trains))

    def used(self, data: Mapping[str, Rows]) -> Mapping[str, Rows]:
        """The part of the data that the losses look at.

        Raises:
            TrainingError: if ``uses`` names something that is not there.
        """
        missing = [name for name in self.uses if name not in data]
        if missing:
            msg = f"phase {self.name!r} uses {missing[0]!r}, which is not in the training data: {', '.join(data)}"
            raise TrainingError(msg)
        return {name: data[name] for name in self.uses or data}

    def lengths(self, data: Mapping[str, Rows]) -> Tensor | None:
        """The length of each row, by which the rows are bucketed; None if they are not.

        Raises:
            TrainingError: if ``buckets`` does not name lengths in the data.
        """
        if not self.buckets:
            return None
        rows = data.get(self.buckets)
        lengths = rows.lengths if isinstance(rows, Ragged) else rows
        if lengths is None or lengths.dtype != torch.int64 or lengths.ndim != 1:
            msg = (
                f"phase {self.name!r} buckets its rows by {self.buckets!r}, but the training data have neither ragged "
                f"rows nor int64 lengths of that name; they have {', '.join(data)}"
            )
            raise TrainingError(msg)
        return lengths
