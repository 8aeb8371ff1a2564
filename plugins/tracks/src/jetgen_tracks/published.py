"""The published toy set of 2211.06406 (Zenodo 7891569): ROOT files with one row for each replica."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.angles import wrapped
from jetgen.data.arrays import offsets_of
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError, did_you_mean
from jetgen.io.content import content_digest
from jetgen.io.reading import reading, require_file
from numpy.typing import NDArray

from jetgen_tracks.particles import FEATURES, PARTICLES
from jetgen_tracks.specs import PUBLISHED_EVENTS, PUBLISHED_MOST, PUBLISHED_REPLICAS

__all__ = ["FOLDER_VARIABLE", "PublishedTracks"]

FOLDER_VARIABLE = "JETGEN_TRACKS_DIR"
"""The environment variable with the folder of the files."""

_PLACE = "https://zenodo.org/records/7891569"
_TREE = "fs_tree"
_TRUE = ("particle_px", "particle_py", "particle_pz", "particle_pdgid")
_SEEN = ("pflow_px", "pflow_py", "pflow_eta", "pflow_phi")
_HADRONS = (211, 321, 2212, 3112, 3222, 3312, 3334)
_LEPTONS = {11: 1, 13: 2}
_GEV = 1e-3  # the files are in MeV


class PublishedTracks:
    """Tracks in the published files ``train.root``, ``val.root`` and ``test.root``, 100 replicas of each true event.

    Of the true particles the charged ones count. They are read when a split is loaded, and kept nowhere.

    Arguments:
        size: a name in :data:`jetgen_tracks.specs.PUBLISHED_EVENTS`.

    Raises:
        UsageError: if there is no such size.
    """

    def __init__(self, size: str = "small") -> None:
        if size not in PUBLISHED_EVENTS:
            known = ", ".join(PUBLISHED_EVENTS)
            msg = f"the published tracks have no size {size!r}{did_you_mean(size, PUBLISHED_EVENTS)}; use {known}"
            raise UsageError(msg)
        self._events = dict(zip(get_args(Split), PUBLISHED_EVENTS[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size; nothing is read yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """Tracks with pT in GeV, eta and phi; ``given`` are the particles, which have a class too."""
        given = CloudSpec("tracks", PARTICLES.features, PUBLISHED_MOST)
        return CloudSpec("tracks", FEATURES, PUBLISHED_MOST, given=given)

    def recipe(self) -> Mapping[str, Any]:
        """The numbers of events, and the contents of the files.

        Raises:
            DataError: if a file is missing.
        """
        return {"events": self._events, "sha256": {split: content_digest(_file(split)) for split in self._events}}

    def prepare(self, ctx: RunContext) -> None:
        """Find the files; they are not copied.

        Raises:
            DataError: if one is missing.
        """
        del ctx
        for split in self._events:
            _file(split)

    def load(self, split: Split) -> Clouds:
        """The tracks of one split, the replicas of an event one after the other.

        Raises:
            UsageError: if there is no such split.
            DataError: if the file is missing, damaged or too short, or its rows are no replicas.
        """
        if split not in self._events:
            msg = f"the published tracks have no split {split!r}; use {', '.join(self._events)}"
            raise UsageError(msg)
        path, rows = _file(split), self._events[split] * PUBLISHED_REPLICAS
        with reading(path, "ROOT file", f"fetch it again from {_PLACE}"):
            truth, tracks = _read(path, rows)
            return _replicas(truth, tracks)


def _file(split: str) -> Path:
    """The file of a split.

    Raises:
        DataError: if there is none.
    """
    folder, name = os.environ.get(FOLDER_VARIABLE), f"{split}.root"
    path = Path(folder or "").expanduser() / name
    if not folder or not path.exists():
        where = folder or "not set"
        msg = f"{name} is not in {FOLDER_VARIABLE} ({where}); fetch it from {_PLACE} and name its folder there"
        raise DataError(msg)
    require_file(path)
    return path


def _read(path: Path, rows: int) -> tuple[Clouds, Clouds]:
    """The charged true particles, and the tracks, of the first rows."""
    import awkward as ak
    import uproot

    with uproot.open(path) as file:
        if _TREE not in file:
            msg = f"it has no tree {_TREE}; the published files do"
            raise DataError(msg)
        tree = file[_TREE]
        missing = [name for name in (*_TRUE, *_SEEN) if name not in tree]
        if missing:
            msg = f"its tree {_TREE} has no branch {', '.join(missing)}"
            raise DataError(msg)
        if tree.num_entries < rows:
            msg = f"it has {tree.num_entries:,} rows, this size needs {rows:,}; choose a smaller size"
            raise DataError(msg)
        arrays = tree.arrays([*_TRUE, *_SEEN], entry_stop=rows)
    counts, seen = (ak.to_numpy(ak.num(arrays[name])).astype(np.int64) for name in (_TRUE[0], _SEEN[0]))
    true, measured = (
        np.stack([ak.to_numpy(ak.flatten(arrays[name])).astype(np.float64) for name in names])
        for names in (_TRUE, _SEEN)
    )
    return _particles(true, counts), _tracks(measured, seen)


def _particles(columns: NDArray[np.float64], counts: NDArray[np.int64]) -> Clouds:
    px, py, pz, pid = columns
    code = np.abs(pid).astype(np.int64)
    charged = np.isin(code, [*_HADRONS, *_LEPTONS])
    row = np.repeat(np.arange(len(counts)), counts)[charged]
    pt = np.hypot(px, py)
    kind = sum((code == one) * number for one, number in _LEPTONS.items())
    points = np.stack([_GEV * pt, np.arcsinh(pz / np.maximum(pt, 1e-9)), wrapped(np.arctan2(py, px)), kind], 1)
    return _sorted(points[charged], row, len(counts))


def _tracks(columns: NDArray[np.float64], counts: NDArray[np.int64]) -> Clouds:
    px, py, eta, phi = columns
    points = np.stack([_GEV * np.hypot(px, py), eta, wrapped(phi)], 1)
    return _sorted(points, np.repeat(np.arange(len(counts)), counts), len(counts))


def _sorted(points: NDArray[np.float64], row: NDArray[np.int64], n: int) -> Clouds:
    """Clouds in falling order of pT."""
    order = np.lexsort((-points[:, 0], row))
    return Clouds(points[order], offsets_of(np.bincount(row, minlength=n)))


def _replicas(truth: Clouds, tracks: Clouds) -> Clouds:
    """The tracks with one true event for each ``PUBLISHED_REPLICAS`` rows.

    Raises:
        DataError: if rows that should be replicas have different true events, or one has more tracks than particles.
    """
    event = np.arange(len(truth)) // PUBLISHED_REPLICAS
    first = PUBLISHED_REPLICAS * event
    wrong = truth.multiplicity != truth.multiplicity[first]
    if not wrong.any():
        apart = (truth.points != truth[first].points).any(axis=1)
        wrong = np.bincount(truth.rows, apart, minlength=len(truth)) > 0
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        msg = f"row {row} has other true particles than row {first[row]}, of whose event it should be a replica"
        raise DataError(msg)
    above = np.flatnonzero(tracks.multiplicity > truth.multiplicity)
    if len(above):
        row = int(above[0])
        msg = f"row {row} has {tracks.multiplicity[row]} tracks for {truth.multiplicity[row]} charged particles"
        raise DataError(msg)
    return Clouds(tracks.points, tracks.offsets, None, truth[::PUBLISHED_REPLICAS], event)
