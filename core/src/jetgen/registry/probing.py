"""Ask probing children about entry points; a plugin that raises, exits, crashes or hangs costs itself only."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from jetgen.errors import UsageError
from jetgen.registry.plugin import Entry, State
from jetgen.registry.strays import MARK, end_strays, new_mark

__all__ = ["Answer", "probe"]

_PATIENCE = 20.0
"""Seconds: specs and settings are light."""

_LONGEST = 2**20
"""Bytes of an answer, and of what a child prints."""

_DEEP_PATIENCE = 120.0
"""Seconds: a target may import torch from a slow disk."""


@dataclass(frozen=True)
class Answer:
    """What came of loading one entry point.

    Arguments:
        traceback: the whole traceback of a plugin that raised.
        output: what a child that died had written to its standard output and error.
        document: the answer of the child as JSON: with ``spec`` and ``presets`` if it is healthy, with the ``files``
            that may have to do with it if it raised.
    """

    state: State
    reason: str = ""
    traceback: str = ""
    output: str = ""
    document: dict[str, Any] = field(default_factory=dict)


def probe(entries: Sequence[Entry], *, deep: bool = False) -> dict[Entry, Answer]:
    """Load entry points in child processes; what came of each.

    Arguments:
        deep: import the targets as well, not only specs and settings.

    The seconds that one entry point may take are ``JETGEN_PROBE_TIMEOUT``, else 20, or 120 if ``deep``.

    Raises:
        UsageError: if ``JETGEN_PROBE_TIMEOUT`` is not a number.
    """
    patience = _patience(_DEEP_PATIENCE if deep else _PATIENCE)
    answers: dict[Entry, Answer] = {}
    waiting = list(entries)
    while waiting:
        answers |= _one_child(waiting, deep=deep, patience=patience)
        waiting = [entry for entry in entries if entry not in answers]
    # What failed beside others is asked again alone: it may have suffered from what another left in the process.
    for entry, answer in list(answers.items()):
        if answer.state is State.BROKEN and answer.traceback and len(entries) > 1:
            answers |= _one_child([entry], deep=deep, patience=patience)
    return answers


def _patience(default: float) -> float:
    text = os.environ.get("JETGEN_PROBE_TIMEOUT", str(default))
    try:
        return float(text)
    except ValueError:
        msg = f"JETGEN_PROBE_TIMEOUT is {text!r}; a number of seconds is needed"
        raise UsageError(msg) from None


def _one_child(entries: Sequence[Entry], *, deep: bool, patience: float) -> dict[Entry, Answer]:
    """Answers from one child, in order, up to the entry point that ends it; at least one."""
    answers: dict[Entry, Answer] = {}
    with tempfile.TemporaryFile() as output, _child(entries, output, deep=deep) as (process, lines):
        when = "before it could import anything"
        line = lines.next(patience)
        for entry in entries:
            if line is not None:
                when = "at import"
                line = lines.next(patience)
            if line is None:
                reason = _fate(process, patience, when)
                answers[entry] = Answer(State.BROKEN, reason, output=_text(output))
                break
            answers[entry] = _answer(line)
    return answers


@contextlib.contextmanager
def _child(
    entries: Sequence[Entry], output: IO[bytes], *, deep: bool
) -> Iterator[tuple[subprocess.Popen[bytes], _Lines]]:
    """A probing child in a session of its own; whatever is left of it is killed at the end."""
    reading, writing = os.pipe()
    mark = new_mark()
    folders = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jetgen.registry.probe", str(writing)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": folders, MARK: mark},
        )
    finally:
        os.close(writing)
    try:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as request:
            request.write(json.dumps({"deep": deep, "entries": [vars(entry) for entry in entries]}).encode())
        yield process, _Lines(reading, process)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end_strays(mark)
        os.close(reading)


class _Lines:
    """Lines from a pipe, each waited for with a limit."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor = descriptor
        self._process = process
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(descriptor, selectors.EVENT_READ)

    def next(self, patience: float) -> bytes | None:
        """The next line; None if the child ended, or said nothing for ``patience`` seconds."""
        deadline = time.monotonic() + patience
        while b"\n" not in self._buffer:
            ended = self._process.poll() is not None
            # A grandchild may hold the pipe open after the child's end, so that is looked at as well.
            ready = self._selector.select(0 if ended else min(0.1, max(0.0, deadline - time.monotonic())))
            more = os.read(self._descriptor, 65536) if ready else b""
            self._buffer += more
            if len(self._buffer) > _LONGEST:
                return b""  # no answer of ours: a plugin writes here
            if not more and (ready or ended or time.monotonic() >= deadline):
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _answer(line: bytes) -> Answer:
    try:
        document = json.loads(line)
        state = State(document["state"])
    except (ValueError, KeyError, TypeError):
        return Answer(State.BROKEN, "wrote to the file descriptors of its process at import")
    if state is State.OK:
        return Answer(state, document=document)
    return Answer(state, str(document.get("reason", "")), str(document.get("traceback", "")), document=document)


def _fate(process: subprocess.Popen[bytes], patience: float, when: str) -> str:
    """Why the child no longer answers."""
    try:
        status = process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return f"hung for {patience:g} s {when}"
    if status < 0:
        return f"crashed with signal {signal.Signals(-status).name} {when}"
    return f"exited with status {status} {when}"


def _text(output: IO[bytes]) -> str:
    output.seek(-min(output.seek(0, os.SEEK_END), _LONGEST), os.SEEK_END)
    return output.read().decode(errors="replace")
