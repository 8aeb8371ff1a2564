"""Copy-truth: a generator that hands true events back as their own reconstruction."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, FitReport
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError
from jetgen.io.atomic import write_json
from jetgen.io.json_objects import read_object
from jetgen.references.settings import CopySettings

__all__ = ["CopyTruth"]

_FILE = "model.json"


class CopyTruth:
    """Answers each true event with its own points: a detector that finds all and measures all exactly.

    Arguments:
        cloud_spec: of clouds that answer true events with the same features.
    """

    def __init__(self, cloud_spec: CloudSpec) -> None:
        self.cloud_spec = cloud_spec

    @classmethod
    def create(cls, settings: CopySettings, cloud_spec: CloudSpec) -> Self:
        """There is nothing to train.

        Raises:
            UsageError: if there are no true events, or they lack a feature.
        """
        settings.require_fit("copy-truth", cloud_spec)
        return cls(cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Nothing to do."""
        del train, val
        ctx.report("progress", done=1, total=1)
        return FitReport(parameters=0, steps=0)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """The true events that are asked for.

        Raises:
            UsageError: if none are asked for, or multiplicities are.
        """
        del ctx
        given = self.cloud_spec.given
        if conditions.given is None or conditions.event is None or given is None:
            msg = "copy-truth copies true events; ask for some (given and event)"
            raise UsageError(msg)
        if conditions.multiplicity is not None:
            msg = "copy-truth copies whole true events and cannot choose their multiplicity; ask for none"
            raise UsageError(msg)
        copied = conditions.given[conditions.event]
        columns = [given.index(name) for name in self.cloud_spec.names]
        return Clouds(copied.points[:, columns], copied.offsets, conditions.conditioning)

    def save(self, folder: Path) -> None:
        """Write the spec."""
        write_json(folder / _FILE, {"generator": "copy-truth", "cloud_spec": self.cloud_spec.to_json()})

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """What :meth:`save` wrote; the device is ignored.

        Raises:
            DataError: if the file is missing or damaged.
        """
        del device
        document = read_object(folder / _FILE, "description of a model", "save it again")
        if "cloud_spec" not in document:
            msg = f"{folder / _FILE}: it does not say what the clouds are; save it again"
            raise DataError(msg)
        return cls(CloudSpec.from_json(document["cloud_spec"]))
