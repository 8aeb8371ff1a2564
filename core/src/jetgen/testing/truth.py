"""A dataset under test: made at its smallest size, prepared when a check first wants clouds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.loading import load_target
from jetgen.api.protocols import Dataset, Split
from jetgen.api.specs import DatasetSpec
from jetgen.data.clouds import Clouds
from jetgen.errors import UsageError, did_you_mean
from jetgen.registry import discover

__all__ = ["TruthSession"]

_MOST = 2_000


class TruthSession:
    """A dataset under test.

    Arguments:
        dataset: the name of an installed dataset, or a spec.
        size: one of its sizes; by default that with the fewest clouds.
        options: what the dataset asks for, such as ``{"model": FOLDER}``.

    Raises:
        UsageError: if there is no such dataset or size.
        PluginError: if its plugin has an error.
    """

    def __init__(
        self, dataset: str | DatasetSpec, size: str | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        self.spec = dataset if isinstance(dataset, DatasetSpec) else _installed(dataset)
        sizes = self.spec.sizes
        self._size = min(sizes, key=lambda one: sum(sizes[one])) if size is None else size
        self._options = {**self.spec.options, **(options or {})}
        if self._size not in sizes:
            msg = f"{self.spec.name} has no size {size!r}{did_you_mean(self._size, sizes)}; it has {', '.join(sizes)}"
            raise UsageError(msg)

    @property
    def cls(self) -> Any:
        """The class of the dataset."""
        return load_target(self.spec.target)

    @cached_property
    def dataset(self) -> Dataset:
        """The prepared dataset."""
        made: Dataset = self.cls.create(self._size, **self._options)
        made.prepare(RunContext())
        return made

    def clouds(self, split: Split) -> Clouds:
        """The first clouds of a split, 2,000 at most."""
        return self.dataset.load(split)[:_MOST]


def _installed(name: str) -> DatasetSpec:
    spec = discover().find("datasets", name).spec
    if not isinstance(spec, DatasetSpec):
        msg = f"{name} is not a dataset"
        raise UsageError(msg)
    return spec
