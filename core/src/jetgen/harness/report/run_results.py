"""What a run has found, as the sections of the report see it: rows, tables, and the clouds behind each table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import JetgenError
from jetgen.harness.report.figures import Standing
from jetgen.harness.report.samples import first_draw, true_clouds
from jetgen.harness.report.standings import Experiment, experiments
from jetgen.harness.store.plan import CellPlan, Plan
from jetgen.harness.store.row import Row
from jetgen.plot.comparison import Comparison
from jetgen.registry import Registry

__all__ = ["MOST_MODELS", "RunResults", "TableResults"]

MOST_MODELS = 8
"""Models that one figure shows: there are no more colours."""


@dataclass(frozen=True)
class TableResults:
    """A table of quality and the clouds behind it.

    Arguments:
        run: the folder.
        experiment: what stands in the table.
        cell: any of its dataset.
        truth: gives the true clouds.
        notes: of the run: why something is not drawn.
    """

    run: Path
    experiment: Experiment
    cell: CellPlan
    truth: Callable[[], Clouds] = field(repr=False)
    notes: list[str] = field(repr=False)

    @property
    def title(self) -> str:
        """Dataset and preset in words."""
        return self.experiment.title

    @property
    def name(self) -> str:
        """The title as part of the name of a file."""
        return "".join(letter if letter.isalnum() or letter in "-@." else "-" for letter in self.title)

    @property
    def spec(self) -> CloudSpec:
        """What the arrays of its clouds mean."""
        return self.cell.dataset.spec

    @property
    def shown(self) -> list[Standing]:
        """The models that figures show: the best ones that have clouds, without baselines."""
        able = [one for one in self.experiment.models if (self._folder(one) / "samples.h5").exists()]
        return able[:MOST_MODELS]

    @cached_property
    def comparison(self) -> Comparison | None:
        """The first draw of each model that is shown, of its first seed, beside the truth; None without models.

        A model whose clouds cannot be read is left out, and so are all without the truth; the notes say so.
        """
        if not self.shown:
            return None
        try:
            real = self.truth()
        except JetgenError as error:
            self.notes.append(f"no figures of {self.title}: {error}")
            return None
        fakes = {}
        for one in self.shown:
            try:
                fakes[one.title] = first_draw(self._folder(one) / "samples.h5", len(real))
            except JetgenError as error:
                self.notes.append(f"no figures of {one.title} on {self.title}: {error}")
        return Comparison(self.spec, real, fakes) if fakes else None

    def _folder(self, one: Standing) -> Path:
        return self.run / "cells" / one.best_row.id


class RunResults:
    """The results of a run.

    ``notes`` are what the report says of what it does not show.

    Arguments:
        run: the folder.
        plan: of the run.
        rows: that stand in the tables.
        registry: where the datasets come from.
        notes: what is said of rows that are left out.
    """

    def __init__(
        self, run: Path, plan: Plan, rows: Sequence[Row], registry: Registry, notes: Sequence[str] = ()
    ) -> None:
        self.run, self.plan, self.rows = run, plan, tuple(rows)
        self.notes = list(notes)
        self._registry = registry
        self._true: dict[str, Clouds] = {}

    @cached_property
    def tables(self) -> tuple[TableResults, ...]:
        """The tables of quality, in the order of the leaderboard."""
        return tuple(self._table(experiment) for experiment in experiments(self.rows))

    def _table(self, experiment: Experiment) -> TableResults:
        cell = self.plan.cell(experiment.standings[0].rows[0].id)
        return TableResults(self.run, experiment, cell, lambda: self._truth(cell), self.notes)

    def _truth(self, cell: CellPlan) -> Clouds:
        """The test clouds of its dataset, read once."""
        data = cell.dataset.identity
        if data not in self._true:
            source = true_clouds(cell, self._registry)
            self._true[data] = source[: len(source)]
        return self._true[data]
