"""A training that is asked to stop at its limit: it is truncated, scored, and goes on under a longer limit."""

from __future__ import annotations

from runs import arguments, cell, rows

RANKS = 10
SLOW = ("--set", "kind-gaussian.step_seconds=0.7")
"""All ranks together pause for longer than the first limit, on any machine."""


def test_a_training_that_is_asked_to_stop_is_truncated_and_scored_and_goes_on_under_a_longer_limit(
    module_outsiders, tmp_path
):
    run = tmp_path / "run"
    short = arguments(run, "kind-gaussian", more=(*SLOW, "--timeout", "4"))
    assert module_outsiders.jetbench(*short).returncode == 0
    row = rows(run)["kind-gaussian"]
    assert row["status"] == "truncated"
    steps = row["cost"]["steps"]
    assert 0 < steps < RANKS
    assert row["scores"]["w1mult"]["mean"] >= 0
    assert "truncated" in (run / "leaderboard.md").read_text()
    longer = arguments(run, "kind-gaussian", more=(*SLOW, "--timeout", "600"))
    assert module_outsiders.jetbench(*longer).returncode == 0
    row = rows(run)["kind-gaussian"]
    assert (row["status"], row["cost"]["steps"]) == ("ok", RANKS)
    events = (cell(run, "kind-gaussian") / "events.jsonl").read_text()
    assert events.count('"unit": "ranks"') == RANKS, f"the first {steps} ranks were fitted again"
