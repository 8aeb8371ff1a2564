"""``jetgen.evaluate``: metrics of generated against true clouds, by name where they have one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

from jetgen.api.protocols import CloudSource
from jetgen.api.specs import MetricSpec
from jetgen.data.spec import CloudSpec
from jetgen.datasets.naming import named_file
from jetgen.evaluation.evaluate import Evaluation
from jetgen.evaluation.evaluate import evaluate as evaluate_clouds
from jetgen.notebook.datasets import DatasetHandle, dataset

__all__ = ["evaluate"]

_Clouds: TypeAlias = CloudSource | Path | str


def evaluate(
    real: DatasetHandle | CloudSource | Path | str,
    fake: CloudSource | Path | str,
    metrics: Sequence[str | MetricSpec] | str = "standard",
    spec: CloudSpec | None = None,
    train: DatasetHandle | CloudSource | Path | str | None = None,
    **more: Any,
) -> Evaluation:
    """Compare generated with true clouds: :func:`jetgen.evaluation.evaluate.evaluate`, with datasets by name.

    Arguments:
        real: true clouds, the path of a file, or a dataset or its name: then its test clouds, and its training clouds
            for the metrics that look for copies.
        fake: generated clouds, or the path of a file.
        metrics: names or specs of metrics, or ``standard``, ``slow`` or ``all``.
        spec: features and conditioning of the clouds; by default those of the dataset, or in the file ``real``.
        train: the training clouds, likewise.
        more: as there.

    Raises:
        UsageError: if there is no such metric or dataset, or ``spec`` is needed.
        DataError: if a file cannot be read, or the clouds do not go together.
    """
    known = _dataset(real)
    learnt = _dataset(train) if train is not None else known
    truth = real if known is None else known.test
    copied = train if learnt is None else learnt.train
    meaning = known.spec if spec is None and known is not None else spec
    return evaluate_clouds(cast("_Clouds", truth), fake, metrics, meaning, cast("_Clouds | None", copied), **more)


def _dataset(source: DatasetHandle | CloudSource | Path | str) -> DatasetHandle | None:
    """The dataset that is meant; None for clouds and files."""
    if isinstance(source, str) and named_file(source) is None:
        return dataset(source)
    return source if isinstance(source, DatasetHandle) else None
