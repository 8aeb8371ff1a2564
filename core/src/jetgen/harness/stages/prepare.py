"""Prepare: the data are made or fetched, so that no model pays for them."""

from __future__ import annotations

from typing import Any

from jetgen.harness.stages.work import Work

__all__ = ["prepare"]


def prepare(work: Work) -> dict[str, Any]:
    """Prepare the dataset and say how many clouds each split has."""
    dataset = work.dataset()
    work.begin()
    dataset.prepare(work.context)
    return {"counts": {split: len(dataset.load(split)) for split in ("train", "val", "test")}}
