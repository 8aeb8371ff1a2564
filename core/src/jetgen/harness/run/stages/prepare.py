"""Prepare: the data are made or fetched, so that no model pays for them."""

from __future__ import annotations

from typing import Any

from jetgen.datasets.preparing import prepare as prepare_clouds
from jetgen.errors import DataError
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.io.json_objects import digest

__all__ = ["prepare"]


def prepare(stage: StageContext) -> dict[str, Any]:
    """Prepare the dataset and say how many clouds each split has.

    Raises:
        DataError: if the data are no longer those of the plan (every row of a run is about the same clouds), or are not
            what their spec says.
    """
    dataset, planned = stage.dataset(), stage.cell.dataset
    stage.begin()
    if digest(dict(dataset.recipe())) != digest(planned.recipe):
        msg = f"{planned.label} has changed since the plan was made; plan anew with jetbench run"
        raise DataError(msg)
    return {"counts": prepare_clouds(dataset, planned.label, stage.context)}
