"""A CSV file in the layout of the published one, and the HDF5 file of the cache into which it is read."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from jetgen.api.context import RunContext
from jetgen.errors import DataError
from jetgen.io.content import content_digest
from jetgen.io.reading import reading
from jetgen.io.store import Store

from jetgen_higgs.files import FOLDER_VARIABLE, PUBLISHED, find, folder, is_published, locked, searched
from jetgen_higgs.rows import open_rows, write_rows

__all__ = ["Source"]


class Source:
    """A file with the first of ``names`` that is found. Each content has its own file in the cache.

    Arguments:
        names: those of the published file, or that of another one, which cannot be downloaded.
    """

    def __init__(self, *names: str) -> None:
        self._names = names
        self._path = find(*names)

    def __str__(self) -> str:
        return str(self._path or self.cached)

    @cached_property
    def digest(self) -> str | None:
        """The SHA-256 of the file; None of the published one, and of one that is not there.

        Raises:
            DataError: if the file cannot be read.
        """
        if self._path is None:
            return None
        with reading(self._path):
            return None if is_published(self._path) else content_digest(self._path)

    @property
    def cached(self) -> Path:
        """Where its rows are, or will be."""
        return folder() / ("uci.h5" if self.digest is None else f"{self.digest[:16]}.h5")

    def prepare(self, ctx: RunContext) -> None:
        """Write the rows to the cache, unless they are there. Of several processes that do so at once, one writes.

        Raises:
            DataError: if the file is missing or cannot be read; the message says where and why.
            JetgenError: if it can neither be found nor downloaded, or the cache cannot be written.
        """
        if self._path is None and self._names != tuple(PUBLISHED):
            raise DataError(self._missing())
        with locked(self.cached):
            if self.cached.exists():
                return
            write_rows(self._path or self._fetched(ctx), self.cached, ctx)

    def opened(self) -> Store:
        """The rows.

        Raises:
            DataError: if they were not prepared, or are damaged.
        """
        if self._path is None and self._names != tuple(PUBLISHED):
            raise DataError(self._missing())
        if not self.cached.exists():
            msg = f"the rows of {' or '.join(self._names)} are not in {self.cached}; make them with jetbench prepare"
            raise DataError(msg)
        return open_rows(self.cached)

    def _fetched(self, ctx: RunContext) -> Path:
        from jetgen_higgs.fetching import fetch  # here, because a planner needs no network

        path = folder() / list(PUBLISHED)[-1]
        fetch(path, ctx)
        return path

    def _missing(self) -> str:
        return f"{searched(*self._names)}; name its folder in {FOLDER_VARIABLE}, or choose a size of the published file"
