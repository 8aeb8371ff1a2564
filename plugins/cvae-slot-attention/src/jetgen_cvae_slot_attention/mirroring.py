"""True events and their answers mirrored at the centre of the event: a detector is the same on both sides."""

from __future__ import annotations

import torch
from jetgen.torch import Batch
from jetgen.torch.training import mirror_signs

from jetgen_cvae_slot_attention.events import AnswerPreprocessing

__all__ = ["mirrored"]


def mirrored(batch: Batch, known: AnswerPreprocessing, rng: torch.Generator, alike: int = 1) -> Batch:
    """Each direction of each event mirrored or not, at random, together with those of its answer.

    Arguments:
        batch: answers.
        known: the coordinates; those that are relative to the centre of an event are mirrored.
        rng: tosses the coins.
        alike: how many answers in a row are mirrored alike, because they answer the same event.
    """
    layout, width = known.layout, known.features
    signs = mirror_signs(len(batch) // alike, width, known.moving, rng).repeat_interleave(alike, 0)
    padded = batch.conditioning[:, :-1].view(len(batch), layout.slots, -1).clone()
    placed = slice(width, width + len(known.placed))
    padded[..., :width] *= signs
    padded[..., placed] *= signs[..., known.placed]
    packed = torch.cat([padded.flatten(1), batch.conditioning[:, -1:]], 1)
    return Batch({**batch.rows, "points": batch.points * signs, "conditioning": packed})
