"""Training on all replicas of a true event at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jetgen.errors import DataError
from jetgen.torch import Batch, TrainingData
from jetgen.torch.training import Rows
from numpy.typing import NDArray
from torch import Tensor

from jetgen_cvae_slot_attention.events import AnswerPreprocessing
from jetgen_cvae_slot_attention.mirroring import mirrored
from jetgen_cvae_slot_attention.objectives import Objectives
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings

__all__ = ["Replicas", "replica_rows"]

_VALIDATED = 40  # events


class Replicas:
    """The rows of a training are true events: the places of their answers among all answers.

    Arguments:
        data: the answers.
        settings: how many answers to an event are looked at, and whether events are mirrored.
        known: the coordinates.
        objectives: the losses.

    Raises:
        DataError: if no event has so many.
    """

    def __init__(
        self,
        data: TrainingData,
        settings: CVAESlotAttentionSettings,
        known: AnswerPreprocessing,
        objectives: Objectives,
    ) -> None:
        self.answers, self.checks, self.objectives = data.rows, data.checks, objectives
        self.settings, self.known, replicas = settings, known, settings.replicas
        assert data.train.event is not None
        self.rows: Mapping[str, Rows] = {"replicas": torch.from_numpy(replica_rows(data.train.event, replicas))}
        self.device = data.ctx.device
        if not len(self.rows["replicas"]):
            most = int(np.bincount(data.train.event).max())
            mend = f"use loss=energy, which needs one, or replicas={max(2, most)}"
            msg = f"double-hungarian matches {replicas} answers to a true event, but none has more than {most}; {mend}"
            raise DataError(msg)
        assert data.val.event is not None
        few = data.val.event[: len(data.checks["multiplicity"])]
        self._validated = torch.from_numpy(replica_rows(few, replicas)[:_VALIDATED])

    @property
    def can_validate(self) -> bool:
        """Whether some validation event has enough answers."""
        return len(self._validated) > 0

    def loss(self, batch: Batch, rng: torch.Generator, done: float) -> Tensor:
        """That of the events of a batch."""
        answers = self._of_events(self.answers, batch["replicas"])
        if self.settings.mirroring:
            answers = mirrored(answers, self.known, rng, alike=self.settings.replicas)
        return self.objectives(answers, rng, done)

    def validate(self, rng: torch.Generator) -> float:
        """The mean loss of some validation events."""
        parts = torch.split(self._validated, 10)
        losses = [float(self.objectives(self._of_events(self.checks, one), rng, 1.0)) for one in parts]
        return sum(losses) / len(losses)

    def _of_events(self, answers: Mapping[str, Rows], rows: Tensor) -> Batch:
        index = rows.flatten().cpu()
        return Batch({name: each[index].to(self.device) for name, each in answers.items()})


def replica_rows(event: NDArray[np.int64], replicas: int) -> NDArray[np.int64]:
    """int64 (E, R), the places of the first R answers to each event that has so many."""
    order = np.argsort(event, kind="stable")
    _, first, count = np.unique(event[order], return_index=True, return_counts=True)
    starts = first[count >= replicas]
    return np.asarray(order[starts[:, None] + np.arange(replicas)], np.int64)
