"""The cache: every stream of jets is a row of small files, each with a seed and a fingerprint of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
from filelock import BaseFileLock, FileLock, Timeout
from jetgen.atomic import atomic_path
from jetgen.cache import cache_folder
from jetgen.clouds import Clouds
from jetgen.errors import DataError, JetgenError

from jetgen_pythia.recipe import definition

__all__ = ["SHARD", "Shard", "home", "shards"]

SHARD = 100
"""Jets in a file: about a second of work, which is what a kill can cost."""

_UNREADABLE = (OSError, KeyError, RuntimeError, TypeError, ValueError, OverflowError, MemoryError)
"""What h5py and NumPy raise on a file that is not whole."""


@dataclass(frozen=True)
class Shard:
    """One file of :data:`SHARD` jets with up to 150 particles each and the context pt, eta, mass.

    Arguments:
        home: the folder of all streams of one parton.
    """

    home: Path
    parton: str
    split: str
    index: int

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return self.home / self.split / f"{self.index:05d}.h5"

    @property
    def name(self) -> str:
        """What is written inside, so that a file that was moved is not taken for another."""
        return f"{self.parton}/{self.split}/{self.index}"

    def read(self) -> Clouds:
        """The jets; a :class:`DataError` if the file is missing or is not what was written."""
        if not self.path.exists():
            msg = f"{self.path} is missing; make it again with jetbench prepare"
            raise DataError(msg)
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                clouds = Clouds(file["points"][:], file["offsets"][:], file["context"][:])
                stamp = (file.attrs["name"], file.attrs["fingerprint"])
        except _UNREADABLE as error:
            msg = f"{self.path} is damaged ({type(error).__name__}); make it again with jetbench prepare"
            raise DataError(msg) from error
        if stamp != (self.name, clouds.fingerprint()) or len(clouds) != SHARD:
            msg = f"{self.path} is damaged (its fingerprint is another); make it again with jetbench prepare"
            raise DataError(msg)
        return clouds

    def intact(self) -> bool:
        """Whether the file is there and holds what was written."""
        try:
            self.read()
        except DataError:
            return False
        return True

    def write(self, clouds: Clouds) -> None:
        """Put the jets into the file, whole or not at all."""
        with atomic_path(self.path) as aside, h5py.File(aside, "w", libver="latest") as file:
            for name in ("points", "offsets", "context"):
                file[name] = getattr(clouds, name)
            file.attrs["name"] = self.name
            file.attrs["fingerprint"] = clouds.fingerprint()

    @contextmanager
    def locked(self, *, wait: bool) -> Iterator[bool]:
        """Hold the file against every other process; False if another holds it and we do not ``wait``.

        The lock belongs to the process, so that a kill sets it free; what a killed holder left behind is removed.
        """
        lock = FileLock(self.path.with_suffix(".lock"), timeout=-1 if wait else 0)
        if not self._acquired(lock):
            yield False
            return
        try:
            for left in self.path.parent.glob(f".{self.path.name}.*.part"):
                left.unlink(missing_ok=True)
            yield True
        finally:
            lock.release()

    def _acquired(self, lock: BaseFileLock) -> bool:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            msg = f"{self.path.parent} cannot be written: {error.strerror or error}; set JETGEN_CACHE to another folder"
            raise JetgenError(msg) from error
        return True


def home(parton: str) -> Path:
    """The folder of the streams of one parton; another definition of the jets has another folder."""
    document = json.dumps({**definition(parton), "shard": SHARD}, sort_keys=True)
    return cache_folder() / "pythia" / f"{parton}-{hashlib.sha256(document.encode()).hexdigest()[:12]}"


def shards(folder: Path, parton: str, split: str, n: int) -> list[Shard]:
    """The files that hold the first ``n`` jets of one stream."""
    return [Shard(folder, parton, split, index) for index in range(-(-n // SHARD))]
