"""The cache of jets: a stream is a sequence of small shards, each with its own seed."""

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
"""Jets in a shard: about a second of CPU time, the most that a kill can cost each process."""


@dataclass(frozen=True)
class Shard(ShardFile):
    """One shard of :data:`SHARD` jets with up to 150 particles each, and pt, eta and mass as conditioning.

    Arguments:
        home: the folder of all streams of the class.
        parton: the class of the jets.
        split: the stream.
        index: the position of the shard in the stream, from 0.
    """

    home: Path
    parton: str
    split: str
    index: int

    @property
    def name(self) -> str:
        """What is written inside the file."""
        return f"{self.parton}/{self.split}/{self.index}"

    @property
    def size(self) -> int:
        """The number of jets in the file."""
        return SHARD

    @contextmanager
    def locked(self, *, wait: bool) -> Iterator[bool]:
        """Lock the file against other processes; yields False if another one holds it and ``wait`` is False.

        A killed process releases its lock, and the unfinished file that it left behind is removed.

        Raises:
            JetgenError: if the folder cannot be written.
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
    """The folder of all streams of one class; another definition of the jets has another folder."""
    return cache_folder() / "pythia" / f"{parton}-{definition_digest(definition(parton), SHARD)}"


def shards(folder: Path, parton: str, split: str, n: int) -> list[Shard]:
    """The shards that hold the first ``n`` jets of one stream."""
    return [Shard(folder, parton, split, index) for index in range(-(-n // SHARD))]
