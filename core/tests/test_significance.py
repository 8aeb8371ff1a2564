"""Which models are told apart: p-values, their correction, and letters that mark ties."""

import math
from itertools import combinations

import numpy as np
import pytest
from jetgen.harness.report.significance import holm, p_value, tie_letters, told_apart
from scipy.stats import false_discovery_control, ttest_1samp


def test_the_p_value_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    for seeds in (3, 5, 10):
        differences = rng.normal(0.5, 1.0, seeds).tolist()
        assert p_value(differences) == pytest.approx(ttest_1samp(differences, 0.0).pvalue, rel=1e-9)


def test_models_that_do_not_differ_are_told_apart_in_one_table_of_twenty():
    rng = np.random.default_rng(1)
    names = ("a", "b", "c", "d")
    tables = 2_000
    wrong = 0
    for _ in range(tables):
        shared = rng.normal(size=3)  # what a seed does to all models alike
        wrong += bool(told_apart({name: dict(enumerate(shared + 0.1 * rng.normal(size=3))) for name in names}))
    # Pairs of one table share their models, so Holm's procedure is on the safe side.
    assert 0.01 < wrong / tables < 0.05 + 3 * math.sqrt(0.05 * 0.95 / tables)


def test_fewer_than_three_common_seeds_claim_nothing():
    assert not told_apart({"a": {0: 1.0, 1: 1.0}, "b": {0: 9.0, 1: 9.1}})
    assert not told_apart({"a": {0: 1.0, 1: 1.0, 2: 1.1}, "b": {2: 9.0, 3: 9.1, 4: 9.2}})
    assert told_apart({"a": {0: 1.0, 1: 1.0, 2: 1.1}, "b": {0: 9.0, 1: 9.1, 2: 9.2}})


def test_the_same_difference_counts_for_less_among_more_models():
    two = {"a": {0: 2.0, 1: 3.0, 2: 4.0}, "b": {0: 2.5, 1: 3.4, 2: 4.8}}
    assert 0.05 / 3 < p_value([0.5, 0.4, 0.8]) < 0.05
    assert told_apart(two) == {frozenset("ab")}
    assert not told_apart({**two, "c": {0: 2.2, 1: 9.0, 2: 3.0}})


def test_models_that_are_equal_in_every_seed_are_tied_and_a_constant_difference_is_one():
    assert p_value([0.0, 0.0, 0.0]) == 1.0
    assert p_value([0.5, 0.5, 0.5]) == 0.0


def test_holm_multiplies_by_the_number_left_and_never_turns_the_order():
    assert holm([]) == []
    assert holm([0.2]) == [0.2]
    assert holm([0.04, 0.01, 0.9, 0.03]) == pytest.approx([0.09, 0.04, 0.9, 0.09])
    given = np.random.default_rng(2).uniform(size=20).tolist()
    adjusted = holm(given)
    assert [x for _, x in sorted(zip(given, adjusted, strict=True))] == sorted(adjusted)
    # Never milder than the control of the share of false claims, never stricter than Bonferroni.
    assert all(np.array(adjusted) >= false_discovery_control(given) - 1e-12)
    assert all(np.array(adjusted) <= np.minimum(1, 20 * np.array(given)) + 1e-12)


def shared(letters):
    return {frozenset(pair) for pair in combinations(letters, 2) if set(letters[pair[0]]) & set(letters[pair[1]])}


def test_ties_that_are_not_transitive_give_several_letters():
    # Tukey's textbook case: each model is tied with its neighbours only.
    assert tie_letters("abcd", {frozenset(pair) for pair in ("ac", "ad", "bd")}) == {
        "a": "a",
        "b": "ab",
        "c": "bc",
        "d": "c",
    }
    assert tie_letters("abc", set()) == dict.fromkeys("abc", "a")
    assert tie_letters("abc", {frozenset(pair) for pair in combinations("abc", 2)}) == {"a": "a", "b": "b", "c": "c"}


def test_two_models_share_a_letter_exactly_if_they_are_not_told_apart():
    rng = np.random.default_rng(3)
    for number in (2, 5, 8):
        names = [f"m{i}" for i in range(number)]
        pairs = [frozenset(pair) for pair in combinations(names, 2)]
        for share in (0.1, 0.5, 0.9):
            apart = {pair for pair in pairs if rng.uniform() < share}
            letters = tie_letters(names, apart)
            assert shared(letters) == set(pairs) - apart
            assert all(letters.values())
            # No letter says only what another says: each group of models is maximal.
            groups = [{name for name in names if letter in letters[name]} for letter in set("".join(letters.values()))]
            assert not any(one < other for one in groups for other in groups)
