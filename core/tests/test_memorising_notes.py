"""The notes under a table on models that memorise."""

import made_rows
from jetgen.harness.report.leaderboard import tables


def row(generator, mean, *, spread=0.0005, stderr=0.002, seed=0, n=10_000):
    errors = {"spread": spread, "stderr": stderr}
    scores = {"memorising": made_rows.score(mean, n=n, metric="memorising").model_copy(update=errors)}
    facts = {"direction": "one", "ranked": False}
    return made_rows.row(generator, seed, scores, baseline=generator == "replay", facts=facts)


def notes(*rows):
    return [note for table in tables(rows) for note in table.notes if "memorising" in note and "held-out" in note]


def test_a_model_that_is_nearer_to_its_training_clouds_is_named_with_value_and_error():
    assert notes(row(None, 1.0), row("gan", 0.93, stderr=0.01), row("flow", 0.998), row("replay", 0.0, stderr=0.0)) == [
        "gan: memorising 0.930 ± 0.010: generated clouds are nearer to training clouds than to held-out ones.",
        "replay: memorising 0.000 ± 0.001: generated clouds are nearer to training clouds than to held-out ones.",
    ]


def test_the_other_side_of_1_is_told_too():
    (note,) = notes(row(None, 1.0), row("gan", 1.02))
    assert note.endswith("generated clouds are farther from training clouds than from held-out ones.")


def test_the_larger_of_both_errors_counts():
    assert notes(row(None, 1.0), row("gan", 0.99)) != []
    assert notes(row(None, 1.0, spread=0.004), row("gan", 0.99)) == []
    assert notes(row(None, 1.0), row("gan", 0.99, stderr=0.004)) == []
    assert notes(row(None, 1.0, spread=0.0), row("gan", 0.99, stderr=None)) != []


def test_the_mean_over_the_seeds_is_told_and_too_few_clouds_tell_nothing():
    rows = [row("gan", mean, seed=seed) for seed, mean in enumerate((0.98, 0.99))]
    assert notes(row(None, 1.0), *rows)[0].startswith("gan: memorising 0.985 ± 0.002")
    assert notes(row(None, 1.0), row("gan", 0.5, n=50)) == []
    assert notes(row("gan", 0.98)) != []


def test_the_floor_itself_has_no_note():
    assert notes(row(None, 0.9), row("gan", 1.0)) == []
    assert tables([row(None, 0.9)])[0].lines[0][0] == "floor: truth"
