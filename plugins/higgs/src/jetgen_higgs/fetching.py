"""The download of the published file from the UCI archive."""

from __future__ import annotations

from pathlib import Path

import pooch  # type: ignore[import-untyped]  # it ships no types
import requests
from jetgen.api.context import RunContext
from jetgen.errors import DataError, JetgenError
from jetgen.io.atomic import atomic_path

from jetgen_higgs.files import PUBLISHED, locked, remedy, searched

__all__ = ["SHA256", "URL", "fetch"]

URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/00280/HIGGS.csv.gz"
"""The address of the published file."""

SHA256 = "ea302c18164d4e3d916a1e2e83a9a8d07069fa6ebc7771e4c0540d54e593b698"
"""Of the published file."""

_TIMEOUT = 30  # seconds without an answer
_CHUNK = 2**20


def fetch(path: Path, ctx: RunContext) -> None:
    """Download the published file to ``path``, whole or not at all. Several processes may do so at once: one downloads.

    Raises:
        JetgenError: if the archive does not give it, or the cache cannot be written.
        DataError: if what arrived is another file.
    """
    with locked(path):
        if path.exists():
            return
        with atomic_path(path) as part:
            _download(part, ctx)
            found = pooch.file_hash(str(part))
            if found != SHA256:
                msg = f"what arrived from {URL} is not HIGGS.csv.gz (SHA-256 {found}); {remedy()}"
                raise DataError(msg)


def _download(part: Path, ctx: RunContext) -> None:
    get = pooch.HTTPDownloader(progressbar=_Progress(ctx), chunk_size=_CHUNK, timeout=_TIMEOUT)
    try:
        get(URL, str(part), None)
    except requests.RequestException as error:
        msg = f"{searched(*PUBLISHED)}, and the UCI archive does not give it ({type(error).__name__}); {remedy()}"
        raise JetgenError(msg) from error


class _Progress:
    """The interface of a progress bar that pooch expects."""

    total = 0  # bytes; pooch sets it

    def __init__(self, ctx: RunContext) -> None:
        self._ctx, self._done = ctx, 0

    def update(self, more: int) -> None:
        self._done += more
        self._ctx.report("progress", done=min(self._done, self.total), total=self.total, unit="bytes")

    def reset(self) -> None:
        """Called by pooch before its last update, which has all bytes."""
        self._done = 0

    def close(self) -> None:
        """Called by pooch at the end."""
