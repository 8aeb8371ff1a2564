"""Samples that were made elsewhere: a file of clouds in the place of a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, FitReport
from jetgen.api.settings import Settings
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.io.atomic import write_json
from jetgen.io.cloud_file import open_clouds
from jetgen.io.json_objects import read_object

__all__ = ["FileSamples", "FileSamplesSettings"]

_FILE = "samples.json"
_DRAW = "draw="


class FileSamplesSettings(Settings):
    """Which file.

    Arguments:
        file: its path.
        cloud_spec: of the clouds that it stands beside.
    """

    file: str = ""
    cloud_spec: dict[str, Any] = Field(default_factory=dict)

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def inputs(self) -> Mapping[str, Path]:
        """The file: its content counts, not its name."""
        return {"file": Path(self.file)}


class FileSamples:
    """Hands out the clouds of a file: every draw gets others, none twice.

    Arguments:
        path: of the file.
        cloud_spec: of the clouds that it stands beside.
    """

    def __init__(self, path: Path, cloud_spec: CloudSpec) -> None:
        self.path, self.spec = path, cloud_spec

    @classmethod
    def create(cls, settings: FileSamplesSettings, cloud_spec: CloudSpec) -> Self:
        """Those of a file."""
        return cls(Path(settings.file), cloud_spec)

    @classmethod
    def pretrained(cls, settings: FileSamplesSettings) -> Self:
        """There is nothing to train."""
        return cls(Path(settings.file), CloudSpec.from_json(settings.cloud_spec))

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Nothing to do."""
        del train, val, ctx
        return FitReport(parameters=0, steps=0)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """The next ``conditions.n`` clouds of the file, those of the draw that ``ctx`` is at.

        Raises:
            DataError: if there are not so many, or they answer other true events than are asked for.
        """
        draw = next((int(part.removeprefix(_DRAW)) for part in ctx.key if part.startswith(_DRAW)), 0)
        start, stop = draw * conditions.n, (draw + 1) * conditions.n
        # Of a file that has more than the truth has, the rest is not read.
        with open_clouds(self.path, self.spec.names, None if self.spec.conditioning else ()) as file:
            if stop > len(file):
                msg = f"{self.path} holds {len(file):,} clouds; draw {draw} takes those up to {stop:,}"
                raise DataError(msg)
            found = file[start:stop]
        if conditions.given is not None:
            self._require_same_events(found, conditions)
        return found

    def _require_same_events(self, found: Clouds, conditions: Conditions) -> None:
        """Row i of a sample answers row i of the truth."""
        given, event = conditions.given, conditions.event
        assert given is not None
        assert event is not None
        if found.given is None or found.event is None:
            msg = f"{self.path} does not say which true events its clouds answer; it needs given and event"
            raise DataError(msg)
        if found.given.fingerprint() != given.fingerprint() or not np.array_equal(found.event, event):
            msg = f"{self.path} answers other true events than those of the test split, or in another order"
            raise DataError(msg)

    def save(self, folder: Path) -> None:
        """Write where the file is."""
        write_json(folder / _FILE, {"file": str(self.path), "cloud_spec": self.spec.to_json()})

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """What :meth:`save` wrote; the device is ignored.

        Raises:
            DataError: if it is missing or damaged.
        """
        del device
        document = read_object(folder / _FILE, "description of samples", "run the command again")
        try:
            return cls(Path(document["file"]), CloudSpec.from_json(document["cloud_spec"]))
        except (KeyError, TypeError) as error:
            msg = f"{folder / _FILE}: it does not say where the samples are; run the command again"
            raise DataError(msg) from error
