"""By what the models of a table are ordered, and whether another truth would order them alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from jetgen.harness.report.figures import Figure, Standing, badness

__all__ = ["JUDGES", "Order", "Stability", "stability"]

JUDGES = ("c2st_paper", "c2st", "c2st_fast")
"""The classifier tests that may order models, the one with the most power first."""


@dataclass(frozen=True)
class Order:
    """The order of models: by a classifier test, else by their distances over the floors.

    Arguments:
        judge: the classifier test that orders them by |AUC - 1/2|; None if none judged them all. Then the mean
            logarithm of the ratios to the floors does, over the metrics that may rank; it also breaks ties.
    """

    judge: str | None

    @classmethod
    def of(cls, models: Sequence[Standing]) -> Order:
        """The order of these models, by the strongest judge that has judged all of them from enough clouds."""
        able = [one for one in models if one.scored]

        def judges(name: str) -> bool:
            return all(name in one.figures and one.figures[name].ranked for one in able)

        return cls(next((name for name in JUDGES if able and judges(name)), None))

    def key(self, one: Standing) -> tuple[float, float, str]:
        """What to sort by: the best first, those without scores last, alike ones by title."""
        if not one.scored:
            return math.inf, math.inf, one.title
        return (one.figures[self.judge].badness if self.judge else 0.0), _merit(one), one.title

    def figures(self, one: Standing) -> dict[str, Figure]:
        """The figures that a model is ordered by: that of the judge, or those of its distances over their floors."""
        return _distances(one) if self.judge is None else {self.judge: one.figures[self.judge]}

    def by_seed(self, one: Standing) -> dict[int, float]:
        """How far from ideal each seed is."""
        figures = list(self.figures(one).values())
        seeds = set.intersection(*(set(figure.by_seed) for figure in figures)) if figures else set[int]()
        return {seed: self._badness([(figure, figure.by_seed[seed]) for figure in figures]) for seed in sorted(seeds)}

    def by_half(self, one: Standing) -> tuple[float, ...]:
        """How far from ideal it is against each half of the truth; empty if that is not known."""
        figures = list(self.figures(one).values())
        if len({len(figure.halves) for figure in figures}) != 1:
            return ()
        return tuple(
            self._badness([(figure, figure.halves[half]) for figure in figures])
            for half in range(len(figures[0].halves))
        )

    def _badness(self, values: Sequence[tuple[Figure, float]]) -> float:
        """How far from ideal a model with these values is."""
        if self.judge is not None:
            ((figure, value),) = values
            return badness(value, figure.spec.direction)
        return _mean_log([_over(figure, value) for figure, value in values])


def _merit(one: Standing) -> float:
    """The mean logarithm of the ratios to the floor over the metrics that may rank: small is good."""
    figures = _distances(one).values()
    return _mean_log([_over(figure, figure.mean) for figure in figures]) if figures else math.inf


def _distances(one: Standing) -> dict[str, Figure]:
    """The metrics themselves: one of twenty components, such as ``sliced``, would count for all others together."""
    found = {name: figure for name, figure in one.figures.items() if figure.ranked and figure.ratio is not None}
    return {name: figure for name, figure in found.items() if name == figure.spec.name}


def _over(figure: Figure, value: float) -> float:
    """A value of a figure over its floor, which it has."""
    return value / (figure.floor or 1.0)


def _mean_log(ratios: Sequence[float]) -> float:
    return fmean(math.log(max(ratio, 1e-9)) for ratio in ratios)


@dataclass(frozen=True)
class Stability:
    """In how many halves of the truth the order of the models is that of the table.

    Arguments:
        halves: the number of halves; 0 if the values are not known for all models.
        same: how many of them order all models alike.
        changes: the neighbours that change places, and in how many halves they do.
    """

    halves: int
    same: int
    changes: tuple[tuple[str, str, int], ...]


def stability(order: Order, models: Sequence[Standing]) -> Stability:
    """The stability of the order of these models, which are in that order."""
    each = [order.by_half(one) for one in models]
    number = len(each[0]) if each and len({len(halves) for halves in each}) == 1 else 0
    same = sum(all(better[i] <= worse[i] for better, worse in pairwise(each)) for i in range(number))
    changes = []
    for (better, first), (worse, second) in pairwise(zip(models, each, strict=True)):
        turned = sum(a > b for a, b in zip(first, second, strict=True)) if number else 0
        changes += [(better.title, worse.title, turned)] if turned else []
    return Stability(number, same, tuple(changes))
