"""Make or fetch the clouds of a dataset, and look whether they are what its spec says."""

from __future__ import annotations

from typing import get_args

from jetgen.api.context import RunContext
from jetgen.api.protocols import Dataset, Split
from jetgen.data.checks import check_truth

__all__ = ["prepare"]

_LOOK = 2000  # clouds of each split: units are wrong everywhere, and reading all would take minutes


def prepare(dataset: Dataset, label: str, ctx: RunContext) -> dict[str, int]:
    """Prepare the dataset and check the first clouds of each split; the number of clouds by split.

    Raises:
        DataError: if the clouds cannot be had, or are not what the spec of the dataset says.
    """
    dataset.prepare(ctx)
    counts = {}
    for split in get_args(Split):
        source = dataset.load(split)
        check_truth(source[:_LOOK], dataset.spec, f"{label}, {split}")
        counts[split] = len(source)
    return counts
