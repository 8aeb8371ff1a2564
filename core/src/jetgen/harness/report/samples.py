"""The generated clouds of a finished cell, and the truth that its metrics compare them with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, Dataset
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.datasets.preparing import prepare
from jetgen.errors import UsageError
from jetgen.harness.planning.registered import refuse_unregistered
from jetgen.harness.store.plan import CellPlan, Plan, cell_folder
from jetgen.harness.store.row import read_row
from jetgen.io.cloud_file import open_clouds
from jetgen.references.specs import replay
from jetgen.registry import Registry, load_target

__all__ = ["CellSamples", "cell_samples", "first_draw", "true_clouds"]


@dataclass(frozen=True)
class CellSamples:
    """The first draw of a cell beside the test clouds of its dataset, equally many of both."""

    spec: CloudSpec
    real: Clouds
    fake: Clouds


def cell_samples(run: Path, plan: Plan, cell_id: str, registry: Registry) -> CellSamples:
    """The clouds of a cell; of a dataset that is not in the cache any more, the clouds are made again.

    Raises:
        UsageError: if the run has no such cell, or it has no generated clouds of its own.
        PluginError: if its dataset is not installed as it was.
        DataError: if a file is damaged.
    """
    cell = plan.cell(cell_id)
    path = cell_folder(run, cell_id) / "samples.h5"
    reason = _nothing_to_see(run, cell, path)
    if reason is not None:
        raise UsageError(reason)
    test = true_clouds(cell, registry)
    fake = first_draw(path, len(test))
    return CellSamples(cell.dataset.spec, test[: len(fake)], fake)


def true_clouds(cell: CellPlan, registry: Registry) -> CloudSource:
    """The test clouds of the dataset of a cell, made again if they are not in the cache any more.

    Raises:
        PluginError: if the dataset is not installed as it was.
        DataError: if a file is damaged.
    """
    alone = {"generator": None, "metrics": (), "skip": None, "unloadable": None}
    refuse_unregistered([cell.model_copy(update=alone)], registry)
    planned = cell.dataset
    cls: Any = load_target(planned.target)
    dataset: Dataset = cls.create(planned.size, **planned.options)
    prepare(dataset, planned.label, RunContext())
    return dataset.load("test")


def first_draw(path: Path, n: int) -> Clouds:
    """The first ``n`` generated clouds of a cell.

    Raises:
        DataError: if the file is damaged.
    """
    with open_clouds(path) as samples:
        return samples[: min(n, len(samples))]


def _nothing_to_see(run: Path, cell: CellPlan, path: Path) -> str | None:
    """Why there are no generated clouds to look at, in one sentence; None if there are."""
    if cell.generator is None:
        return (
            f"{cell.id} is the floor, truth against truth: name the cell of a model; `jetbench status {run}` lists them"
        )
    if cell.generator.target == replay.target:
        return f"{cell.id} hands true clouds back, so there is nothing to see; name the cell of a model"
    if path.exists():
        return None
    row = read_row(run, cell)
    if row is None:
        return f"{cell.id} has no samples yet: `jetbench cell {run} {cell.id}` makes them"
    if row.scored:
        return f"{path} is gone; the same `jetbench run` makes it again"
    return f"{cell.id} has no samples, it is {row.status} ({row.error}); `jetbench why {run} {cell.id}` says more"
