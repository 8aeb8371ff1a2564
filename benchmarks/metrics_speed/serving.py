"""How a side answers the driver: a line of JSON asks for a case, a line of JSON tells its seconds."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Inputs", "Task", "serve"]


class Inputs:
    """The arrays of the file that both sides read, loaded when they are first asked for."""

    def __init__(self, path: Path) -> None:
        self._file = np.load(path)
        self._arrays: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            self._arrays[name] = self._file[name]
        return self._arrays[name]


class Task(NamedTuple):
    """A case made ready: its inputs are in memory, in the layout that this side likes.

    Arguments:
        variants: the ways to do the work, by name; the fastest counts.
        values: what is compared with the other side, of the result of the first variant.
        warm: what starts the machinery (compilers, pools of processes), where a few jets through every variant would
            take too long.
    """

    variants: Mapping[str, Callable[[], Any]]
    values: Callable[[Any], Any] = np.asarray
    warm: Callable[[], Any] | None = None


_FEW = 200

Maker = Callable[[Inputs, int, int], Task]


def serve(makers: Mapping[str, Maker]) -> None:
    """Answer requests until the input ends. What the libraries print goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sides: dict[str, Inputs] = {}
    tasks: dict[str, Task] = {}
    for line in sys.stdin:
        request = json.loads(line)
        case, path, jets, compared = (request[key] for key in ("case", "jets_file", "jets", "compared"))
        try:
            if path not in sides:
                sides = {path: Inputs(Path(path))}
                tasks = {}
            key = f"{case} {jets} {compared}"
            if key not in tasks:
                tasks = {key: makers[case](sides[path], jets, compared)}
                _warm_up(tasks[key], makers[case](sides[path], min(jets, _FEW), min(compared, _FEW)))
            answer = _timed(tasks[key], request)
        except Exception as error:  # noqa: BLE001 - a library's failure is an answer, not the end of the benchmark
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _warm_up(task: Task, few: Task) -> None:
    for run in few.variants.values() if task.warm is None else [task.warm]:
        run()


def _timed(task: Task, request: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of each variant that was asked for, all if none; the values of the first go to the file named."""
    chosen = request.get("variant")
    seconds = {}
    for number, (name, run) in enumerate(task.variants.items()):
        if chosen in (None, name):
            start = time.perf_counter()
            result = run()
            seconds[name] = time.perf_counter() - start
            if number == 0 and request.get("values_file"):
                np.save(request["values_file"], np.asarray(task.values(result), np.float64))
    return {"seconds": seconds}
