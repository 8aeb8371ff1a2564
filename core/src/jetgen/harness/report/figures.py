"""The figures of a table: what one model has in one score, over its seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from jetgen.api.specs import MetricSpec
from jetgen.harness.store.row import Row, Score

__all__ = ["Figure", "Standing", "badness", "figure_of"]


@dataclass(frozen=True)
class Figure:
    """One score of one standing.

    Arguments:
        spread: standard deviation over the seeds where there are several, else over the draws, else what the metric
            says itself.
        floor: the mean of the truth against the truth at the same sizes.
        spec: of the metric that computed it.
        few: whether there are fewer clouds than the metric asks for.
        mixed: whether other rows of the table have this score from another version of the metric.
        by_seed: the mean over the draws, of each seed.
        halves: the mean over the seeds against each half of the truth; empty if they are not known.
    """

    mean: float
    spread: float
    low: float
    high: float
    floor: float | None
    spec: MetricSpec
    few: bool
    mixed: bool = False
    by_seed: Mapping[int, float] = field(default_factory=dict)
    halves: tuple[float, ...] = ()

    @property
    def ranked(self) -> bool:
        """Whether it may order models: no diagnostic, from enough clouds, and of one version of the metric."""
        return self.spec.ranked and not self.few and not self.mixed

    @property
    def ratio(self) -> float | None:
        """A distance over its floor; None where that is not clear of 0, as for an unbiased estimate it is not."""
        comparable = self.floor and self.spec.direction == "lower" and not self.mixed
        return self.mean / self.floor if self.floor and comparable else None

    @property
    def badness(self) -> float:
        """How far from ideal: smaller is better whatever the direction."""
        return badness(self.mean, self.spec.direction)


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
    def scored(self) -> bool:
        """Whether any of its seeds has ended well."""
        return any(row.scored for row in self.rows)

    @property
    def coverage(self) -> str:
        """How many of its seeds have scores, if not all."""
        scored = sum(1 for row in self.rows if row.scored)
        return "" if scored == len(self.rows) else f"{scored} of {len(self.rows)} seeds"


def badness(value: float, direction: str) -> float:
    """How far from ideal, so that smaller is better whatever the direction."""
    if direction == "half":
        return abs(value - 0.5)
    return {"lower": value, "higher": -value, "one": abs(math.log(max(value, 1e-9)))}[direction]


def figure_of(
    scores: Mapping[int, Score],
    spec: MetricSpec,
    floor: float | None,
    *,
    mixed: bool = False,
    n_effective: float = math.inf,
) -> Figure:
    """The figure of one score of one standing, from that of each seed.

    Arguments:
        scores: by seed.
        spec: of the metric.
        floor: the mean of the floor.
        mixed: whether other rows have the score from another version of the metric.
        n_effective: the effective number of generated clouds, if they have weights.
    """
    first = next(iter(scores.values()))
    means = [score.mean for score in scores.values()]
    return Figure(
        mean=fmean(means),
        spread=stdev(means) if len(means) > 1 else _within(first),
        low=min(score.low for score in scores.values()),
        high=max(score.high for score in scores.values()),
        floor=floor,
        spec=spec,
        few=min(first.n_real, first.n_fake, n_effective) < spec.smallest_n,
        mixed=mixed,
        by_seed={seed: score.mean for seed, score in scores.items()},
        halves=_means([score.halves for score in scores.values()]),
    )


def _within(score: Score) -> float:
    """The spread of one seed: over its draws, or of a single draw what the metric itself computes."""
    return score.spread if len(score.values) > 1 or score.stderr is None else score.stderr


def _means(each: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The mean over the seeds of each half; empty if one of them does not have them all."""
    if len({len(halves) for halves in each}) != 1:
        return ()
    return tuple(fmean(values) for values in zip(*each, strict=True))
