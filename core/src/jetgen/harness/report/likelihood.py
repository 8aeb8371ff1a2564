"""The notes of a table on likelihoods: the entropy of the truth, and clouds that a model rules out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from jetgen.harness.report.figures import Standing
from jetgen.harness.report.standings import Experiment
from jetgen.harness.store.row import Score

__all__ = ["likelihood_notes"]


def likelihood_notes(experiment: Experiment) -> Iterator[str]:
    """A sentence for each model on its excess over the entropy, and one if it gives test clouds density 0."""
    for one in experiment.standings:
        entropy, excess = _scores(one, "nll_entropy"), _scores(one, "nll_excess")
        if excess:
            true, mean = (fmean(score.mean for score in scores) for scores in (entropy, excess))
            above = f"{mean:.3f} ± {_error(excess):.3f} nat above"
            yield f"{one.title}: nll is {above} the {true:.3f} that the truth itself has on these clouds."
        share = fmean([score.mean for score in _scores(one, "nll_impossible")] or [0.0])
        if share > 0:
            told = "of the test clouds have density 0 under the model, and nll leaves them out"
            yield f"{one.title}: {100 * share:.2g} % {told}."


def _scores(one: Standing, name: str) -> list[Score]:
    return [row.scores[name] for row in one.rows if name in row.scores]


def _error(scores: Sequence[Score]) -> float:
    """The spread over the seeds; of one seed what the metric says itself."""
    return stdev(score.mean for score in scores) if len(scores) > 1 else scores[0].stderr or 0.0
