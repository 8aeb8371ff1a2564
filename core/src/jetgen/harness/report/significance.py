"""Which models differ: paired tests over training seeds, corrected for their number, and letters that mark ties."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean, stdev

__all__ = ["FEWEST_SEEDS", "LEVEL", "differences", "holm", "p_value", "tie_letters", "told_apart"]

FEWEST_SEEDS = 3
"""With fewer seeds in common no difference between two models is claimed."""

LEVEL = 0.05
"""The probability that a table of equal models tells any two of them apart."""


def told_apart(by_seed: Mapping[str, Mapping[int, float]]) -> frozenset[frozenset[str]]:
    """The pairs of models whose difference is significant.

    Models are compared by the differences between their values of the same seed, on the same truth; pairs with fewer
    than three seeds in common are not told apart. Holm's procedure over all pairs keeps the probability of any false
    claim below 5 %.

    Arguments:
        by_seed: by model, the value of each training seed.
    """
    pairs = [frozenset(pair) for pair in combinations(by_seed, 2)]
    p_values = [p_value(differences(*(by_seed[name] for name in pair))) for pair in pairs]
    return frozenset(pair for pair, p in zip(pairs, holm(p_values), strict=True) if p <= LEVEL)


def differences(one: Mapping[int, float], other: Mapping[int, float]) -> list[float]:
    """The differences between the values of the seeds that both have."""
    return [one[seed] - other[seed] for seed in sorted(one.keys() & other.keys())]


def p_value(differences: Sequence[float]) -> float:
    """The two-sided p-value of a paired t test that the mean of ``differences`` is 0; 1 for fewer than three.

    >>> round(p_value([1.0, 2.0, 3.0]), 4)
    0.0742
    """
    if len(differences) < FEWEST_SEEDS:
        return 1.0
    mean, spread = fmean(differences), stdev(differences)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr  # scipy.stats takes more than a second to import

    return float(2 * stdtr(len(differences) - 1, -abs(mean) / (spread / math.sqrt(len(differences)))))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number (Holm 1979): reject where they are at most the level.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def tie_letters(models: Sequence[str], apart: Collection[frozenset[str]]) -> dict[str, str]:
    """The letters of each model: two models share one if and only if they are not told apart.

    A letter stands for a maximal set of models of which no two are told apart; ties need not be transitive, so a model
    can have several.

    >>> tie_letters(["a", "b", "c"], [frozenset("ac")])
    {'a': 'a', 'b': 'ab', 'c': 'b'}

    Arguments:
        models: in the order of the table, which is that of the letters.
        apart: the pairs that are told apart.
    """
    numbers = range(len(models))
    tied = {i: {j for j in numbers if i != j and frozenset((models[i], models[j])) not in apart} for i in numbers}
    groups = sorted(sorted(group) for group in _cliques(frozenset(), frozenset(numbers), frozenset(), tied))
    return {
        model: "".join(_letter(number) for number, group in enumerate(groups) if i in group)
        for i, model in enumerate(models)
    }


def _cliques(
    group: frozenset[int], open_: frozenset[int], seen: frozenset[int], tied: Mapping[int, set[int]]
) -> Iterator[frozenset[int]]:
    """The maximal sets of tied models that contain ``group`` (Bron and Kerbosch 1973)."""
    if not open_ and not seen:
        yield group
    pivot = max(open_ | seen, key=lambda i: len(tied[i] & open_), default=None)
    for i in open_ - (tied[pivot] if pivot is not None else set()):
        yield from _cliques(group | {i}, open_ & tied[i], seen & tied[i], tied)
        open_, seen = open_ - {i}, seen | {i}


def _letter(number: int) -> str:
    """The alphabet, then a1 and so on."""
    return chr(ord("a") + number % 26) + (str(number // 26) if number >= 26 else "")
