"""What every stage starts from: the cell, its dataset and its generator's class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.protocols import Dataset, Generator
from jetgen.errors import PluginError
from jetgen.harness.store.keys import family, loaded_modules, uncovered_packages
from jetgen.harness.store.plan import CellPlan, GeneratorPlan, Plan, cell_folder
from jetgen.io.atomic import write_json
from jetgen.registry import load_target

__all__ = ["StageContext", "UnloadableError"]


class UnloadableError(PluginError):
    """A plugin whose spec was fine but whose class cannot be imported."""


@dataclass(frozen=True)
class StageContext:
    """One stage of one cell."""

    run: Path
    plan: Plan
    cell: CellPlan
    name: str
    inputs: Mapping[str, Any]
    context: RunContext
    started_with: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the cell."""
        return cell_folder(self.run, self.cell.id)

    def dataset(self) -> Dataset:
        """The dataset of the cell, at its size."""
        made: Dataset = self.load(self.cell.dataset.target).create(self.cell.dataset.size, **self.cell.dataset.options)
        return made

    @property
    def generator(self) -> GeneratorPlan:
        """The generator of the cell.

        Raises:
            PluginError: if it has none: it is a floor.
        """
        if self.cell.generator is None:
            msg = f"{self.cell.id} has no generator: it is a floor"
            raise PluginError(msg)
        return self.cell.generator

    def generator_class(self) -> type[Generator]:
        """The class of the cell's generator.

        Raises:
            PluginError: if the cell has no generator.
            UnloadableError: if the class cannot be imported.
        """
        cls: type[Generator] = self.load(self.generator.target)
        return cls

    def load(self, target: str) -> Any:
        """The class named by ``target``, which is ``"package.module:Class"``.

        Raises:
            UnloadableError: if it cannot be imported.
        """
        try:
            return load_target(target)
        except PluginError as error:
            raise UnloadableError(str(error)) from error

    def modules(self) -> dict[str, str]:
        """The modules of the jetgen family that this process has loaded, with their hashes.

        A file that was edited since the stage began keeps its earlier hash: that is the code that really ran.
        """
        return {**loaded_modules(self._family()), **self.started_with}

    def uncovered(self) -> list[str]:
        """The packages outside the installation that this process has loaded and whose code does not count."""
        return uncovered_packages(self._family())

    def _family(self) -> frozenset[str]:
        cell = self.cell
        targets = [cell.dataset.target, *(metric.spec.target for metric in cell.metrics)]
        targets += [cell.generator.target, cell.generator.settings_target] if cell.generator is not None else []
        targets += cell.generator.modules if cell.generator is not None else []
        return family(targets)

    def begin(self) -> None:
        """Note the inputs and the code that the stage starts with, for the case that it is killed."""
        self.started_with.update(self.modules())
        write_json(self.beginning, {"inputs": dict(self.inputs), "modules": self.modules()})

    @property
    def beginning(self) -> Path:
        """Where :meth:`begin` writes."""
        return self.folder / "stages" / f"{self.name}.begun.json"
