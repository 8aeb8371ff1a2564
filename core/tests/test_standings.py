"""Who stands where in a table, and when nobody leads."""

import io

from jetgen.harness.report.leaderboard import markdown, show, tables
from jetgen.harness.report.standings import experiments
from jetgen.harness.store.row import CostRecord
from made_rows import row, score
from rich.console import Console


def models(**means):
    """Rows of several models by their means, one per seed, with a floor of 1."""
    found = [row(None, 0, {"w1m": score(1.0)})]
    for name, values in means.items():
        found += [row(name, seed, {"w1m": score(value)}) for seed, value in enumerate(values)]
    return found


def leader(rows):
    (experiment,) = experiments(rows)
    return experiment.leader("w1m")


def test_two_distributions_with_a_generator_of_one_name_have_two_lines():
    given = ((0, 1.0, "a"), (1, 9.0, "b"))
    rows = [row("x", seed, {"w1m": score(mean)}, origin=origin) for seed, mean, origin in given]
    (experiment,) = experiments([*models(), *rows, row("y", 0, {"w1m": score(5.0)})])
    assert {one.title: one.figures["w1m"].mean for one in experiment.standings} == {
        "floor": 1.0,
        "jetgen-a/x": 1.0,
        "jetgen-b/x": 9.0,
        "y": 5.0,
    }


def test_other_data_of_the_same_name_are_another_table_with_a_floor_of_its_own():
    data = [
        one
        for mark, mean in (("aaaaaaaa", 1.0), ("bbbbbbbb", 4.0))
        for one in (row(None, 0, {"w1m": score(mean)}, data=mark), row("x", 0, {"w1m": score(8.0)}, data=mark))
    ]
    first, second = experiments(data)
    assert (first.dataset, second.dataset) == ("jets@small (data aaaaaa)", "jets@small (data bbbbbb)")
    assert [one.standings[1].figures["w1m"].ratio for one in (first, second)] == [8.0, 2.0]


def test_a_model_leads_when_it_is_better_seed_by_seed_beyond_the_spread():
    assert leader(models(good=[2.0, 3.0, 4.0], bad=[2.5, 3.4, 4.6])) == "good"


def test_nobody_leads_where_the_paired_differences_are_within_their_spread():
    assert leader(models(one=[2.0, 3.0, 4.0], other=[2.5, 2.6, 4.4])) is None


def test_nobody_leads_from_fewer_than_three_seeds():
    for seeds in (1, 2):
        assert leader(models(good=[1.0, 1.1][:seeds], bad=[9.0, 9.1][:seeds])) is None
    assert leader(models(good=[1.0, 1.1, 1.2], bad=[9.0, 9.1, 9.3])) == "good"


def test_nobody_leads_alone_or_by_a_diagnostic_or_from_few_clouds():
    assert leader(models(alone=[1.0, 1.1, 1.2])) is None
    for n, ranked in ((10_000, False), (500, True)):
        rows = [
            row(name, seed, {"w1m": score(mean, n=n)}, facts={"ranked": ranked})
            for name, mean in (("a", 1.0), ("b", 9.0))
            for seed in (0, 1, 2)
        ]
        assert leader(rows) is None


def test_a_reference_is_never_ranked_however_good_it_is():
    rows = [*models(good=[2.0, 2.1, 2.3], bad=[3.0, 3.1, 3.3]), row("replay", 0, {"w1m": score(0.1)}, baseline=True)]
    (experiment,) = experiments(rows)
    assert experiment.leader("w1m") == "good"
    assert [one.title for one in experiment.standings] == ["floor", "good", "bad", "replay"]


def test_scores_stand_with_their_ratio_to_the_floor():
    (experiment,) = experiments(models(good=[2.0, 4.0]))
    figure = experiment.standings[1].figures["w1m"]
    assert figure.ratio == 3.0
    assert figure.spread == 2.0**0.5
    assert "3.0 x" in markdown(models(good=[2.0, 4.0]))


