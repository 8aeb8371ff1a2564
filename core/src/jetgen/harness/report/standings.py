"""Which model stands where: the rows of one experiment together, in order, with what tells them apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

from jetgen.harness.report.figures import Standing, badness, figure_of
from jetgen.harness.report.ordering import Order, Stability, stability
from jetgen.harness.report.significance import FEWEST_SEEDS, tie_letters, told_apart
from jetgen.harness.store.row import Row

__all__ = ["Experiment", "experiments"]


NO_PRESET = "-"
"""The preset of a table that has nothing but baselines."""


@dataclass(frozen=True)
class Experiment:
    """One table: one dataset at one size, one preset, so the same truth and the same effort.

    Arguments:
        order: by what the models are ordered.
        mixed: the metrics that not all rows have from the same version, each with the ids of the rows by version, that
            of most rows first. Their scores are shown, but neither ranked nor compared.
    """

    dataset: str
    preset: str
    standings: tuple[Standing, ...]
    scores: tuple[str, ...]
    n_real: int
    n_fake: int
    draws: int
    seeds: int
    order: Order
    mixed: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def title(self) -> str:
        """Dataset and preset in words."""
        return self.dataset if self.preset == NO_PRESET else f"{self.dataset}, preset {self.preset}"

    @property
    def models(self) -> list[Standing]:
        """What is ordered: neither the floor nor baselines, nor a model without scores."""
        return [one for one in self.standings if one.scored and not one.baseline]

    @property
    def shared_seeds(self) -> int:
        """The largest number of training seeds that two models share."""
        each = [self.order.by_seed(one).keys() for one in self.models]
        return max((len(one & other) for one, other in combinations(each, 2)), default=0)

    @property
    def ties(self) -> dict[str, str]:
        """By model, the letters that it shares with those that it is not told apart from; empty for one model alone."""
        by_seed = {one.title: self.order.by_seed(one) for one in self.models}
        return tie_letters(list(by_seed), told_apart(by_seed)) if len(by_seed) > 1 else {}

    @property
    def stability(self) -> Stability:
        """Whether halves of the truth order the models alike."""
        return stability(self.order, self.models)

    def leader(self, score: str) -> str | None:
        """The one that is better than every other, by significant paired differences; often nobody.

        Nothing is said from fewer than three seeds, of what is not ranked, or of one model alone.
        """
        able = [one for one in self.standings if not one.baseline and score in one.figures]
        if len(able) < 2 or self.seeds < FEWEST_SEEDS or not all(one.figures[score].ranked for one in able):
            return None
        best = min(able, key=lambda one: one.figures[score].badness)
        apart = told_apart({one.title: _badness_by_seed(one, score) for one in able})
        others = [one for one in able if one is not best]
        return best.title if all(frozenset((best.title, other.title)) in apart for other in others) else None


def _badness_by_seed(one: Standing, score: str) -> dict[int, float]:
    figure = one.figures[score]
    return {seed: badness(mean, figure.spec.direction) for seed, mean in figure.by_seed.items()}


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
    mixed = _mixed([*shared, *models])
    lines = [_standing([row], floors, mixed) for row in shared]
    origins = {
        title: {row.distribution for row in group} for title, group in groupby(sorted(models, key=_title), _title)
    }

    def line(row: Row) -> str:
        """The title, with the distribution where several have a generator of that name."""
        return _title(row) if len(origins[_title(row)]) == 1 else f"{row.distribution}/{_title(row)}"

    keyed = sorted(models, key=line)
    ranked = [_standing(list(group), floors, mixed, title) for title, group in groupby(keyed, line)]
    order = Order.of(ranked)
    ranked.sort(key=order.key)
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
        order=order,
        mixed=mixed,
    )


def _title(row: Row) -> str:
    preset = row.preset or ""
    told = row.shown_as.count("=")  # a name of settings needs no mark, unless there are others
    mark = preset[preset.index("+") :] if "+" in preset and told < len(row.overrides) else ""
    return f"{row.title}{mark}"


def _mixed(rows: list[Row]) -> dict[str, dict[str, tuple[str, ...]]]:
    """The metrics that not all rows have from the same version: the ids of the rows, those of the commonest first."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        for metric in dict.fromkeys(score.metric for score in row.scores.values()):
            found.setdefault(metric, {}).setdefault(row.metric_versions.get(metric, ""), []).append(row.id)
    return {
        metric: {version: tuple(ids) for version, ids in sorted(by.items(), key=lambda item: -len(item[1]))}
        for metric, by in found.items()
        if len(by) > 1
    }


def _standing(rows: list[Row], floors: dict[str, float], mixed: Collection[str], title: str = "") -> Standing:
    names = dict.fromkeys(name for row in rows if row.scored or row.scores for name in row.scores)
    figures = {}
    for name in names:
        having = {row.seed: row for row in rows if name in row.scores}
        first = next(iter(having.values()))
        figures[name] = figure_of(
            {seed: row.scores[name] for seed, row in having.items()},
            first.spec_of(name),
            floors.get(name),
            mixed=first.scores[name].metric in mixed,
            n_effective=min(row.counts.get("n_effective", math.inf) for row in having.values()),
        )
    return Standing(title or _title(rows[0]), tuple(rows), figures)
