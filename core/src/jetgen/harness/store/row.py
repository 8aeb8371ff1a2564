"""The row of a cell: its outcome, scores, cost and provenance, as one JSON document with a schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jetgen.api.specs import MetricSpec
from jetgen.harness.store.plan import CellPlan, cell_folder
from jetgen.io.atomic import write_text

__all__ = ["CostRecord", "Row", "Score", "Status", "read_row", "read_rows", "write_row"]

Status = Literal["ok", "truncated", "skipped", "failed", "timeout", "killed", "unloadable"]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Score(_Document):
    """One named value of a metric, over the draws of one cell."""

    metric: str = Field(description="the metric that computed it")
    values: list[float] = Field(description="one per draw")
    mean: float
    spread: float = Field(description="standard deviation over the draws")
    low: float = Field(description="5 % quantile over the draws")
    high: float = Field(description="95 % quantile over the draws")
    stderr: float | None = Field(default=None, description="what the metric itself computes, mean over the draws")
    halves: list[float] = Field(default_factory=list, description="first draw against halves of the truth, if known")
    n_real: int
    n_fake: int


class CostRecord(_Document):
    """What the cell took. Seconds are wall-clock; unknown values are None."""

    parameters: int | None = None
    steps: int | None = None
    fit_seconds: float | None = None
    inherited_fit_seconds: float = Field(default=0.0, description="training of the cells that it needs")
    sample_seconds: float | None = None
    microseconds_per_cloud: float | None = Field(default=None, description="sampling, warm, one core")
    microseconds_by_batch: dict[str, float] = Field(default_factory=dict, description="by the clouds of one call")
    simulator_microseconds_per_cloud: float | None = Field(default=None, description="timed beside it on the same core")
    simulator_ratio: float | None = Field(default=None, description="simulator over generator, median of paired blocks")
    break_even_clouds: float | None = Field(default=None, description="clouds after which training and data have paid")
    timing_device: str | None = None
    timing_threads: int | None = None
    precision: str | None = Field(default=None, description="of the weights, where they are kept as safetensors")
    peak_bytes: dict[str, int] = Field(default_factory=dict, description="by stage")
    seconds: dict[str, float] = Field(default_factory=dict, description="by stage")


class Row(_Document):
    """The outcome of one cell, whatever it was."""

    format: int
    id: str
    kind: Literal["model", "floor"]
    status: Status
    phase: str | None = Field(default=None, description="the stage that did not end well")
    error_type: str | None = None
    error: str | None = Field(default=None, description="the first line of what went wrong, or why it was skipped")
    generator: str | None
    shown_as: str = Field(default="", description="the name that tables show, if it is not that of the generator")
    distribution: str | None = None
    version: str | None = None
    preset: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    overrides: dict[str, Any] = Field(default_factory=dict, description="settings that a suite or --set changed")
    baseline: bool = False
    dataset: str
    size: str
    data: str = Field(default="", description="a digest of what the clouds of the dataset are")
    seed: int
    draws: int
    device: str
    threads: int
    keys: dict[str, str] = Field(default_factory=dict, description="by stage")
    metrics: dict[str, MetricSpec] = Field(default_factory=dict, description="what the metrics say of themselves")
    metric_versions: dict[str, str] = Field(
        default_factory=dict, description="metric: its distribution, version and a digest of the code that computed it"
    )
    scores: dict[str, Score] = Field(default_factory=dict)
    checksum: str = Field(default="", description="a digest of the scores: one that was changed by hand is noticed")
    skipped_metrics: dict[str, str] = Field(default_factory=dict, description="metric: why it has no score")
    counts: dict[str, float] = Field(default_factory=dict, description="facts about the samples, such as clipped pT")
    cost: CostRecord = CostRecord()
    strays: tuple[str, ...] = Field(default=(), description="processes that its stages left behind and that do not end")
    needs: dict[str, str] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field: what ``RUN/cells/<id>/row.json`` holds."""
        return self.model_dump(mode="json")

    @property
    def label(self) -> str:
        """``dataset@size``."""
        return f"{self.dataset}@{self.size}"

    @property
    def title(self) -> str:
        """The name that tables show."""
        return self.shown_as or self.generator or "floor"

    @property
    def scored(self) -> bool:
        """Whether its scores may stand in a table."""
        return self.status in ("ok", "truncated")

    def spec_of(self, score: str) -> MetricSpec:
        """The spec of the metric behind one of the scores."""
        return self.metrics[self.scores[score].metric]

    def version_of(self, score: str) -> str:
        """What computed one of the scores; empty if the row does not tell."""
        return self.metric_versions.get(self.scores[score].metric, "")

    @property
    def bad(self) -> bool:
        """Whether it makes the run end with exit status 1."""
        return self.status in ("failed", "timeout", "killed", "unloadable")


def read_row(run: Path, cell: CellPlan) -> Row | None:
    """The row of a cell; None if it has none that can be read, for example one of another format."""
    return _row_at(cell_folder(run, cell.id) / "row.json")


def read_rows(run: Path) -> list[Row]:
    """The rows of all cells that a run folder holds and that can be read, whatever the plan says of them."""
    return [row for path in sorted(run.glob("cells/*/row.json")) if (row := _row_at(path)) is not None]


def _row_at(path: Path) -> Row | None:
    try:
        return Row.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_row(run: Path, row: Row) -> None:
    """Keep the row, whole or not at all."""
    write_text(cell_folder(run, row.id) / "row.json", row.model_dump_json(indent=1) + "\n")
