"""The dataset class: a published file, split as JetNet splits it, of which a size takes the beginning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, get_args

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, Split
from jetgen.data.clouds import Clouds
from jetgen.data.jets import jet_spec
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec
from jetgen.datasets.file_dataset import FileDataset
from jetgen.errors import DataError, UsageError, did_you_mean
from jetgen.io.cloud_file import open_clouds

from jetgen_jetnet.published import RECORDS, PublishedFile
from jetgen_jetnet.specs import JETS, sizes

__all__ = ["Beginning", "JetNetJets"]


class JetNetJets:
    """The published jets of one class.

    A file with another number of jets than the published one may stand in for it, in the folder of the user: its
    checksum is then part of the recipe, so that its results are never taken for those of the published jets.

    Arguments:
        size: ``full``, ``small`` or ``tiny``; see :func:`jetgen_jetnet.specs.sizes`.
        jet: ``gluon``, ``quark``, ``top``, ``w`` or ``z``.
        particles: 30 or 150.

    >>> JetNetJets.create("small", jet="top", particles=30).recipe()["file"]
    't.hdf5'
    """

    def __init__(self, size: str = "full", *, jet: str = "top", particles: int = 30) -> None:
        _known("class of jets", jet, JETS)
        _known("size", size, sizes(JETS[jet]))
        _known("number of particles", str(particles), map(str, RECORDS))
        self._size, self._file = size, PublishedFile(jet, particles)
        self._counts = dict(zip(get_args(Split), sizes(JETS[jet])[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """A dataset of one of the sizes; nothing is read or fetched yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """Angles to the jet axis and the fraction of its transverse momentum."""
        return jet_spec(self._file.particles)

    def recipe(self) -> Mapping[str, Any]:
        """The published file, its split and how much of it is taken; of a file that stands in, its checksum too."""
        known = {
            "zenodo": self._file.record,
            "file": self._file.name,
            "features": list(self.spec.names),
            "split": "70/15/15 by a NumPy default_rng(42) permutation, in the order of the file",
            **self._counts,
        }
        path = self._file.found()
        if path is None or not self._stands_in(path):
            return known
        return {**known, "sha256": self._opened(path).recipe()["sha256"]}

    def prepare(self, ctx: RunContext) -> None:
        """Download the file if it is nowhere, and read it once.

        Raises:
            DataError: if it is damaged, too short, of another layout, or not the one that was used before.
        """
        path = self._file.found()
        if path is None:
            from jetgen_jetnet.fetching import fetch  # here, because a planner needs no network

            fetch(self._file, ctx)
            path = self._file.cached
        dataset = self._opened(path)
        if dataset.spec != self.spec:
            held = f"{dataset.spec.max_points} places for particles with {', '.join(dataset.spec.names)}"
            msg = f"{path} has {held}; {self._file.name} has {self.spec.max_points} with {', '.join(self.spec.names)}"
            raise DataError(msg)
        for split in get_args(Split):
            self._part(dataset, path, split)
        if not self._stands_in(path):
            self._file.verify(path)
        dataset.prepare(ctx)

    def load(self, split: Split) -> Beginning:
        """The jets of one split, in the order of the file.

        Raises:
            UsageError: if there is no such split.
            DataError: if the file is not there.
        """
        _known("split", split, self._counts)
        path = self._file.found()
        if path is None:
            msg = f"{self._file.name} is neither {self._file.places()}; fetch it with jetbench prepare"
            raise DataError(msg)
        return self._part(self._opened(path), path, split)

    def _opened(self, path: Path) -> FileDataset:
        return FileDataset(path, self.spec.names)

    def _stands_in(self, path: Path) -> bool:
        """Whether the file is one of clouds, but has not as many as the published one."""
        try:
            with open_clouds(path, self.spec.names) as file:
                return len(file) != JETS[self._file.jet]
        except DataError:
            return False  # preparing it will say what is wrong

    def _part(self, dataset: FileDataset, path: Path, split: Split) -> Beginning:
        whole, n = dataset.load(split), self._counts[split]
        if len(whole) < n:
            msg = (
                f"{path} has {len(whole)} {split} jets, size {self._size} needs {n}; "
                f"choose a smaller size or fetch the published file from {self._file.doi}"
            )
            raise DataError(msg)
        return Beginning(whole, n)


class Beginning(SlicedSource):
    """The first ``n`` clouds of another source."""

    def __init__(self, source: CloudSource, n: int) -> None:
        self._source, self._n = source, n

    def __len__(self) -> int:
        return self._n

    def read(self, start: int, stop: int) -> Clouds:
        """The same clouds of the other source."""
        return self._source[start:stop]


def _known(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        msg = f"the JetNet datasets have no {what} {name!r}{did_you_mean(name, names)}; use {', '.join(names)}"
        raise UsageError(msg)
