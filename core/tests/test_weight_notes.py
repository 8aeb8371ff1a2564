"""The notes under a table on models whose clouds have weights."""

from jetgen.harness.report.leaderboard import tables
from jetgen.harness.store.row import CostRecord
from made_rows import row, score


def weighted(effective, seed=0):
    counts = {} if effective is None else {"n_effective": effective}
    cost = CostRecord(microseconds_per_cloud=100.0)
    return row("weights", seed, {"w1m": score(1.0)}, shown_as="gan+weights", counts=counts, cost=cost)


def notes(*rows):
    return [note for table in tables(rows) for note in table.notes if "count" in note]


def test_the_table_says_what_weighted_clouds_are_worth_and_what_each_costs():
    told = "gan+weights: the weighted clouds of a draw count like 2,500 (25 %)."
    assert notes(weighted(2_500.0)) == [told, "gan+weights: 400 µs for each cloud that counts."]
    assert notes(weighted(2_000.0), weighted(3_000.0, seed=1))[0] == told


def test_weights_that_explode_are_told():
    assert notes(weighted(99.0))[0].endswith("(0.99 %): its weights explode, and its scores say little.")


def test_clouds_without_weights_have_no_such_notes():
    assert notes(weighted(None)) == []


def test_a_score_of_few_clouds_that_count_is_one_of_few_clouds():
    assert "(few)" in str(tables([weighted(999.0)])[0].lines)
    assert "(few)" not in str(tables([weighted(1_000.0)])[0].lines)


def test_metrics_that_say_nothing_for_one_reason_share_a_line():
    """And a row that was never tried does not keep a reason from being that of all rows."""
    reasons = {"novelty": "novelty takes no weights", "nplm": "nplm takes no weights", "fpnd": "fpnd needs a network"}
    tried = row("gan", 0, {"w1m": score(1.0)}, skipped_metrics=reasons)
    never = row("flow", 0, {}, status="skipped", error="upstream failed")
    told = [note for table in tables([tried, never]) for note in table.notes if note.startswith("no ")]
    assert told == ["no novelty, nplm: each takes no weights", "no fpnd: fpnd needs a network"]
