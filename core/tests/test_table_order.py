"""By what a table orders its models, what it says of ties and of other truths, and that versions never mix unseen."""

import io

import pytest
from jetgen.harness.report.leaderboard import markdown, show, tables
from jetgen.harness.report.results import records
from jetgen.harness.report.standings import experiments
from made_rows import row, score
from rich.console import Console

HALVES = 10


def judged(name, seed, *, version="jetgen 1 aaa", few=False, halves=None, **means):
    """A row with scores of these means by metric, with the same values against halves unless they are given."""
    halves = halves or {}
    scores = {
        metric: score(mean, metric=metric, n=500 if few else 10_000, halves=halves.get(metric, [mean] * HALVES))
        for metric, mean in means.items()
    }
    return row(name, seed, scores, metric_versions=dict.fromkeys(means, version))


def only(rows):
    (experiment,) = experiments(rows)
    return experiment


def titles(rows):
    return [one.title for one in only(rows).models]


FLOOR = judged(None, 0, w1m=1.0, c2st=0.5, c2st_fast=0.51)


def test_models_are_ordered_by_how_far_the_judge_is_from_one_half_and_not_by_distances():
    rows = [FLOOR, judged("near", 0, w1m=1.1, c2st_fast=0.99), judged("far", 0, w1m=5.0, c2st_fast=0.45)]
    assert titles(rows) == ["far", "near"]
    text = markdown(rows)
    assert "| model | ties | judge AUC | W1M |" in text
    said = "by how far the AUC of c2st_fast is from 0.5, where it finds nothing; truth has 0.510 [0.505, 0.515]."
    assert f"Models are ordered by the judge: {said}" in text


def test_the_strongest_judge_that_all_have_orders_and_the_others_keep_their_names():
    rows = [FLOOR, judged("a", 0, c2st=0.9, c2st_fast=0.6), judged("b", 0, c2st=0.8, c2st_fast=0.7)]
    assert titles(rows) == ["b", "a"]
    assert "judge AUC | W1M | c2st_fast AUC" in markdown(rows)
    partly = [FLOOR, judged("a", 0, c2st=0.9, c2st_fast=0.6), judged("b", 0, c2st_fast=0.7)]
    assert titles(partly) == ["a", "b"]
    few = [FLOOR, judged("a", 0, few=True, w1m=3.0, c2st=0.6), judged("b", 0, w1m=2.0, c2st=0.9)]
    assert only(few).order.judge is None


def test_distances_break_ties_of_the_judge_and_order_without_one():
    rows = [FLOOR, judged("a", 0, w1m=3.0, c2st=1.0), judged("b", 0, w1m=2.0, c2st=1.0)]
    assert titles(rows) == ["b", "a"]
    bare = [FLOOR, judged("a", 0, w1m=3.0), judged("b", 0, w1m=2.0)]
    assert titles(bare) == ["b", "a"]
    assert "ordered by their ratios to the floor (geometric mean): no classifier test judged all" in markdown(bare)


def test_components_of_a_metric_do_not_count_beside_it():
    def its(name, whole, part):
        scores = {
            "w1p": score(whole, metric="w1p"),
            "w1p_x": score(part, metric="w1p"),
            "w1p_y": score(part, metric="w1p"),
        }
        return row(name, 0, scores)

    assert titles([its(None, 1.0, 1.0), its("a", 2.0, 9.0), its("b", 3.0, 1.0)]) == ["a", "b"]


def test_a_failed_model_is_last_and_takes_the_judge_from_nobody():
    failed = row("a", 0, {}, status="failed", phase="fit", error="RuntimeError: no")
    rows = [FLOOR, failed, judged("b", 0, w1m=2.0, c2st=0.9), judged("c", 0, w1m=2.0, c2st=0.8)]
    experiment = only(rows)
    assert [one.title for one in experiment.standings] == ["floor", "c", "b", "a"]
    assert experiment.order.judge == "c2st"
    assert experiment.ties == {"c": "a", "b": "a"}


