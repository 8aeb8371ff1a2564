"""Any number of clouds into one file: made in parts, each with seeds of its own, and resumed after an interrupt."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.api.context import RunContext
from jetgen.api.protocols import Generator
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, JetgenError, StorageError, UsageError
from jetgen.io.atomic import write_json, writing
from jetgen.io.cloud_file import open_clouds
from jetgen.io.exports import check_exportable, export
from jetgen.io.writing import write_clouds
from jetgen.sampling.checking import checked

__all__ = ["PART", "SampleRequest", "sample_to_file"]

PART = 10_000
"""Clouds of a part, which is what an interrupt can cost."""


@dataclass(frozen=True)
class SampleRequest:
    """What is asked of a model.

    Arguments:
        n: how many clouds.
        seed: of all of them. The clouds depend on it, on ``part`` and on the conditions, not on interrupts; the first
            ones do not depend on ``n``.
        like: clouds whose conditioning and true events are answered, from the first one on and again if there are
            fewer; None for a model that needs none.
        part: clouds that are made at once.
    """

    n: int
    seed: int = 0
    like: Clouds | None = None
    part: int = PART

    def __post_init__(self) -> None:
        if self.n < 0 or self.part < 1 or self.seed < 0:
            msg = f"{self.n} clouds in parts of {self.part} with seed {self.seed} cannot be made"
            raise UsageError(msg)
        if self.like is not None and not len(self.like):
            msg = "there are no clouds whose conditions could be answered"
            raise UsageError(msg)

    @property
    def parts(self) -> int:
        """How many parts there are; one for no clouds."""
        return max(1, -(-self.n // self.part))

    def conditions(self, part: int) -> Conditions:
        """Those of one part."""
        rows = np.arange(part * self.part, min(self.n, (part + 1) * self.part))
        if self.like is None:
            return Conditions(len(rows))
        return Conditions.like(self.like)[rows % len(self.like)]


def sample_to_file(
    model: Generator,
    spec: CloudSpec,
    request: SampleRequest,
    path: Path,
    ctx: RunContext,
    *,
    identity: str,
    layout: str | None = None,
) -> None:
    """Sample clouds into a file, part by part.

    The parts lie in a folder beside the file, ``NAME.parts``, until all are there; the same call goes on from them.

    Arguments:
        model: trained.
        spec: of its clouds.
        request: how many, and which.
        path: of the file; what is there is replaced at the end.
        ctx: device and threads; is told of the progress.
        identity: a digest of the model, so that parts of another one are not taken for this one's.
        layout: see :func:`jetgen.io.exports.format_of`.

    Raises:
        UsageError: if the format cannot hold such clouds, or the model needs conditions and there are none.
        DataError: if the model returns what it was not asked for.
        StorageError: if something cannot be written.
    """
    check_exportable(path, spec, layout)
    _require_conditions(spec, request)
    folder = path.with_name(f"{path.name}.parts")
    _begin(folder, {"model": identity, "seed": request.seed, "part": request.part, **_of_conditions(request)})
    for part in range(request.parts):
        file = folder / f"{part:06d}.h5"
        wanted = request.conditions(part)
        if _there(file) != wanted.n:
            made = checked(model.sample(wanted, ctx.at("part", part)), wanted, spec)
            write_clouds(file, made, spec)
        ctx.report("progress", done=min(request.n, (part + 1) * request.part), total=request.n, unit="clouds")
    export(path, _Parts(folder, request), spec, layout)
    with writing(folder):
        shutil.rmtree(folder)


def _require_conditions(spec: CloudSpec, request: SampleRequest) -> None:
    needed = [*spec.conditioning_names, *(["true events"] if spec.given is not None else [])]
    if needed and request.like is None:
        msg = f"the model answers {', '.join(needed)}: say whose with --like, a dataset or a file of clouds"
        raise UsageError(msg)
    like = request.like
    if like is not None and like.conditioning.shape[1] != len(spec.conditioning):
        have = like.conditioning.shape[1]
        msg = f"--like has {have} columns of conditioning, the model answers {len(spec.conditioning)}"
        raise UsageError(msg)
    if like is not None and (like.given is None) != (spec.given is None):
        msg = "--like and the model do not agree on whether clouds answer true events"
        raise UsageError(msg)


def _of_conditions(request: SampleRequest) -> dict[str, Any]:
    return {"conditions": None if request.like is None else request.like.fingerprint()}


def _begin(folder: Path, definition: dict[str, Any]) -> None:
    """The folder of the parts, with what determines them inside; parts of something else are not touched."""
    path = folder / "definition.json"
    if not folder.exists():
        with writing(folder):
            folder.mkdir(parents=True)
        write_json(path, definition)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found != definition:
        msg = f"{folder} holds parts of another sample; give the same command again to finish it, or remove the folder"
        raise StorageError(msg)


def _there(file: Path) -> int | None:
    """How many clouds a part has; None if it must be made."""
    if not file.exists():
        return None
    try:
        with open_clouds(file) as clouds:
            return len(clouds[:])
    except JetgenError:
        return None


class _Parts(SlicedSource):
    """All parts as one source, with the conditions that they share."""

    def __init__(self, folder: Path, request: SampleRequest) -> None:
        self._folder, self._request = folder, request

    def __len__(self) -> int:
        return self._request.n

    def read(self, start: int, stop: int) -> Clouds:
        size = self._request.part
        parts = [self._part(i) for i in range(start // size, max(start, stop - 1) // size + 1)]
        first = start // size * size
        return Clouds.concatenate(parts)[start - first : stop - first]

    def _part(self, index: int) -> Clouds:
        """One part.

        Raises:
            DataError: if it has been changed since it was made.
        """
        with open_clouds(self._folder / f"{index:06d}.h5") as clouds:
            found = clouds[:]
        if len(found) != self._request.conditions(index).n:
            msg = f"{self._folder} was changed while the file was written; give the same command again"
            raise DataError(msg)
        if found.given is None or self._request.like is None:
            return found
        # One object for all parts, as each has read a copy of its own.
        given = self._request.like.given
        return Clouds(found.points, found.offsets, found.conditioning, given, found.event, found.weights)
