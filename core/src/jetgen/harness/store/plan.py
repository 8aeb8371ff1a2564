"""The plan of a run: every cell with all that is needed to run it, written before anything starts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jetgen.api.specs import MetricSpec
from jetgen.data.spec import CloudSpec
from jetgen.errors import RunFolderError, UsageError, did_you_mean
from jetgen.io.atomic import write_text
from jetgen.io.json_objects import digest

__all__ = [
    "PLAN_FORMAT",
    "REWEIGHT",
    "CellPlan",
    "DamagedPlanError",
    "DatasetPlan",
    "GeneratorPlan",
    "MetricPlan",
    "Plan",
    "cell_folder",
    "read_plan",
]

PLAN_FORMAT = 2
"""The version of the layout of a run folder."""

REWEIGHT = "--reweight"
"""The origin of the settings by which weights know whose they are."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GeneratorPlan(_Strict):
    """A generator with its settings resolved."""

    name: str
    distribution: str
    version: str
    target: str
    settings_target: str
    api_version: int
    preset: str
    settings: dict[str, Any]
    origins: dict[str, str] = Field(description="where each setting came from")
    capabilities: tuple[str, ...] = ()
    baseline: bool = Field(default=False, description="shown beside the models, never ranked")
    modules: tuple[str, ...] = Field(default=(), description="further packages whose code counts")
    inputs: dict[str, str] = Field(default_factory=dict, description="digest of what a setting names, by setting")
    shown_as: str = Field(default="", description="the name that tables show, if it is another one")
    made_elsewhere: bool = Field(default=False, description="a file of samples: nothing is trained or timed")

    @property
    def timed(self) -> bool:
        """Whether its sampling is timed."""
        return not (self.baseline or self.made_elsewhere)

    @property
    def base_preset(self) -> str:
        """The preset without the mark of changed settings."""
        return self.preset.partition("+")[0]

    @property
    def overrides(self) -> dict[str, Any]:
        """The settings that come from neither the defaults, the preset nor :data:`REWEIGHT`."""
        usual = ("default", REWEIGHT)
        own = {key for key, origin in self.origins.items() if origin not in usual and not origin.startswith("preset ")}
        return {key: self.settings[key] for key in sorted(own)}


class DatasetPlan(_Strict):
    """A dataset at one size."""

    name: str
    size: str
    distribution: str
    version: str
    target: str
    options: dict[str, Any]
    recipe: dict[str, Any]
    cloud_spec: dict[str, Any]
    counts: tuple[int, int, int] = Field(description="clouds of train, val and test")
    simulated: bool = Field(description="whether its simulator can be timed")
    density: bool = Field(default=False, description="whether it knows the density of its clouds")
    response: bool = Field(default=False, description="whether it knows how its clouds answer true ones")

    @property
    def label(self) -> str:
        """``name@size``."""
        return f"{self.name}@{self.size}"

    @property
    def identity(self) -> str:
        """A digest of what its clouds are, whatever they are called."""
        return digest({"dataset": self.target, "recipe": self.recipe})

    @property
    def spec(self) -> CloudSpec:
        """What its arrays mean."""
        return CloudSpec.from_json(self.cloud_spec)


class MetricPlan(_Strict):
    """A metric that applies to the dataset of the cell, with all that its spec says."""

    name: str
    distribution: str
    version: str
    spec: MetricSpec

    @property
    def module(self) -> str:
        """The module that it is imported from; the metrics of one module share a process."""
        return self.spec.target.split(":")[0]


class CellPlan(_Strict):
    """One row of the table to be: a generator, or the floor, on a dataset with a seed."""

    id: str
    kind: Literal["model", "floor"]
    generator: GeneratorPlan | None
    dataset: DatasetPlan
    seed: int
    draws: int = Field(description="independent draws of generated clouds, each the size of the test set")
    metrics: tuple[MetricPlan, ...]
    metrics_skipped: dict[str, str] = Field(default_factory=dict, description="metric: why it does not apply")
    threads: int
    device: str
    memory_bytes: int = Field(description="a stage that takes more is stopped")
    timeout: float = Field(description="seconds after which a stage is asked to stop, making data excepted")
    grace: float = Field(description="seconds between being asked and being stopped")
    block_seconds: float = Field(description="length of the blocks in which sampling and simulator are timed in turn")
    needs: dict[str, str] = Field(default_factory=dict, description="role: id of the cell that must be ok first")
    minutes: float = Field(description="the estimate that is printed")
    skip: str | None = Field(default=None, description="why the cell is not run")
    unloadable: str | None = Field(default=None, description="why its plugin cannot be loaded")

    def draws_of(self, metric: MetricPlan) -> int:
        """How many draws of the model, or splits of the truth for a floor, ``metric`` judges."""
        spec = metric.spec
        return spec.floor_draws if self.generator is None else min(self.draws, spec.draws or self.draws)

    @property
    def title(self) -> str:
        """The name that tables show."""
        return (self.generator.shown_as or self.generator.name) if self.generator is not None else "floor"

    @property
    def subject(self) -> str:
        """A digest of what the cell is about, whatever that is called: its generator, and what its data are."""
        generator = None if self.generator is None else [self.generator.distribution, self.generator.name]
        return digest({"generator": generator, "data": self.dataset.identity})