def test_presets_and_datasets_never_share_a_table():
    rows = [row("a", 0, {"w1m": score(1.0)}), row("a", 0, {"w1m": score(1.0)}, preset="standard")]
    assert [one.preset for one in experiments(rows)] == ["quick", "standard"]


def test_a_seed_without_scores_is_counted_and_its_reason_is_told():
    rows = [*models(good=[2.0, 2.1]), row("good", 2, {}, status="failed", phase="fit", error="RuntimeError: no")]
    text = markdown(rows)
    assert "failed, 2 of 3 seeds" in text
    assert "good.2: failed in fit: RuntimeError: no" in text


def test_costs_that_are_unknown_are_a_dash_and_inherited_training_is_added():
    cost = CostRecord(fit_seconds=30.0, inherited_fit_seconds=100.0, microseconds_per_cloud=50.0)
    rows = [*models(), row("model", 0, {"w1m": score(2.0)}, cost=cost)]
    (line,) = next(table for table in tables(rows) if table.title.startswith("Cost")).lines
    assert line[1:4] == ("30 s + 1.7 min", "50", "–")


def test_rows_of_failures_alone_still_make_a_table():
    text = markdown([row("model", 0, {}, status="timeout", phase="fit", error="it went on")])
    assert "(timeout)" in text


def test_many_scores_make_several_tables_that_fit_eighty_columns_and_one_set_of_notes():
    names = ["sliced", "w1efp", "w1m", "w1mult", "w1p", "w1pt", "zeta"]
    scores = {name: score(1.0).model_copy(update={"metric": name}) for name in names}
    first, second = tables([row(None, 0, scores)])
    assert first.heads == ("model", "W1M", "W1P", "W1 pT", "W1 mult")
    assert second.heads == ("model", "W1EFP", "sliced", "zeta")
    assert first.notes == ()
    assert any(note.startswith("floor: truth") for note in second.notes)


def test_a_floor_that_is_not_clear_of_zero_gives_no_ratio():
    around_zero = score(0.001).model_copy(update={"low": -0.01})
    rows = [row(None, 0, {"w1m": around_zero}), row("a", 0, {"w1m": score(0.5)})]
    (experiment,) = experiments(rows)
    assert experiment.standings[-1].figures["w1m"].ratio is None
    assert " x" not in markdown(rows).split("\n\n")[1].split("floor:")[0]


def test_the_notes_tell_of_floors_of_other_sizes_and_splits():
    usual, other = score(1.0), score(1.0, n=6_000).model_copy(update={"values": [1.0], "metric": "c2st"})
    text = markdown([row(None, 0, {"w1m": usual, "w1p": usual, "c2st": other})])
    assert "10,000 against 10,000, 3 times; c2st AUC: 6,000 against 6,000, once." in text


def test_an_area_under_a_curve_is_best_at_one_half_and_has_no_ratio():
    areas = {name: score(mean) for name, mean in (("a", 0.9), ("b", 0.55), (None, 0.5))}
    half = {"direction": "half"}
    rows = [row(None, 0, {"w1m": areas[None]}, facts=half)]
    rows += [row(name, seed, {"w1m": areas[name]}, facts=half) for name in ("a", "b") for seed in (0, 1, 2)]
    assert leader(rows) == "b"
    assert "<br>1." not in markdown(rows)


def test_what_others_wrote_is_neither_markup_nor_html_nor_a_command_in_a_table():
    error = "[/bold] a|b <script>alert(1)</script> ![x](http://y) \x1b[31mred\nand more \ud800"
    rows = [*models(), row("[x]", 0, {}, status="failed", phase="fit", error=error, error_type="Error")]
    text = markdown(rows)
    assert "<script>" not in text
    assert "\x1b" not in text
    assert r"a\|b &lt;script>" in text
    assert r"\![x](" in text
    assert text.encode()
    console = Console(file=io.StringIO(), width=200)
    show(rows, console)
    shown = console.file.getvalue()
    assert "[/bold] a|b <script>" in shown
    assert "\x1b" not in shown