def test_an_area_under_a_curve_never_counts_as_a_ratio_to_the_floor():
    rows = [FLOOR, judged("a", 0, w1m=2.0, c2st_fast=0.99), judged("b", 0, w1m=3.0)]
    assert titles(rows) == ["a", "b"]
    assert "<br>1.9 x" not in markdown(rows)


def seeds(name, *areas):
    return [judged(name, seed, c2st=area) for seed, area in enumerate(areas)]


def test_models_that_trainings_tell_apart_have_other_letters_and_the_best_is_bold():
    rows = [
        FLOOR,
        *seeds("good", 0.71, 0.70, 0.72),
        *seeds("bad", 0.95, 0.94, 0.955),
        *seeds("worse", 0.99, 0.98, 0.995),
    ]
    assert only(rows).ties == {"good": "a", "bad": "b", "worse": "c"}
    text = markdown(rows)
    assert "| good | a | **0.710 ± 0.010** |" in text
    assert (
        "not told apart by the differences between their trainings (paired t test, 3 seeds, Holm over 3 pair(s), 5 %)"
        in text
    )


def test_a_model_between_two_others_is_tied_with_both_which_differ():
    rows = [FLOOR, *seeds("good", 0.70, 0.71, 0.72), *seeds("mid", 0.74, 0.70, 0.80), *seeds("bad", 0.80, 0.812, 0.82)]
    assert only(rows).ties == {"good": "a", "mid": "ab", "bad": "b"}
    assert "**0.710" not in markdown(rows)


@pytest.mark.parametrize(("number", "words"), [(1, "One seed"), (2, "Fewer than 3 seeds in common")])
def test_with_too_few_seeds_all_are_tied_and_the_note_says_why(number, words):
    rows = [FLOOR, *seeds("good", *[0.6, 0.61][:number]), *seeds("bad", *[0.9, 0.91][:number])]
    assert only(rows).ties == {"good": "a", "bad": "a"}
    text = markdown(rows)
    assert f"{words}: models are tied rather than ranked, and nothing is bold; compare with --seeds 3 or more." in text
    assert "**" not in text


def test_one_model_alone_has_neither_letters_nor_an_order():
    text = markdown([FLOOR, *seeds("alone", 0.6, 0.61, 0.62)])
    assert "ties" not in text
    assert "ordered" not in text
    assert "halves" not in text


def halved(name, mean, *values):
    return judged(name, 0, c2st=mean, halves={"c2st": values})


def test_the_order_is_called_as_stable_as_it_is_in_halves_of_the_truth():
    rows = [
        FLOOR,
        halved("a", 0.60, *[0.60] * 7, *[0.70] * 3),
        halved("b", 0.65, *[0.35] * 9, 0.91),
        halved("c", 0.90, *[0.90] * 10),
    ]
    found = only(rows).stability
    assert (found.halves, found.same, found.changes) == (10, 7, (("a", "b", 2), ("b", "c", 1)))
    text = markdown(rows)
    assert (
        "Order under halves of the truth: the same in 7 of 10; a and b change places in 2; b and c change places in 1."
        in text
    )


def test_halves_are_averaged_over_the_seeds_and_unknown_if_one_lacks_them():
    rows = [
        FLOOR,
        *(judged("a", seed, c2st=0.6, halves={"c2st": [0.6 + 0.3 * seed] * 2}) for seed in (0, 1)),
        *(judged("b", seed, c2st=0.7, halves={"c2st": [0.7, 0.8]}) for seed in (0, 1)),
    ]
    assert only(rows).stability.same == 1
    unknown = [FLOOR, halved("a", 0.6, 0.6, 0.6), halved("b", 0.7)]
    assert only(unknown).stability.halves == 0
    assert "Order under halves of the truth: unknown, without values of c2st AUC against them." in markdown(unknown)


