"""The notes under a leaderboard on marginals and likelihoods."""

import made_rows
from jetgen.harness.report.leaderboard import tables


def row(generator, metric, values, *, seed=0, n=10_000, **errors):
    scores = {
        name: made_rows.score(mean, n=n, metric=metric).model_copy(update={"stderr": errors.get(name)})
        for name, mean in values.items()
    }
    return made_rows.row(generator, seed, scores, baseline=generator == "replay")


def notes(*rows):
    return [note for table in tables(rows) for note in table.notes if note.startswith(("flow: ", "replay: "))]


def marginals(*each, names=("met", "m_bb")):
    columns = {f"marginals_{name}": value for name, value in zip(names, each, strict=True)}
    return {"marginals": 0.1, "marginals_worst": max(each), "marginals_ks": 0.9, **columns}


def test_the_worst_column_of_a_model_is_named_by_its_mean_over_the_seeds():
    rows = [
        row("flow", "marginals", marginals(*each), seed=seed) for seed, each in enumerate([(0.3, 0.1), (0.0, 0.24)])
    ]
    assert notes(*rows) == ["flow: of its marginals m_bb is worst: 0.170 of its spread away."]


def test_one_column_few_clouds_and_a_baseline_have_no_worst_column():
    assert notes(row("flow", "marginals", marginals(0.3, names=("x",)))) == []
    assert notes(row("flow", "marginals", marginals(0.3, 0.1), n=50)) == []
    assert notes(row("replay", "marginals", marginals(0.3, 0.1))) == []


def test_the_entropy_of_the_truth_stands_beside_nll():
    values = {"nll": 2.85, "nll_entropy": 2.83, "nll_excess": 0.0204, "nll_impossible": 0.0}
    (note,) = notes(row("flow", "nll", values, nll_excess=0.002))
    assert note == "flow: nll is 0.020 ± 0.002 nat above the 2.830 that the truth itself has on these clouds."
    assert notes(row("flow", "nll", {"nll": 2.85, "nll_impossible": 0.0})) == []


def test_clouds_that_a_model_rules_out_are_told():
    (note,) = notes(row("flow", "nll", {"nll": 2.85, "nll_impossible": 0.125}))
    assert note == "flow: 12 % of the test clouds have density 0 under the model, and nll leaves them out."
