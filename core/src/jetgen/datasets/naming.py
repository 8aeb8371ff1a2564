"""From what a user types to a dataset: the name of a plugin's, with a size, or the path of a file."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetgen.api.loading import first_line
from jetgen.api.protocols import Dataset
from jetgen.api.specs import DatasetSpec
from jetgen.datasets.file_dataset import SIZE, FileDataset
from jetgen.errors import JetgenError, PluginError, UsageError, did_you_mean
from jetgen.registry import Registry, load_target

__all__ = ["FoundDataset", "find_dataset", "named_file", "open_dataset"]

_SUFFIXES = (".h5", ".hdf5", ".npz")
_LONGEST = 80  # characters; a name becomes part of the name of a folder


@dataclass(frozen=True)
class FoundDataset:
    """A dataset at one size, and who brings it.

    Arguments:
        name: what tables and folders call it.
        size: one of the sizes of ``spec``.
        spec: the light object behind it; for a file it is made on the spot.
        distribution, version: where it comes from; jetgen itself for a file.
    """

    name: str
    size: str
    spec: DatasetSpec
    distribution: str
    version: str

    @property
    def label(self) -> str:
        """``name@size``."""
        return f"{self.name}@{self.size}"

    @property
    def counts(self) -> tuple[int, int, int]:
        """The numbers of clouds of train, val and test."""
        return self.spec.sizes[self.size]


def find_dataset(registry: Registry, name: str, features: Sequence[str] | None = None) -> FoundDataset:
    """The dataset that ``name`` means: ``name``, ``name@size``, ``distribution/name@size``, or a file.

    Arguments:
        registry: the plugins that there are.
        name: what the user typed; :func:`named_file` says when it is a file.
        features: the features to read of a file, in this order, where it does not name its columns.

    Raises:
        UsageError: if there is no such dataset or no such size; the nearest one is suggested.
        PluginError: if its plugin cannot be used.
        DataError: if the file is not there or is not one of clouds.
    """
    path = named_file(name)
    if path is not None:
        return _file_dataset(path, features)
    if features is not None:
        msg = f"features are chosen for files; {name} is a dataset that names its own"
        raise UsageError(msg)
    base, at, size = name.partition("@")
    plugin = registry.find("datasets", base)
    spec = plugin.spec
    if not isinstance(spec, DatasetSpec):
        msg = f"{name} is not a dataset"
        raise UsageError(msg)
    size = size if at else spec.default_size
    if size not in spec.sizes:
        msg = f"{base} has no size {size!r}{did_you_mean(size, spec.sizes)}; it has {', '.join(spec.sizes)}"
        raise UsageError(msg)
    return FoundDataset(plugin.name, size, spec, plugin.distribution, plugin.version)


def named_file(name: str) -> Path | None:
    """The file that ``name`` means, as an absolute path; None if it is the name of a dataset.

    It is a file if it ends like one of clouds, whether or not it is there, or if it is a path to something.

    >>> named_file("pythia-top30@small") is None
    True
    >>> named_file("my/jets.h5") == Path("my/jets.h5").absolute()
    True
    """
    path = Path(name)
    if path.suffix.lower() in _SUFFIXES or (path.name != name and path.exists()):
        return path.absolute()
    return None


def open_dataset(found: FoundDataset) -> Dataset:
    """The dataset itself; a :class:`JetgenError` of one sentence if it cannot be opened."""
    cls: Any = load_target(found.spec.target)
    try:
        made: Dataset = cls.create(found.size, **found.spec.options)
    except JetgenError:
        raise
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        msg = f"the dataset {found.label} cannot be opened ({first_line(error)})"
        raise PluginError(msg) from error
    return made


def _file_dataset(path: Path, features: Sequence[str] | None) -> FoundDataset:
    """A file with a spec made on the spot. It is opened, because only it knows its kind and how many clouds it has."""
    chosen = None if features is None else list(features)
    file = FileDataset(path, chosen)
    spec = DatasetSpec(
        name=_folder_name(path.stem),
        summary=f"the file {path}",
        target=f"{FileDataset.__module__}:{FileDataset.__name__}",
        kind=file.spec.kind,
        sizes={SIZE: file.counts},
        default_size=SIZE,
        options={"path": str(path), "features": chosen},
    )
    return FoundDataset(spec.name, SIZE, spec, "jetgen", importlib.metadata.version("jetgen"))


def _folder_name(stem: str) -> str:
    """``stem`` with nothing in it that a shell or a file system minds.

    >>> _folder_name("my jets (v2)")
    'my-jets-v2'
    """
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:_LONGEST] or "file"
