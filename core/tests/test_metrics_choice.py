"""Names of metrics, words for many of them, and metrics that are not for everybody."""

import dataclasses

import pytest
from jetgen import evaluate
from jetgen.errors import UsageError
from jetgen.evaluation.choice import chosen_metrics, inapplicable
from jetgen.metrics import specs
from jetgen.registry import discover


def names(*words):
    return [plugin.name for plugin, _ in chosen_metrics(discover(), words)]


def test_words_stand_for_tiers_and_all_leaves_out_what_takes_hours():
    standard, slow, everything = names("standard"), names("slow"), names("all")
    assert {"w1m", "w1p", "w1pt", "w1mult", "w1efp", "sliced", "novelty", "nll", "cost"} <= {*standard}
    assert {"fpd", "kpd", "cov", "mmd", "substructure", "c2st"} <= {*slow}
    assert sorted(everything) == sorted([*standard, *slow])
    assert "c2st_paper" not in everything


def test_a_metric_is_chosen_once_and_known_to_be_named():
    found = {plugin.name: named for plugin, named in chosen_metrics(discover(), ("w1m", "standard", "c2st_paper"))}
    assert found["w1m"]
    assert found["c2st_paper"]
    assert not found["w1p"]
    assert names("w1m", "w1m") == ["w1m"]


def test_a_mistyped_metric_is_answered_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean w1efp"):
        names("w1efq")


def test_a_metric_whose_library_is_not_there_says_so(jet_spec):
    lost = dataclasses.replace(specs.c2st, requires=("torch", "a_library_that_nobody_wrote"))
    reason = "c2st needs a_library_that_nobody_wrote, which is not installed: pip install a_library_that_nobody_wrote"
    assert inapplicable(lost, jet_spec) == reason


def test_what_asks_the_model_is_left_to_runs(golden_jets, jet_spec):
    skipped = evaluate(*golden_jets, ["nll", "cost"], jet_spec).skipped
    assert skipped["nll"] == "nll asks the trained generator itself: `jetbench run` tells it"
    assert skipped["cost"].startswith("cost asks the trained generator itself")


def test_progress_goes_to_standard_error_and_only_if_wanted(golden_jets, jet_spec, capsys):
    real, fake = golden_jets
    evaluate(real[:200], fake[:200], ["w1p"], jet_spec, floor_splits=2)
    assert capsys.readouterr() == ("", "")
    evaluate(real[:200], fake[:200], ["w1p"], jet_spec, floor_splits=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "metrics" in err


def test_evaluations_tell_a_spread(golden_jets, jet_spec):
    measured = evaluate(*golden_jets, ["w1m", "w1p"], jet_spec, floor_splits=0).metrics
    assert 0 < measured["w1m"].spreads["w1m"] < measured["w1m"].value
    assert set(measured["w1p"].spreads) == set(measured["w1p"].components)
