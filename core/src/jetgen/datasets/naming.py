"""From what a user types to a dataset: ``name@size`` of a plugin, with options if it asks for any, or a file."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jetgen.api.loading import first_line
from jetgen.api.protocols import Dataset
from jetgen.api.specs import DatasetSpec
from jetgen.datasets.file_dataset import SIZE, FileDataset
from jetgen.errors import JetgenError, PluginError, UsageError, did_you_mean
from jetgen.io.tables import TABLE_SUFFIXES
from jetgen.registry import Plugin, Registry, load_target

__all__ = ["FoundDataset", "find_dataset", "named_file", "open_dataset"]

_SUFFIXES = (".h5", ".hdf5", ".npz", ".npy", ".root", *TABLE_SUFFIXES)
_LONGEST = 80  # characters; the name of a dataset is part of the name of a folder


@dataclass(frozen=True)
class FoundDataset:
    """A dataset at one size, and the distribution that provides it.

    Arguments:
        name: its name in tables and folders.
        size: one of the sizes of ``spec``.
        spec: its spec; that of a file is made by :func:`find_dataset`.
        distribution, version: of the plugin; of jetgen for a file.
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
    """The dataset called ``name``, ``name@size``, ``distribution/name@size``, or the path of a file.

    Options that the spec of the dataset asks for follow the name: ``name@size,key=value,...``. A value that is a path
    of something is made absolute, so that a run can go on from another folder.

    Arguments:
        registry: the installed plugins.
        name: what the user typed; see :func:`named_file` for files.
        features: the features to read from a file, in this order; required if it does not name its columns.

    Raises:
        UsageError: if there is no such dataset or size, or other options than it asks for; the message suggests the
            nearest name.
        PluginError: if its plugin cannot be used.
        DataError: if the file does not exist or does not hold clouds.
    """
    path = named_file(name)
    if path is not None:
        return _file_dataset(path, features)
    if features is not None:
        msg = f"features are chosen for files; {name} is a dataset that names its own"
        raise UsageError(msg)
    label, *options = name.split(",")
    base, at, size = label.partition("@")
    plugin = _found_plugin(registry, base)
    spec = plugin.spec
    if not isinstance(spec, DatasetSpec):
        msg = f"{name} is not a dataset"
        raise UsageError(msg)
    size = size if at else spec.default_size
    if size not in spec.sizes:
        msg = f"{base} has no size {size!r}{did_you_mean(size, spec.sizes)}; it has {', '.join(spec.sizes)}"
        raise UsageError(msg)
    if options or spec.asks:
        spec = replace(spec, options={**spec.options, **_given(base, options, spec.asks)})
    return FoundDataset(plugin.name, size, spec, plugin.distribution, plugin.version)


def _given(name: str, options: Sequence[str], asks: Sequence[str]) -> dict[str, str]:
    """The values of ``key=value``, which must be those that the dataset asks for."""
    given = {}
    for option in options:
        key, equals, value = option.partition("=")
        if key not in asks:
            known = f"it asks for {', '.join(asks)}" if asks else "it asks for none"
            msg = f"the dataset {name} has no option {key!r}{did_you_mean(key, asks)}; {known}"
            raise UsageError(msg)
        if not (equals and value) or key in given:
            msg = f"the option {key} of the dataset {name} is not given once as {key}=VALUE"
            raise UsageError(msg)
        given[key] = str(Path(value).absolute()) if os.path.lexists(value) else value
    missing = [key for key in asks if key not in given]
    if missing:
        msg = f"the dataset {name} needs {missing[0]}: write {name}@SIZE,{missing[0]}=VALUE"
        raise UsageError(msg)
    return given


def named_file(name: str) -> Path | None:
    """The absolute path of the file ``name``; None if it is the name of a dataset.

    It is a file if it has the suffix of a file of clouds, even if it does not exist, or if it exists and has a folder
    or a suffix. What exists without either, such as ``truth``, is written ``./truth``.

    >>> named_file("pythia-top30@small") is None
    True
    >>> named_file("my/jets.h5") == Path("my/jets.h5").absolute()
    True
    """
    path = Path(name)
    if path.name.lower().endswith(_SUFFIXES) or ((path.name != name or path.suffix) and os.path.lexists(path)):
        return path.absolute()
    return None


def _found_plugin(registry: Registry, name: str) -> Plugin:
    """The plugin called ``name``; if there is none but a file is called so, the error says how files are named."""
    try:
        return registry.find("datasets", name)
    except UsageError as error:
        if not os.path.lexists(name):
            raise
        msg = f"there is no dataset {name!r}, but a file is called so: write ./{name} to name the file"
        raise UsageError(msg) from error


def open_dataset(found: FoundDataset) -> Dataset:
    """The dataset itself.

    Raises:
        JetgenError: if its plugin refuses to open it.
        PluginError: if its plugin cannot be imported or raises another error.
    """
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
    """A file with a spec of its own. The file is opened, because the spec has its kind and numbers of clouds."""
    chosen = None if features is None else list(features)
    file = FileDataset(path, chosen)
    spec = DatasetSpec(
        name=_folder_name(Path(path.name.removesuffix(".gz")).stem),
        summary=f"the file {path}",
        target=f"{FileDataset.__module__}:{FileDataset.__name__}",
        kind=file.spec.kind,
        sizes={SIZE: file.counts},
        default_size=SIZE,
        options={"path": str(path), "features": chosen},
    )
    return FoundDataset(spec.name, SIZE, spec, "jetgen", importlib.metadata.version("jetgen"))


def _folder_name(stem: str) -> str:
    """``stem`` without characters that are special to shells or file systems.

    >>> _folder_name("my jets (v2)")
    'my-jets-v2'
    """
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:_LONGEST] or "file"
