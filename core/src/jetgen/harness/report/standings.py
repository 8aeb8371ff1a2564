"""Which model stands where: rows of one experiment together, scores over seeds, ratios to the floor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, stdev

from jetgen.api.specs import MetricSpec
from jetgen.harness.store.row import Row, Score

__all__ = ["Experiment", "Figure", "Standing", "experiments"]


NO_PRESET = "-"
"""The preset of a table that has nothing but baselines."""


@dataclass(frozen=True)
class Figure:
    """One score of one standing.

    Arguments:
        spread: standard deviation over the seeds where there are several, else over the draws, else what the metric
            says itself.
        floor: the mean of the truth against the truth at the same sizes.
        spec: of the metric that computed it.
        few: whether there are fewer clouds than the metric asks for.
    """

    mean: float
    spread: float
    low: float
    high: float
    floor: float | None
    spec: MetricSpec
    few: bool

    @property
    def ranked(self) -> bool:
        """Whether it may order models: no diagnostic, and from enough clouds."""
        return self.spec.ranked and not self.few

    @property
    def ratio(self) -> float | None:
        """The score over its floor; None where that is not clear of 0, as for an unbiased estimate it is not."""
        return self.mean / self.floor if self.floor else None


@dataclass(frozen=True)
class Standing:
    """A line of the table: one generator with one preset, over its seeds."""

    title: str
    rows: tuple[Row, ...]
    figures: dict[str, Figure]

    @property
    def best_row(self) -> Row:
        """The row that stands for the others where a seed makes no difference."""
        return next((row for row in self.rows if row.scores), self.rows[0])

    @property
    def baseline(self) -> bool:
        """Whether it is a baseline or the floor, which nothing ranks."""
        return self.rows[0].baseline or self.rows[0].kind == "floor"

    @property
    def coverage(self) -> str:
        """How many of its seeds have scores, if not all."""
        scored = sum(1 for row in self.rows if row.scored)
        return "" if scored == len(self.rows) else f"{scored} of {len(self.rows)} seeds"

    @property
    def merit(self) -> float:
        """The mean logarithm of the ratios to the floor over what may be ranked: small is good."""
        ratios = [figure.ratio for figure in self.figures.values() if figure.ranked]
        logs = [math.log(max(ratio, 1e-9)) for ratio in ratios if ratio is not None]
        return fmean(logs) if logs and any(row.scored for row in self.rows) else math.inf


@dataclass(frozen=True)
class Experiment:
    """One table: one dataset at one size, one preset, so the same truth and the same effort."""

    dataset: str
    preset: str
    standings: tuple[Standing, ...]
    scores: tuple[str, ...]
    n_real: int
    n_fake: int
    draws: int
    seeds: int

    @property
    def title(self) -> str:
        """Dataset and preset in words."""
        return self.dataset if self.preset == NO_PRESET else f"{self.dataset}, preset {self.preset}"

    def leader(self, score: str) -> str | None:
        """The one that is better than every other by more than the spread of the paired differences; often nobody.

        Nothing is said from one seed, of what is not ranked, or of one model alone.
        """
        able = [one for one in self.standings if not one.baseline and score in one.figures]
        if len(able) < 2 or self.seeds < 2 or not all(one.figures[score].ranked for one in able):
            return None
        best = min(able, key=lambda one: _badness(one.figures[score].mean, one.figures[score].spec.direction))
        others = [one for one in able if one is not best]
        return best.title if all(_clearly_better(best, other, score) for other in others) else None


def experiments(rows: Sequence[Row]) -> list[Experiment]:
    """The tables that ``rows`` amount to; baselines and the floor stand in each table of their dataset."""

    def data(row: Row) -> tuple[str, str]:
        return row.label, row.data

    found = []
    labels = Counter(label for label, _ in {data(row) for row in rows})
    for (name, identity), group in groupby(sorted(rows, key=data), data):
        mine = list(group)
        # Other data of the same name, such as a file that was changed, are another table.
        label = name if labels[name] == 1 else f"{name} (data {identity[:6]})"
        shared = [row for row in mine if row.kind == "floor" or row.baseline]
        models = [row for row in mine if not (row.kind == "floor" or row.baseline)]
        bases = sorted({_base(row) for row in models}) or [NO_PRESET]
        found += [_experiment(label, base, shared, [row for row in models if _base(row) == base]) for base in bases]
    return found


def _base(row: Row) -> str:
    """The preset without the mark of overrides: those have lines of their own."""
    return (row.preset or NO_PRESET).split("+")[0]


def _experiment(dataset: str, preset: str, shared: list[Row], models: list[Row]) -> Experiment:
    floor = next((row for row in shared if row.kind == "floor"), None)
    floors = {name: score.mean for name, score in floor.scores.items() if score.low > 0} if floor is not None else {}
    lines = [_standing([row], floors) for row in shared]
    origins = {
        title: {row.distribution for row in group} for title, group in groupby(sorted(models, key=_title), _title)
    }

    def line(row: Row) -> str:
        """The title, with the distribution where several have a generator of that name."""
        return _title(row) if len(origins[_title(row)]) == 1 else f"{row.distribution}/{_title(row)}"

    keyed = sorted(models, key=line)
    ranked = [_standing(list(group), floors, title) for title, group in groupby(keyed, line)]
    ranked.sort(key=lambda one: (one.merit, one.title))
    top = [line for line in lines if line.rows[0].kind == "floor"]
    bottom = [line for line in lines if line.rows[0].kind != "floor"]
    standings = (*top, *ranked, *bottom)
    scored = [row for row in (*models, *shared) if row.scores]
    sizes = [score for row in scored for score in row.scores.values()]
    return Experiment(
        dataset=dataset,
        preset=preset,
        standings=standings,
        scores=tuple(dict.fromkeys(name for row in scored for name in row.scores)),
        n_real=max((score.n_real for score in sizes), default=0),
        n_fake=max((score.n_fake for score in sizes), default=0),
        draws=max((row.draws for row in models or shared), default=0),
        seeds=len({row.seed for row in models or shared}),
    )


def _title(row: Row) -> str:
    preset = row.preset or ""
    mark = preset[preset.index("+") :] if "+" in preset else ""
    return f"{row.title}{mark}"


def _standing(rows: list[Row], floors: dict[str, float], title: str = "") -> Standing:
    names = dict.fromkeys(name for row in rows if row.scored or row.scores for name in row.scores)
    figures = {}
    for name in names:
        having = [row for row in rows if name in row.scores]
        figures[name] = _figure([row.scores[name] for row in having], having[0].spec_of(name), floors.get(name))
    return Standing(title or _title(rows[0]), tuple(rows), figures)


def _figure(scores: list[Score], spec: MetricSpec, floor: float | None) -> Figure:
    first = scores[0]
    means = [score.mean for score in scores]
    few = min(first.n_real, first.n_fake) < spec.smallest_n
    return Figure(
        mean=fmean(means),
        spread=stdev(means) if len(means) > 1 else _within(first),
        low=min(score.low for score in scores),
        high=max(score.high for score in scores),
        floor=floor,
        spec=spec,
        few=few,
    )


def _within(score: Score) -> float:
    """The spread of one seed: over its draws, or of a single draw what the metric itself computes."""
    return score.spread if len(score.values) > 1 or score.stderr is None else score.stderr


def _badness(value: float, direction: str) -> float:
    """How far from ideal, so that smaller is better whatever the direction."""
    if direction == "half":
        return abs(value - 0.5)
    return {"lower": value, "higher": -value, "one": abs(math.log(max(value, 1e-9)))}[direction]


def _clearly_better(best: Standing, other: Standing, score: str) -> bool:
    """Whether the paired differences, seed by seed on the same truth, are beyond their spread."""
    mine = {row.seed: row.scores[score].mean for row in best.rows if score in row.scores}
    theirs = {row.seed: row.scores[score].mean for row in other.rows if score in row.scores}
    seeds = sorted(mine.keys() & theirs.keys())
    if len(seeds) < 2:
        return False
    direction = best.figures[score].spec.direction
    differences = [_badness(theirs[seed], direction) - _badness(mine[seed], direction) for seed in seeds]
    return fmean(differences) > stdev(differences)
