"""The published files: their names, where they are searched, and how they are verified."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jetgen.errors import DataError
from jetgen.io.atomic import write_text
from jetgen.system import cache_folder

__all__ = ["FOLDER_VARIABLE", "LETTERS", "RECORDS", "PublishedFile", "md5_of"]

LETTERS: Mapping[str, str] = {"gluon": "g", "quark": "q", "top": "t", "w": "w", "z": "z"}
"""The classes of jets, and the first letters of the names of their files."""

RECORDS: Mapping[int, int] = {30: 6975118, 150: 6975117}
"""The Zenodo record, by the largest number of particles of a jet."""

FOLDER_VARIABLE = "JETGEN_JETNET_DIR"
"""The environment variable with the folder of files that the user has downloaded."""


@dataclass(frozen=True)
class PublishedFile:
    """One class of jets with up to ``particles`` particles.

    >>> PublishedFile("top", 150).name
    't150.hdf5'
    """

    jet: str
    particles: int

    @property
    def name(self) -> str:
        """The name of the file, in its record and on disk."""
        return f"{LETTERS[self.jet]}{'' if self.particles == 30 else self.particles}.hdf5"

    @property
    def record(self) -> int:
        """The number of the Zenodo record."""
        return RECORDS[self.particles]

    @property
    def doi(self) -> str:
        """The address of the record."""
        return f"https://doi.org/10.5281/zenodo.{self.record}"

    @property
    def cached(self) -> Path:
        """The path to which it is downloaded."""
        return cache_folder() / "jetnet" / self.name

    def found(self) -> Path | None:
        """The path of the file: in the user's folder, else in the cache; None if in neither."""
        folder = os.environ.get(FOLDER_VARIABLE)
        own = [Path(folder).expanduser() / self.name] if folder else []
        return next((path for path in (*own, self.cached) if path.is_file()), None)

    def places(self) -> str:
        """The folders that were searched, as part of a sentence."""
        folder = os.environ.get(FOLDER_VARIABLE)
        return f"in {FOLDER_VARIABLE} ({folder or 'not set'}) nor in {self.cached.parent}"

    def remember(self, md5: str) -> None:
        """Store the MD5 with which :meth:`verify` compares."""
        write_text(self._memory, md5 + "\n")

    def verify(self, path: Path) -> None:
        """Compare the MD5 of ``path`` with that of the file downloaded or used before; the first one is stored.

        Raises:
            DataError: if it is another file, or cannot be read.
        """
        found = md5_of(path)
        if not self._memory.exists():
            self.remember(found)
        known = self._memory.read_text(encoding="utf-8", errors="replace").strip()
        if found != known:
            msg = (
                f"{path} is not the {self.name} that was used before (MD5 {found}, not {known}): fetch it again from "
                f"{self.doi}, or delete {self._memory} to accept this one"
            )
            raise DataError(msg)

    @property
    def _memory(self) -> Path:
        return self.cached.with_name(f"{self.name}.md5")


def md5_of(path: Path) -> str:
    """The MD5 of a file in hexadecimal digits, as in Zenodo records.

    Raises:
        DataError: if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        msg = f"{path}: the file cannot be read: {error.strerror or error}"
        raise DataError(msg) from error