class Plan(_Strict):
    """Every cell of a run."""

    format: int
    jetgen: str
    created: str
    jobs: int
    cores: int = Field(default=1, description="all that cells may use together")
    granted_by: str = Field(default="", description="what limits the cores: the machine, an option, a batch system")
    environment: dict[str, Any] = Field(default_factory=dict, description="what hooks add to the provenance")
    commands: tuple[str, ...] = Field(default=(), description="what was typed to make the run, in that order")
    cells: tuple[CellPlan, ...]

    def cell(self, cell_id: str) -> CellPlan:
        """The cell called ``cell_id``.

        Raises:
            UsageError: if there is none; the nearest name is suggested.
        """
        for cell in self.cells:
            if cell.id == cell_id:
                return cell
        hint = did_you_mean(cell_id, [cell.id for cell in self.cells])
        msg = f"the run has no cell {cell_id!r}{hint}; `jetbench status RUN` lists them"
        raise UsageError(msg)

    def beside(self, earlier: Plan) -> Plan:
        """This plan with other ids for the cells whose id is that of another generator or other data in ``earlier``."""
        taken = {cell.id: cell.subject for cell in earlier.cells}
        other = [cell for cell in self.cells if taken.get(cell.id) not in (None, cell.subject)]
        names = {cell.id: f"{cell.id}~{cell.subject[:6]}" for cell in other}
        cells = (
            cell.model_copy(
                update={
                    "id": names.get(cell.id, cell.id),
                    "needs": {role: names.get(need, need) for role, need in cell.needs.items()},
                }
            )
            for cell in self.cells
        )
        return self.model_copy(update={"cells": tuple(cells)})

    def extended(self, earlier: Plan | None) -> Plan:
        """This plan with the cells of an earlier one that it does not name, so that a run folder accumulates."""
        if earlier is None:
            return self
        ids = {cell.id for cell in self.cells}
        kept = tuple(cell for cell in earlier.cells if cell.id not in ids)
        commands = tuple(dict.fromkeys((*earlier.commands, *self.commands)))
        return self.model_copy(update={"cells": (*kept, *self.cells), "commands": commands})

    def threads(self, cell: CellPlan, stages: Sequence[str]) -> int:
        """How many threads these stages of a cell may use: one if they are timed, all while others wait for data."""
        alone = {"timing": 1, "prepare": max(self.cores, cell.threads)}
        return alone.get(stages[0], cell.threads)

    def write(self, run: Path) -> None:
        """Write ``RUN/plan.json``, whole or not at all."""
        write_text(run / "plan.json", self.model_dump_json(indent=1) + "\n")


class DamagedPlanError(RunFolderError):
    """The plan of a run folder of this version that cannot be used any more."""


def read_plan(run: Path) -> Plan:
    """The plan of a run folder.

    Raises:
        RunFolderError: if the folder is no run folder, or one of another version of jetgen.
    """
    path = run / "plan.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"{run} is not a run folder: it has no plan.json; start one with `jetbench run --out {run}`"
        raise RunFolderError(msg) from None
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}); choose another folder with --out"
        raise RunFolderError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is damaged ({error}); `jetbench run` with the same options makes it again"
        raise DamagedPlanError(msg) from error
    if not isinstance(document, dict):
        msg = f"{path} is damaged (it holds no JSON object); `jetbench run` with the same options makes it again"
        raise DamagedPlanError(msg)
    found = document.get("format")
    if found != PLAN_FORMAT:
        msg = f"{path} has format {found}, this jetgen reads format {PLAN_FORMAT}; choose another folder with --out"
        raise RunFolderError(msg)
    try:
        return Plan.model_validate(document)
    except ValidationError as error:
        msg = f"{path} is damaged ({error.error_count()} errors); `jetbench run` with the same options makes it again"
        raise DamagedPlanError(msg) from error


def cell_folder(run: Path, cell_id: str) -> Path:
    """Where a cell keeps its row, model, samples, log and log records."""
    return run / "cells" / cell_id
