"""One net around files that others wrote: whatever a library raises becomes one sentence that begins with the file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jetgen.errors import DataError, JetgenError, plain

__all__ = ["one_line", "reading", "require_file"]

_AGAIN = "make or fetch it again"
_SAID = 100  # characters of what a library says
_LONGEST = 800  # characters of a sentence; a damaged file may hold names of any length
_KINDS = (
    (stat.S_ISDIR, "it is a folder; name a file in it"),
    (stat.S_ISFIFO, "it is a pipe, which can be read only once; write it to a file first"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_SYSTEM = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "you have no permission to read it; ask its owner, or change its mode by chmod",
    errno.EPERM: "you have no permission to read it; ask its owner, or change its mode by chmod",
    errno.ELOOP: "its symbolic links lead in a circle; name the file itself",
    errno.EMFILE: "this process has too many files open; raise the limit by ulimit -n",
    errno.ENFILE: "too many files are open on this machine; close some",
    errno.EIO: "the disk or the network failed (input/output error); try again, or copy it to another disk",
    errno.ESTALE: "the network disk lost it for a moment (stale file handle); try again",
    errno.ETIMEDOUT: "the network disk does not answer; try again",
}
"""What the operating system says: the contents of the file are not at fault."""


@contextmanager
def reading(path: Path, what: str = "file", remedy: str = _AGAIN) -> Iterator[None]:
    """Turn every error inside the ``with`` block into a :class:`DataError` of one sentence that begins with ``path``.

    Arguments:
        path: the file, or the folder, that is read inside.
        what: what it is or which part is read, such as ``"HDF5 file"`` or ``"rows 0 to 9 of points"``.
        remedy: what to do if its contents are damaged.

    Raises:
        DataError: for any error but those of jetgen that are none.
    """
    try:
        yield
    except DataError as error:
        if str(error).startswith(str(path)):
            raise
        msg = f"{path}: {one_line(str(error))}"
        raise DataError(msg) from error
    except JetgenError:
        raise
    except Exception as error:  # HDF5, zip, JSON, NumPy and torch each have errors of their own for damage
        msg = f"{path}: {one_line(_reason(error, what, remedy))}"
        raise DataError(msg) from error


def require_file(path: Path) -> int:
    """The size of a regular file in bytes. Nothing is opened: to open a pipe would wait for its writer.

    Raises:
        DataError: if there is none, or it is a folder, a pipe, a device or a socket.
    """
    with reading(path):
        status = path.stat()
        for is_kind, sentence in _KINDS:
            if is_kind(status.st_mode):
                raise DataError(sentence)
    return status.st_size


def one_line(text: str) -> str:
    """``text`` in one line that a terminal shows as it is, and not too long.

    >>> one_line("a" + chr(10) + "b")
    'a b'
    """
    return plain(" ".join(text.split()), _LONGEST)


def _reason(error: Exception, what: str, remedy: str) -> str:
    text = str(error)
    if isinstance(error, MemoryError) or "enough memory" in text or "allocation failed" in text:  # NumPy, torch, HDF5
        return f"the {what} does not fit into memory; read less of it, or use a larger machine"
    if isinstance(error, OSError):
        found = _system_reason(error.errno, text)
        if found is not None:
            return found
    said = one_line(text)[:_SAID].strip()
    return f"the {what} is truncated or damaged ({type(error).__name__}{': ' if said else ''}{said}); {remedy}"


def _system_reason(code: int | None, text: str) -> str | None:
    """Why the operating system, or HDF5, does not give the file; None if the contents are at fault."""
    if "lock file" in text:
        if code in _NO_LOCKS:
            return (
                "its file system has no locks, as NFS may; copy it to a local disk, or set HDF5_USE_FILE_LOCKING=FALSE "
                "if nobody writes to it"
            )
        return "another program has it open for writing; close it there, then try again"
    if "already open for write" in text:
        return "a program has it open for writing, or ended without closing it; close it there, or run h5clear -s on it"
    if "required filter" in text or "open directory" in text:
        return "it needs a compression filter that is not installed; pip install hdf5plugin"
    if code is None:
        return None
    return _SYSTEM.get(code, f"the system does not let it be read ({os.strerror(code)})")
