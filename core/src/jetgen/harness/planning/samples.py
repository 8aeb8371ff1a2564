"""``--samples NAME=FILE``: clouds that were made elsewhere, as a row beside the models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jetgen.errors import DataError, UsageError, plain
from jetgen.evaluation.sides import require_same_meaning
from jetgen.harness.store.plan import DatasetPlan, GeneratorPlan
from jetgen.harness.store.provenance import versions
from jetgen.io.cloud_file import open_clouds
from jetgen.io.content import content_digest
from jetgen.registry.plugin import legal_name

__all__ = ["SAMPLES", "SAMPLES_SETTINGS", "FileOfSamples"]

SAMPLES = "jetgen.references.file_samples:FileSamples"
"""What stands in the place of a model."""

SAMPLES_SETTINGS = "jetgen.references.file_samples:FileSamplesSettings"


@dataclass(frozen=True)
class FileOfSamples:
    """A file of samples with the name of its row.

    Arguments:
        name: of the row.
        path: of the file.
    """

    name: str
    path: Path

    @classmethod
    def of(cls, text: str) -> FileOfSamples:
        """What ``NAME=FILE`` says.

        Raises:
            UsageError: if it is not of that form.
        """
        name, equals, file = text.partition("=")
        if not (equals and file and legal_name(name)):
            msg = f"--samples {text!r} is not of the form NAME=FILE, with a name of letters, digits and . _ + - ! ~"
            raise UsageError(msg)
        return cls(name, Path(file).expanduser().absolute())

    @cached_property
    def content(self) -> str:
        """A digest of what the file holds.

        Raises:
            UsageError: if it cannot be read.
        """
        try:
            return content_digest(self.path)
        except DataError as error:
            msg = f"--samples {self.name}: {error}"
            raise UsageError(msg) from error

    def generator(self, dataset: DatasetPlan, preset: str) -> GeneratorPlan:
        """The file in the place of a generator. Another content is another row."""
        settings = {"file": str(self.path), "cloud_spec": dataset.cloud_spec}
        return GeneratorPlan(
            name=self.name,
            distribution="jetgen",
            version=versions()["jetgen"],
            target=SAMPLES,
            settings_target=SAMPLES_SETTINGS,
            api_version=0,
            preset=f"{preset}+{self.content[:6]}",
            settings=settings,
            origins={"file": "--samples", "cloud_spec": "default"},
            capabilities=("SupportsPretrained",),
            inputs={"file": self.content},
            made_elsewhere=True,
        )

    def draws(self, dataset: DatasetPlan, wanted: int) -> tuple[int, str | None]:
        """How many draws the file has clouds for, at most ``wanted``, and why it cannot stand beside the models."""
        try:
            with open_clouds(self.path, dataset.spec.names) as file:
                require_same_meaning(file, dataset.spec)
                held = len(file)
        except DataError as error:
            return 1, plain(f"its file does not hold such clouds: {error}")
        size = dataset.counts[-1]
        if held < size:
            reason = (
                f"{self.path} holds {held:,} clouds, a draw takes {size:,}; choose a smaller size of {dataset.name}"
            )
            return 1, f"{reason}, or compare it by `jetbench evaluate`"
        return min(wanted, held // size), None
