"""What a file is, and its clouds as they can be written for jetgen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jetgen.api.protocols import CloudSource
from jetgen.conversion.calorimeter import VoxelFile
from jetgen.conversion.energyflow import is_energyflow, open_energyflow
from jetgen.conversion.jetclass import is_jetclass, open_jetclass
from jetgen.conversion.relative import JetTypes, MomentaFile, RelativeJets
from jetgen.conversion.top_tagging import TopTaggingFile, is_top_tagging
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError
from jetgen.io.cloud_file import CloudFile, open_clouds
from jetgen.io.reading import reading
from jetgen.io.store import open_store

__all__ = ["Asked", "Recognised", "recognised"]


@dataclass(frozen=True)
class Asked:
    """What the user says of a file, and wants of it.

    Arguments:
        features, points, mask: names of what has none, or others than usual; see :func:`jetgen.io.open_clouds`.
        relative: whether jets of any layout are made relative to their axis. Published ones always are.
        unit, leading, conditioning, only: of such jets; see :class:`jetgen.conversion.relative.RelativeJets`.
    """

    features: Sequence[str] | None = None
    points: str | None = None
    mask: str | None = None
    relative: bool = False
    unit: str = "GeV"
    leading: int | None = None
    conditioning: Sequence[str] | None = None
    only: str | None = None

    def require_jets(self, what: str) -> None:
        """Refuse what is only for jets that are made relative to their axis.

        Arguments:
            what: the clouds that are none.

        Raises:
            UsageError: if any of it is asked for.
        """
        chosen = {
            "unit": self.unit != "GeV",
            "leading": self.leading is not None,
            "only": self.only is not None,
            "relative": self.relative,
        }
        for name, wanted in chosen.items():
            if wanted:
                msg = (
                    f"--{name} ({name}= in Python) is for momenta of particles in jets; {what} are written as they are"
                )
                raise UsageError(msg)


@dataclass(frozen=True)
class Recognised:
    """A file that is open.

    Arguments:
        what: its layout in a few words.
        source: its clouds.
        spec: of them.
        close: closes the file.
    """

    what: str
    source: CloudSource
    spec: CloudSpec
    close: Callable[[], None]


def recognised(path: Path, asked: Asked) -> Recognised:
    """Open a file of any layout; names that the caller gives go before what is recognised.

    Raises:
        DataError: if it cannot be read, or is not what its names say.
        UsageError: if something is asked for that such clouds do not have.
    """
    with reading(path):
        if asked.features is not None or asked.mask is not None:
            return _as_named(path, asked)
        return _arrays(path, asked) or _lists(path, asked)


def _arrays(path: Path, asked: Asked) -> Recognised | None:
    """HDF5 or npz with the arrays of a published layout; None for any other file."""
    if not _has_arrays(path):
        return None
    store = open_store(path)
    try:
        if is_energyflow(store):
            file, types = open_energyflow(path, store)
            store.close()
            return _jets("EnergyFlow's padded particles", file, types, asked, file.close)
        if {"showers", "incident_energies"} <= set(store.arrays):
            asked.require_jets("voxels")
            voxels = VoxelFile(store)
            return Recognised("voxels of the CaloChallenge", voxels, voxels.spec, store.close)
        if is_top_tagging(store):
            tops = TopTaggingFile(store)
            return _jets("the top-tagging reference dataset", tops, tops.types, asked, store.close)
    except BaseException:
        store.close()
        raise
    store.close()
    return None


def _lists(path: Path, asked: Asked) -> Recognised:
    """Lists of JetClass in a ROOT tree or in Parquet, or any file that names its columns."""
    file = open_clouds(path, points=asked.points)
    if not is_jetclass(file.spec.names) and (asked.relative or asked.conditioning is None):
        return _as_it_is(file, asked)
    names, observables = file.spec.names, file.observables
    file.close()
    if not is_jetclass(names):
        return _as_named(path, asked)
    jets, types = open_jetclass(path, asked.points, observables)
    return _jets("particles of JetClass", jets, types, asked, jets.close)


def _as_named(path: Path, asked: Asked) -> Recognised:
    """A file of any layout by the names that it has, or that the caller gives."""
    conditioning = None if asked.relative else asked.conditioning
    return _as_it_is(open_clouds(path, asked.features, conditioning, points=asked.points, mask=asked.mask), asked)


def _as_it_is(file: CloudFile, asked: Asked) -> Recognised:
    if asked.relative:
        return _jets("jets", file, None, asked, file.close)
    asked.require_jets(_plain(file))
    return Recognised(_plain(file), file, file.spec, file.close)


def _jets(what: str, file: MomentaFile, types: JetTypes | None, asked: Asked, close: Callable[[], None]) -> Recognised:
    try:
        jets = RelativeJets(file, types, asked.unit, asked.leading, asked.conditioning, asked.only)
    except DataError:
        close()
        raise
    return Recognised(what, jets, jets.spec, close)


def _plain(file: CloudFile) -> str:
    return f"{file.spec.kind} with {', '.join(file.spec.names)}"


def _has_arrays(path: Path) -> bool:
    """Whether it is HDF5 or an archive."""
    with path.open("rb") as file:
        return file.read(4) in (b"\x89HDF", b"PK\x03\x04")
