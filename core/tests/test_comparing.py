"""Two runs side by side: what is claimed of a change, and what is not."""

from jetgen.harness.report.comparing import compare_runs
from made_rows import row, score


def run_of(values, *, name="flow", metric="w1m", n=10_000, **more):
    """A row for each seed."""
    return [row(name, seed, {metric: score(value, n=n, metric=metric)}, **more) for seed, value in enumerate(values)]


def only(before, after):
    (change,) = compare_runs(before, after).changes
    return change


def test_a_change_that_all_seeds_agree_on_is_better_or_worse():
    low, high = run_of([1.00, 1.02, 0.98]), run_of([2.01, 2.00, 2.02])
    assert (only(high, low).verdict, only(low, high).verdict) == ("better", "worse")
    assert only(high, low).p < 0.05
    assert only(high, low).before[0] > only(high, low).after[0]


def test_a_judge_that_comes_nearer_to_a_half_is_better_from_either_side():
    near, far = run_of([0.51, 0.52, 0.50], metric="c2st"), run_of([0.30, 0.31, 0.30], metric="c2st")
    assert only(far, near).verdict == "better"
    assert only(near, far).verdict == "worse"


def test_a_change_within_its_spread_is_not_told_apart():
    assert only(run_of([1.0, 2.0, 3.0]), run_of([2.0, 1.0, 3.1])).verdict == "not told apart"


def test_the_more_scores_are_tested_the_more_it_takes():
    """A p of 0.03 is a change where it is the only one, and none among ten."""
    before, after = [1.0, 1.1, 1.2], [2.0, 1.9, 2.6]
    assert only(run_of(before), run_of(after)).verdict == "worse"
    others = [one for i in range(9) for one in run_of([1.0, 2.0, 3.0], name=f"other-{i}")]
    turned = [one for i in range(9) for one in run_of([2.0, 1.0, 3.1], name=f"other-{i}")]
    verdicts = {one.verdict for one in compare_runs(run_of(before) + others, run_of(after) + turned).changes}
    assert verdicts == {"not told apart"}


def test_nothing_is_claimed_from_fewer_than_three_seeds_in_common():
    change = only(run_of([1.0, 1.1]), run_of([2.0, 2.1, 2.2]))
    assert (change.verdict, change.seeds, change.p) == ("few seeds", 2, None)


def test_the_same_values_are_the_same_whatever_the_number_of_seeds():
    assert only(run_of([1.0]), run_of([1.0])).verdict == "the same"


def test_other_data_another_metric_and_other_numbers_are_not_compared_and_the_note_says_so():
    usual = run_of([1.0, 1.1, 1.2], data="a" * 64)
    others = {
        "the data are not the same (aaaaaa and bbbbbb)": run_of([2.0, 2.1, 2.2], data="b" * 64),
        "it was made with other numbers of clouds": run_of([2.0, 2.1, 2.2], data="a" * 64, n=5_000),
        "the metric is not the same (, jetgen 2)": run_of(
            [2.0, 2.1, 2.2], data="a" * 64, metric_versions={"w1m": "jetgen 2"}
        ),
    }
    for reason, rows in others.items():
        found = compare_runs(usual, rows)
        assert [one.verdict for one in found.changes] == ["not comparable"]
        assert reason.replace("(, ", "( and ") in found.notes[0]


def test_what_stands_in_one_run_only_is_named():
    found = compare_runs(run_of([1.0], name="old"), run_of([1.0], name="new"))
    assert not found.changes
    assert found.notes == (
        "only in the first run: old on jets@small, preset quick",
        "only in the second run: new on jets@small, preset quick",
    )
