"""Downloads from Zenodo, which continue after an interruption and are put in place once the checksum is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pooch  # type: ignore[import-untyped]  # it ships no types
import requests
from filelock import FileLock
from jetgen.api.context import RunContext
from jetgen.errors import DataError, JetgenError

from jetgen_jetnet.published import FOLDER_VARIABLE, PublishedFile, md5_of

__all__ = ["ZENODO", "fetch"]

ZENODO = "https://zenodo.org/api/records"
"""The address of the descriptions of records."""

_ATTEMPTS = 5  # connections for one file; each continues where the last one broke off
_TIMEOUT = 30  # seconds without an answer
_CHUNK = 2**20


@dataclass(frozen=True)
class _Listed:
    """The entry of a file in a record."""

    url: str
    size: int
    md5: str


def fetch(published: PublishedFile, ctx: RunContext) -> None:
    """Download a file into the cache, unless it is there. Several processes may do so at once: one downloads.

    Raises:
        JetgenError: if Zenodo cannot be reached or the folder cannot be written; what has arrived is kept.
        DataError: if what arrived is not what the record lists; it is deleted.
    """
    path = published.cached
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if path.exists():
                return
            listed = _listed(published)
            _download(listed, part, ctx)
            _check(published, listed, part)
            published.remember(listed.md5)
            part.replace(path)
    except requests.RequestException as error:
        raise JetgenError(_unreachable(published, part, error)) from error
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}; free some space or set JETGEN_CACHE"
        raise JetgenError(msg) from error


def _listed(published: PublishedFile) -> _Listed:
    answer = requests.get(f"{ZENODO}/{published.record}", timeout=_TIMEOUT)
    answer.raise_for_status()
    try:
        # Zenodo has called the name of a file both "key" and "filename", and its address both "self" and "download".
        files = {file.get("key") or file["filename"]: file for file in answer.json()["files"]}
        file = files[published.name]
        links = file["links"]
        return _Listed(links.get("self") or links["download"], int(file["size"]), file["checksum"].split(":")[-1])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"the Zenodo record {published.record} does not list {published.name}; {_remedy(published)}"
        raise JetgenError(msg) from error


def _download(listed: _Listed, part: Path, ctx: RunContext) -> None:
    """Append to ``part`` until it has the size of the file."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with part.open("ab") as file:
                if file.tell() != listed.size:
                    _go_on(listed, file, ctx)
                return
        except requests.RequestException:
            if attempt == _ATTEMPTS:
                raise


def _go_on(listed: _Listed, file: IO[bytes], ctx: RunContext) -> None:
    if file.tell() > listed.size:
        file.truncate(0)
        file.seek(0)

    def begin(answer: requests.Response, *_: Any, **__: Any) -> None:
        if answer.status_code == requests.codes.ok:  # the server sends the whole file, not the rest of it
            file.truncate(0)

    get = pooch.HTTPDownloader(
        progressbar=_Progress(file, listed.size, ctx),
        chunk_size=_CHUNK,
        timeout=_TIMEOUT,
        # A compressed response would not be a range of the bytes of the file.
        headers={"Range": f"bytes={file.tell()}-", "Accept-Encoding": "identity"},
        hooks={"response": begin},
    )
    get(listed.url, file, None)


class _Progress:
    """The interface of a progress bar that pooch expects."""

    def __init__(self, file: IO[bytes], size: int, ctx: RunContext) -> None:
        self._file, self._size, self._ctx = file, size, ctx
        self.total = 0

    def update(self, _: int) -> None:
        self._ctx.report("progress", done=self._file.tell(), total=self._size, unit="bytes")

    def reset(self) -> None:
        """Called by pooch before its last update."""

    def close(self) -> None:
        """Called by pooch at the end."""


def _check(published: PublishedFile, listed: _Listed, part: Path) -> None:
    size, found = part.stat().st_size, md5_of(part)
    if (size, found) == (listed.size, listed.md5):
        return
    part.unlink()
    msg = (
        f"what arrived for {published.name} is not what the Zenodo record {published.record} lists ({size} bytes with "
        f"MD5 {found}, not {listed.size} with {listed.md5}) and was deleted; try again, or {_remedy(published)}"
    )
    raise DataError(msg)


def _unreachable(published: PublishedFile, part: Path, error: Exception) -> str:
    arrived = part.stat().st_size if part.exists() else 0
    kept = f"; the {arrived} bytes that arrived are kept, the next attempt goes on from there" if arrived else ""
    return (
        f"{published.name} is neither {published.places()}, and Zenodo does not give it "
        f"({type(error).__name__}){kept}; {_remedy(published)}"
    )


def _remedy(published: PublishedFile) -> str:
    return f"fetch {published.name} from {published.doi} and name its folder in {FOLDER_VARIABLE}"
