"""One input read in a process of its own, with limits of time and memory, and what came of it."""

from __future__ import annotations

import os
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jetgen.errors import JetgenError

__all__ = ["Outcome", "attempt"]

_SECONDS = 10
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ROOM = 2 * 2**30  # address space beyond that of the parent

Result = Literal["read", "refused", "untidy", "traceback", "hang", "crash"]


@dataclass(frozen=True)
class Outcome:
    """What came of reading one input.

    Arguments:
        result: ``untidy`` is a refusal that is not one sentence which names the input.
        text: the content, the sentence or the last lines of the traceback.
        peak: megabytes of memory beyond those that the child began with.
    """

    result: Result
    text: str
    peak: float


def attempt(read: Callable[[Path], str], path: Path) -> Outcome:
    """Read ``path`` in a child."""
    answer, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answer)
        os.write(write, f"{_pages()[1]}\0".encode())  # at once: a child that hangs says no more
        os.write(write, "\0".join(_read(read, path)).encode("utf-8", "replace")[:60_000])  # what a pipe holds
        os._exit(0)
    os.close(write)
    with os.fdopen(answer, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(child, 0)
    began, _, said = said.partition("\0")
    peak = max(0.0, (usage.ru_maxrss * 1024 - int(began) * _PAGE) / 2**20)
    if os.WIFSIGNALED(status):
        hang = os.WTERMSIG(status) == signal.SIGALRM
        return Outcome("hang" if hang else "crash", signal.strsignal(os.WTERMSIG(status)) or "", peak)
    result, _, text = said.partition("\0")
    return Outcome(result, text, peak)  # type: ignore[arg-type]  # the child says one of them


def _read(read: Callable[[Path], str], path: Path) -> tuple[Result, str]:
    limit = _pages()[0] * _PAGE + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the child wherever it is, also inside HDF5
    signal.alarm(_SECONDS)
    try:
        return "read", read(path)
    except JetgenError as error:
        text = str(error)
        return ("refused" if str(path) in text and text.isprintable() else "untidy"), text
    except BaseException:  # noqa: BLE001 (any error is a result)
        return "traceback", "".join(traceback.format_exc().splitlines(keepends=True)[-4:])


def _pages() -> list[int]:
    """The pages of address space and of resident memory of this process."""
    return [int(number) for number in Path("/proc/self/statm").read_text(encoding="utf-8").split()[:2]]
