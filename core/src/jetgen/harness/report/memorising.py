"""The notes of a table on models that memorise."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from jetgen.harness.report.standings import Experiment

__all__ = ["memorising_notes"]

_NAME = "memorising"
_ERRORS = 3.0


def memorising_notes(experiment: Experiment) -> Iterator[str]:
    """A sentence for each line whose ``memorising`` is more than three standard errors from 1.

    The error is the larger of what the metric itself says and the spread of the floor.
    """
    floor = 0.0
    for one in experiment.standings:  # the floor stands first
        scores = [row.scores[_NAME] for row in one.rows if _NAME in row.scores]
        if not scores or one.figures[_NAME].few:
            continue
        if one.rows[0].kind == "floor":
            floor = scores[0].spread
            continue
        mean = fmean(score.mean for score in scores)
        error = max(floor, *(score.stderr or 0.0 for score in scores))
        if abs(mean - 1.0) > _ERRORS * error:
            side = "nearer to training clouds than to" if mean < 1.0 else "farther from training clouds than from"
            yield f"{one.title}: memorising {mean:.3f} ± {error:.3f}: generated clouds are {side} held-out ones."