def test_without_a_judge_the_halves_of_all_distances_decide():
    rows = [
        judged(None, 0, w1m=1.0, w1p=1.0),
        judged("a", 0, w1m=2.0, w1p=2.0, halves={"w1m": [2.0, 2.0], "w1p": [2.0, 9.0]}),
        judged("b", 0, w1m=3.0, w1p=3.0, halves={"w1m": [3.0, 3.0], "w1p": [3.0, 3.0]}),
    ]
    found = only(rows).stability
    assert (found.halves, found.same, found.changes) == (2, 1, (("a", "b", 1),))


def test_a_score_from_several_versions_of_its_metric_is_marked_and_neither_ranked_nor_compared():
    old = "jetgen 0.9 bbb"
    rows = [FLOOR, *seeds("a", 0.71, 0.70, 0.72), *seeds("b", 0.95, 0.94, 0.955)]
    rows[-1] = rows[-1].model_copy(update={"metric_versions": {"c2st": old}})
    experiment = only(rows)
    assert experiment.order.judge is None
    assert experiment.leader("c2st") is None
    text = markdown(rows)
    assert text.count("(mixed)") == 4  # the two models, the floor and the note
    assert "c2st AUC comes from several versions of the metric (jetgen 1 aaa, jetgen 0.9 bbb)" in text
    assert "run these rows again with `jetbench run`: b.2." in text.replace("\\", "")
    assert "judge AUC" not in text


def test_a_distance_of_another_version_than_its_floor_has_no_ratio_and_the_other_metrics_keep_theirs():
    floor = judged(None, 0, w1m=1.0, w1p=1.0)
    model = judged("a", 0, w1m=2.0, w1p=3.0)
    model = model.model_copy(update={"metric_versions": {**model.metric_versions, "w1m": "jetgen 2 ccc"}})
    figures = only([floor, model]).standings[1].figures
    assert figures["w1m"].ratio is None
    assert figures["w1p"].ratio == 3.0


def test_rows_that_do_not_tell_their_versions_are_compared_as_before():
    rows = [row(None, 0, {"w1m": score(1.0)}), row("a", 0, {"w1m": score(2.0)}), row("b", 0, {"w1m": score(3.0)})]
    assert only(rows).mixed == {}
    assert titles(rows) == ["a", "b"]
    assert "(unknown" not in markdown(rows)
    rows[1] = rows[1].model_copy(update={"metric_versions": {"w1m": "jetgen 1 aaa"}})
    assert "(unknown, jetgen 1 aaa)" in markdown(rows)


def test_the_records_of_all_scores_have_halves_and_versions():
    first, second = records([judged("a", 0, w1m=2.0, c2st=0.6)])
    assert (first["halves"], first["metric_version"]) == ([2.0] * HALVES, "jetgen 1 aaa")
    assert second["halves"] == [0.6] * HALVES


def test_the_printed_tables_fit_eighty_columns_without_breaking_a_number():
    means = {"c2st_fast": 0.897, "w1m": 8.97e-4, "w1p": 1.23e-3, "w1pt": 1.1e-3, "w1mult": 0.897, "sliced": 0.0897}
    rows = [judged(None, 0, **{name: mean / 2 for name, mean in means.items()})]
    for i, model in enumerate(("mdma-flowmatch", "mdma-gan", "rqs-flow")):
        its = {name: (1 + i / 50) * mean for name, mean in means.items()}
        rows += [judged(model, seed, **its) for seed in (0, 1, 2)]
    console = Console(file=io.StringIO(), width=80)
    show(rows, console)
    printed = console.file.getvalue()
    assert max(map(len, printed.splitlines())) <= 80
    for table in tables(rows):
        for text in (*table.heads, *(piece for line in table.lines for cell in line for piece in cell.split("\n"))):
            assert text in printed
    assert tables(rows)[0].heads == ("model", "ties", "judge AUC", "W1M / 1e-3", "W1P / 1e-3")
