"""Datasets by name, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, Dataset
from jetgen.data.shown import facts_html, in_words
from jetgen.data.spec import CloudSpec
from jetgen.datasets.naming import find_dataset, named_file, open_dataset
from jetgen.datasets.preparing import prepare
from jetgen.io.cloud_file import open_clouds
from jetgen.registry import discover

__all__ = ["DatasetHandle", "dataset", "named_clouds"]


class DatasetHandle:
    """A dataset. Its clouds are simulated or downloaded at the first access.

    The splits raise :class:`jetgen.errors.DataError` if the clouds cannot be had or are damaged.
    """

    def __init__(self, name: str, made: Dataset, counts: tuple[int, int, int] | None = None) -> None:
        self.name = name
        self._made = made
        self._counts = counts

    def __repr__(self) -> str:
        splits = ", ".join(f"{n:,} {split}" for split, n in self._sizes().items())
        return f"{self.name}: {in_words(self.spec)}{f'; {splits}' if splits else ''}"

    def _repr_html_(self) -> str:
        facts = {"clouds": in_words(self.spec), **{split: f"{n:,}" for split, n in self._sizes().items()}}
        return facts_html(self.name, facts)

    def _sizes(self) -> dict[str, int]:
        """The numbers of clouds, which are known before there are any; empty if they are not."""
        return dict(zip(("train", "val", "test"), self._counts or (), strict=False))

    @property
    def spec(self) -> CloudSpec:
        """The spec of its clouds."""
        return self._made.spec

    @cached_property
    def _prepared(self) -> Dataset:
        prepare(self._made, self.name, RunContext())
        return self._made

    @property
    def train(self) -> CloudSource:
        """The clouds to train on."""
        return self._prepared.load("train")

    @property
    def val(self) -> CloudSource:
        """The clouds to validate on."""
        return self._prepared.load("val")

    @property
    def test(self) -> CloudSource:
        """The clouds to evaluate on."""
        return self._prepared.load("test")


def dataset(name: str, features: Sequence[str] | None = None) -> DatasetHandle:
    """The dataset called ``name`` or ``name@size``, such as ``"pythia-top30@small"``, or that of a file.

    Arguments:
        name: a name, with ``,key=value`` for each option that the dataset asks for, or the path of a file of clouds.
        features: the features to read from a file, in this order; required if it does not name its columns.

    Raises:
        UsageError: if there is no such dataset or size.
        PluginError: if its plugin has an error.
        DataError: if the file does not exist or does not hold clouds.
    """
    found = find_dataset(discover(), name, features)
    return DatasetHandle(found.label, open_dataset(found), found.counts)


def named_clouds(name: str) -> CloudSource:
    """The clouds of a file, or the test clouds of a dataset.

    Raises:
        UsageError: if there is no such dataset or size.
        PluginError: if its plugin has an error.
        DataError: if the file does not exist or does not hold clouds.
    """
    path = named_file(name)
    return dataset(name).test if path is None else open_clouds(path)
