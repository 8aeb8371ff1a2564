"""`jetbench evaluate`: any file against any truth, and a sentence for what cannot be compared."""

from __future__ import annotations

import json

import numpy as np
import pytest
from own_files import BAD, GOLDEN, assert_one_sentence, golden, with_nan, write

# What only a dataset must be: it has splits.
UNREADABLE = {name: case for name, case in BAD.items() if name != "too few"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The golden pair: the truth as HDF5, what was generated as npz."""
    folder = tmp_path_factory.mktemp("pair")
    return write(folder / "fake.npz", golden("fake")), write(folder / "real.h5", golden("real"))


def few(arrays):
    """The first thousand clouds: what most metrics need at least."""
    return {name: array[:1000] if name in ("points", "mask") else array for name, array in arrays.items()}


@pytest.fixture
def evaluate(outsiders):
    def run(fake, reference, *more):
        return outsiders.jetbench_here("evaluate", str(fake), "--reference", str(reference), *more)

    return run


def test_the_values_are_those_of_the_reference_libraries(outsiders, files):
    words = [str(files[0]), "--reference", str(files[1]), "-m", "w1m", "-m", "w1p", "-m", "w1efp"]
    done = outsiders.jetbench("evaluate", *words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["metrics"]
    expected = json.loads((GOLDEN / "top30_reference_values.json").read_text())
    assert found["w1m"]["value"] == pytest.approx(expected["w1m_full_sample"], rel=1e-5)
    for feature, value in expected["w1p_full_sample"].items():
        assert found[f"w1p_{feature}"]["value"] == pytest.approx(value, rel=1e-5)
    for i, value in enumerate(expected["w1efp_full_sample"]):
        assert found[f"w1efp_{i}"]["value"] == pytest.approx(value, rel=1e-5)
    assert (found["w1m"]["n_real"], found["w1m"]["n_fake"]) == (2000, 2000)
    assert all(0 < one["spread"] < one["value"] for one in found.values())
    assert found["w1m"]["floor"]["low"] < found["w1m"]["floor"]["mean"] < found["w1m"]["value"]


def test_a_file_that_cannot_be_read_ends_the_process_with_one_sentence(outsiders, files, tmp_path):
    done = outsiders.jetbench("evaluate", str(tmp_path / "none.h5"), "--reference", str(files[1]))
    assert (done.returncode, done.stdout) == (1, "")
    assert_one_sentence(done.stderr, "none.h5", "there is no such file")


def test_a_word_stands_for_many_metrics_and_what_does_not_apply_says_why(evaluate, tmp_path):
    files = [write(tmp_path / f"{kind}.npz", few(golden(kind))) for kind in ("fake", "real")]
    done = evaluate(*files, "-m", "standard", "--json", "--train", str(files[0]))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {"c2st_fast", "w1m", "w1p", "w1pt", "w1mult", "w1efp", "sliced", "novelty", "memorising"} <= set(
        document["metrics"]
    )
    assert document["metrics"]["novelty_copies"]["value"] == 1.0  # the generated file is its own training file
    skipped = {"cardinality", "cost", "marginals", "nll", "resolution"}
    skipped |= {"shower_energy", "shower_profiles", "shower_sparsity"}
    assert set(document["skipped"]) == skipped
    assert not any(name.endswith("_spread") for name in document["metrics"])


def test_files_without_names_are_compared_with_the_names_that_are_given(evaluate, files, tmp_path):
    bare = {name: array for name, array in golden("fake").items() if name != "feature_names"}
    fake = write(tmp_path / "bare.npz", bare)
    named = evaluate(*files, "-m", "w1m", "--json")
    given = evaluate(fake, files[1], "--features", "etarel, phirel,ptrel", "-m", "w1m", "--json")
    assert given.returncode == 0, given.stderr
    assert json.loads(given.stdout)["metrics"] == json.loads(named.stdout)["metrics"]


def test_features_in_another_order_are_put_in_order(evaluate, files, tmp_path):
    arrays = golden("fake")
    turned = {**arrays, "points": arrays["points"][:, :, ::-1], "feature_names": arrays["feature_names"][::-1]}
    done = evaluate(write(tmp_path / "turned.h5", turned), files[1], "-m", "w1m", "--json")
    named = evaluate(*files, "-m", "w1m", "--json")
    assert json.loads(done.stdout)["metrics"] == json.loads(named.stdout)["metrics"]


def test_a_dataset_by_name_is_a_reference_with_its_training_clouds(evaluate, files):
    done = evaluate(files[0], "pythia-top30@tiny", "-m", "w1p", "-m", "novelty", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["metrics"]
    assert found["w1p"]["n_real"] == 400
    assert found["novelty"]["value"] > 0.5


@pytest.mark.parametrize(("name", "spoil", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_bad_file_is_one_sentence(evaluate, files, tmp_path, name, spoil, sentence):
    spoil(tmp_path / name, golden("fake", 50))
    done = evaluate(tmp_path / name, files[1])
    assert done.returncode == 1
    assert done.stdout == ""
    assert_one_sentence(done.stderr, str(tmp_path / name), sentence)


def test_a_bad_reference_is_one_sentence_too(evaluate, files, tmp_path):
    name, spoil, sentence = BAD["truncated HDF5"]
    spoil(tmp_path / name, golden("real", 50))
    done = evaluate(files[0], tmp_path / name)
    assert done.returncode == 1
    assert_one_sentence(done.stderr, str(tmp_path / name), sentence)


def test_a_value_that_is_not_finite_is_one_sentence_with_the_place(evaluate, files, tmp_path):
    fake = write(tmp_path / "nan.npz", with_nan(golden("fake"), 1234))
    done = evaluate(fake, files[1])
    assert done.returncode == 1
    assert_one_sentence(done.stderr, str(fake), "not finite at row 1234, point 0, feature ptrel")


def test_features_under_other_names_than_those_of_the_reference_are_one_sentence(evaluate, files, tmp_path):
    arrays = {**golden("fake", 50), "feature_names": np.array(["deta", "dphi", "pt"], "S")}
    fake = write(tmp_path / "other.h5", arrays)
    done = evaluate(fake, files[1])
    assert done.returncode == 1
    assert_one_sentence(done.stderr, str(fake), "no feature", "etarel", "deta, dphi, pt")


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [("pythia-tpo30", "did you mean pythia-top30?"), ("pythia-top30@tinny", "did you mean tiny?")],
)
def test_a_mistyped_reference_is_answered_with_the_nearest_name(evaluate, files, reference, sentence):
    done = evaluate(files[0], reference)
    assert done.returncode == 2
    assert_one_sentence(done.stderr, sentence)
