"""The cache of clouds: a stream is a sequence of small shards, each with its own seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout
from jetgen.errors import JetgenError
from jetgen.io.shards import ShardFile, definition_digest
from jetgen.system import cache_folder

from jetgen_pythia.processes import definition, shard_size

__all__ = ["Shard", "home", "shards"]


@dataclass(frozen=True)
class Shard(ShardFile):
    """One shard of a stream: rows, or jets of up to 150 particles with pt, eta and mass as conditioning.

    Arguments:
        home: the folder of all streams of the process.
        process: the class of the jets, or the table.
        split: the stream.
        index: the position of the shard in the stream, from 0.
    """

    home: Path
    process: str
    split: str
    index: int

    @property
    def name(self) -> str:
        """What is written inside the file."""
        return f"{self.process}/{self.split}/{self.index}"

    @property
    def size(self) -> int:
        """The number of clouds in the file."""
        return shard_size(self.process)

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


def home(process: str) -> Path:
    """The folder of all streams of one process; another definition of it has another folder."""
    return cache_folder() / "pythia" / f"{process}-{definition_digest(definition(process), shard_size(process))}"


def shards(folder: Path, process: str, split: str, n: int) -> list[Shard]:
    """The shards that hold the first ``n`` clouds of one stream."""
    return [Shard(folder, process, split, index) for index in range(-(-n // shard_size(process)))]
