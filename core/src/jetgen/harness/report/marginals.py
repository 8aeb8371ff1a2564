"""The notes of a table on the columns that models have worst."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from jetgen.harness.report.standings import Experiment
from jetgen.harness.report.wording import digits
from jetgen.metrics.marginals import worst_column

__all__ = ["marginals_notes"]


_NAME = "marginals"


def marginals_notes(experiment: Experiment) -> Iterator[str]:
    """A sentence for each model with the name of the column that is furthest from the truth, mean over the seeds."""
    for one in experiment.models:
        if _NAME not in one.figures or one.figures[_NAME].few:
            continue
        rows = [row for row in one.rows if _NAME in row.scores]
        names = [name for name, score in rows[0].scores.items() if score.metric == _NAME]
        worst = worst_column({name: fmean(row.scores[name].mean for row in rows) for name in names})
        if worst is not None:
            name, distance = worst
            yield f"{one.title}: of its marginals {name} is worst: {digits(distance)} of its spread away."
