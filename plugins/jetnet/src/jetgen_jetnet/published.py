"""The published files: what they are called, where they may lie, and how one is known again."""

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
"""The classes of jets, and what the names of their files begin with."""

RECORDS: Mapping[int, int] = {30: 6975118, 150: 6975117}
"""The Zenodo record of the files with up to so many particles a jet."""

FOLDER_VARIABLE = "JETGEN_JETNET_DIR"
"""The environment variable that names a folder with files that the user fetched."""


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
        """What the file is called in its record, and wherever it is looked for."""
        return f"{LETTERS[self.jet]}{'' if self.particles == 30 else self.particles}.hdf5"

    @property
    def record(self) -> int:
        """The number of the Zenodo record."""
        return RECORDS[self.particles]

    @property
    def doi(self) -> str:
        """Where a person finds it."""
        return f"https://doi.org/10.5281/zenodo.{self.record}"

    @property
    def cached(self) -> Path:
        """Where it is downloaded to."""
        return cache_folder() / "jetnet" / self.name

    def found(self) -> Path | None:
        """Where it is: in the user's folder, else in the cache; None if in neither."""
        folder = os.environ.get(FOLDER_VARIABLE)
        own = [Path(folder).expanduser() / self.name] if folder else []
        return next((path for path in (*own, self.cached) if path.is_file()), None)

    def places(self) -> str:
        """Where it was looked for, as part of a sentence."""
        folder = os.environ.get(FOLDER_VARIABLE)
        return f"in {FOLDER_VARIABLE} ({folder or 'not set'}) nor in {self.cached.parent}"

    def remember(self, md5: str) -> None:
        """From now on the file is the one with this MD5."""
        write_text(self._memory, md5 + "\n")

    def verify(self, path: Path) -> None:
        """See that ``path`` is the file that was downloaded or used before; the first one that is used is remembered.

        Raises:
            DataError: if it is another.
        """
        found = md5_of(path)
        if not self._memory.exists():
            self.remember(found)
        known = self._memory.read_text(encoding="utf-8").strip()
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
    """The MD5 of a file in hexadecimal digits, which is what Zenodo tells of its files."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        msg = f"{path}: the file cannot be read: {error.strerror or error}"
        raise DataError(msg) from error
