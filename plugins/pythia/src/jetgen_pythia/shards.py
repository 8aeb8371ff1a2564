"""The cache: every stream of jets is a row of small files, each with a seed and a fingerprint of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout
from jetgen.errors import JetgenError
from jetgen.io.shards import ShardFile, definition_digest
from jetgen.system import cache_folder

from jetgen_pythia.recipe import definition

__all__ = ["SHARD", "Shard", "home", "shards"]

SHARD = 100
"""Jets in a file: about a second of work, which is what a kill can cost."""


@dataclass(frozen=True)
class Shard(ShardFile):
    """One file of :data:`SHARD` jets with up to 150 particles each and the conditioning pt, eta, mass.

    Arguments:
        home: the folder of all streams of one parton.
    """

    home: Path
    parton: str
    split: str
    index: int

    @property
    def name(self) -> str:
        """What is written inside, so that a file that was moved is not taken for another."""
        return f"{self.parton}/{self.split}/{self.index}"

    @property
    def size(self) -> int:
        """The number of jets in it."""
        return SHARD

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
    return cache_folder() / "pythia" / f"{parton}-{definition_digest(definition(parton), SHARD)}"


def shards(folder: Path, parton: str, split: str, n: int) -> list[Shard]:
    """The files that hold the first ``n`` jets of one stream."""
    return [Shard(folder, parton, split, index) for index in range(-(-n // SHARD))]
