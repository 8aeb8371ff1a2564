"""What changed between two runs: every score of every model that both have, and whether the change means anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from jetgen.harness.report.figures import Figure, Standing, badness
from jetgen.harness.report.significance import FEWEST_SEEDS, LEVEL, differences, holm, p_value
from jetgen.harness.report.standings import experiments
from jetgen.harness.store.row import Row

__all__ = ["Change", "RunComparison", "compare_runs"]

Verdict = Literal["better", "worse", "not told apart", "the same", "few seeds", "not comparable"]


@dataclass(frozen=True)
class Change:
    """One score of one model in both runs.

    Arguments:
        table: dataset and preset.
        model: its name in the table.
        score: the name of the score.
        before, after: mean and spread.
        seeds: that both runs have.
        p: of a paired t test over them, corrected by Holm for all scores that were tested; None if none was made.
        verdict: what that means. ``the same`` is every seed having the very same value.
        reason: why the two cannot be compared; empty if they can.
    """

    table: str
    model: str
    score: str
    before: tuple[float, float]
    after: tuple[float, float]
    seeds: int
    p: float | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class RunComparison:
    """Two runs side by side.

    Arguments:
        changes: by table, model and score.
        notes: what is in one run only, and what cannot be compared.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON object with all of it."""
        return asdict(self)


@dataclass(frozen=True)
class _Line:
    """A model in a table of one run."""

    table: str
    standing: Standing
    data: str


def compare_runs(before: Sequence[Row], after: Sequence[Row]) -> RunComparison:
    """What changed from the rows of one run to those of another.

    Scores are compared by the differences between trainings of the same seed, where truth and metric are the same in
    both runs. Holm's procedure over all of them keeps the probability of any false claim below 5 %.
    """
    first, second = _lines(before), _lines(after)
    notes = [f"only in the first run: {model} on {table}" for table, model in first if (table, model) not in second]
    notes += [f"only in the second run: {model} on {table}" for table, model in second if (table, model) not in first]
    found = [change for key, line in first.items() if key in second for change in _changes(line, second[key])]
    tested = [i for i, one in enumerate(found) if one.p is not None]
    for i, p in zip(tested, holm([found[i].p or 0.0 for i in tested]), strict=True):
        verdict: Verdict = found[i].verdict if p <= LEVEL else "not told apart"
        found[i] = Change(**{**vars(found[i]), "p": p, "verdict": verdict})
    notes += dict.fromkeys(f"{one.model} on {one.table}: {one.score}: {one.reason}" for one in found if one.reason)
    return RunComparison(tuple(found), tuple(notes))


def _lines(rows: Sequence[Row]) -> dict[tuple[str, str], _Line]:
    """The models and baselines of a run that have scores, by table and name."""
    found = {}
    for experiment in experiments(rows):
        for one in experiment.standings:
            if one.scored and one.rows[0].kind != "floor":
                found[experiment.title, one.title] = _Line(experiment.title, one, one.rows[0].data)
    return found


def _changes(before: _Line, after: _Line) -> Iterator[Change]:
    for score, figure in before.standing.figures.items():
        other = after.standing.figures.get(score)
        if other is not None:
            yield _change(before, after, score, figure, other)


def _change(before: _Line, after: _Line, score: str, one: Figure, other: Figure) -> Change:
    seeds = one.by_seed.keys() & other.by_seed.keys()
    reason = _incomparable(before, after, score)
    p: float | None = None
    verdict: Verdict = "few seeds"
    if reason:
        verdict = "not comparable"
    elif seeds and one.by_seed == other.by_seed:
        verdict = "the same"
    elif len(seeds) >= FEWEST_SEEDS:
        p = p_value(differences(one.by_seed, other.by_seed))
        direction = one.spec.direction
        better = badness(other.mean, direction) < badness(one.mean, direction)
        verdict = "better" if better else "worse"
    means = ((one.mean, one.spread), (other.mean, other.spread))
    return Change(before.table, before.standing.title, score, *means, len(seeds), p, verdict, reason)


def _incomparable(before: _Line, after: _Line, score: str) -> str:
    """Why the values are of two different things; empty if they are not."""
    if before.data != after.data:
        return f"the data are not the same ({before.data[:6]} and {after.data[:6]})"
    versions = [{row.version_of(score) for row in one.standing.rows if score in row.scores} for one in (before, after)]
    if versions[0] != versions[1]:
        return f"the metric is not the same ({' and '.join(', '.join(sorted(each)) for each in versions)})"
    sizes = [
        {(row.scores[score].n_fake, row.scores[score].n_real) for row in one.standing.rows if score in row.scores}
        for one in (before, after)
    ]
    return "" if sizes[0] == sizes[1] else "it was made with other numbers of clouds"
